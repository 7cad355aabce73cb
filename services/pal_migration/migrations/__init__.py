"""Migrations of what the migration service keeps in PostgreSQL."""
