"""Breakers that a router has opened, for the others on the same database."""

from __future__ import annotations

from alembic import op

revision = "r0008"
down_revision = "r0007"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE holders ADD COLUMN opened bytea NOT NULL DEFAULT ''")
