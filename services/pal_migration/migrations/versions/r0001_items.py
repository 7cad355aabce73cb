"""Shadows, their samples and comparisons, verdicts, and the place in the record."""

from __future__ import annotations

from alembic import op

revision = "r0001"
down_revision = None

TABLE = """
CREATE TABLE migration_items (
  kind text NOT NULL, key text COLLATE "C" NOT NULL, encoded bytea NOT NULL, PRIMARY KEY (kind, key)
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLE)
