"""Which of several registries leads: where it answers, and how often the lead has changed hands."""

from __future__ import annotations

from alembic import op

revision = "r0002"
down_revision = "r0001"

TABLES = """
CREATE TABLE leader (one boolean PRIMARY KEY CHECK (one), address text NOT NULL, term bigint NOT NULL);
INSERT INTO leader VALUES (true, '', 0);
"""


def upgrade() -> None:
    """Create the table and its one row."""
    op.execute(TABLES)
