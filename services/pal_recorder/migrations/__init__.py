"""Migrations of the record in PostgreSQL."""
