"""Routers that hold runs. Nobody misses them after a crash of the database: they say again that they are there."""

from __future__ import annotations

from alembic import op

revision = "r0006"
down_revision = "r0005"

TABLES = """
CREATE UNLOGGED TABLE holders (
  holder text PRIMARY KEY, beat bigint NOT NULL, gone boolean NOT NULL, seen_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLES)
