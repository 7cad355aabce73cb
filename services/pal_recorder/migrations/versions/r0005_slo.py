"""What finished runs add up to, and up to where they are counted."""

from __future__ import annotations

from alembic import op

revision = "r0005"
down_revision = "r0004"

TABLES = """
CREATE TABLE slo (
  width integer NOT NULL, start bigint NOT NULL, mode integer NOT NULL, agent text NOT NULL, runtime text NOT NULL,
  encoded bytea NOT NULL, PRIMARY KEY (width, start, mode, agent, runtime)
);
CREATE TABLE slo_position (position bigint NOT NULL);
INSERT INTO slo_position VALUES (0);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)
