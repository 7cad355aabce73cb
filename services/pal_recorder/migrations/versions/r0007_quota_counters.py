"""Counters of quotas."""

from __future__ import annotations

from alembic import op

revision = "r0007"
down_revision = "r0006"

TABLES = """
CREATE TABLE quota_counters (key text PRIMARY KEY COLLATE "C", encoded bytea NOT NULL);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLES)
