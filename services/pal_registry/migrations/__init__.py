"""Migrations of the documents in PostgreSQL."""
