"""Documents, and the revisions of routes."""

from __future__ import annotations

from alembic import op

revision = "r0001"
down_revision = None

TABLES = """
CREATE TABLE documents (
  kind integer NOT NULL, namespace text NOT NULL, name text NOT NULL, version text NOT NULL, encoded bytea NOT NULL,
  PRIMARY KEY (kind, namespace, name, version)
);
CREATE TABLE routes (
  agent text NOT NULL, version_range text NOT NULL, revision bigint NOT NULL, encoded bytea NOT NULL,
  PRIMARY KEY (agent, version_range, revision)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)
