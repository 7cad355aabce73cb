"""What is left of events that are not in the database any more."""

from __future__ import annotations

from alembic import op

revision = "r0004"
down_revision = "r0003"

TABLES = """
CREATE TABLE stand_ins (
  position bigint PRIMARY KEY, run_id text COLLATE "C" NOT NULL, seq bigint NOT NULL, hash bytea NOT NULL
);
CREATE INDEX stand_ins_by_run ON stand_ins (run_id, seq);
CREATE TABLE deleted_runs (run_id text COLLATE "C" PRIMARY KEY, conversation text NOT NULL, encoded bytea NOT NULL);
CREATE INDEX deleted_runs_by_conversation ON deleted_runs (conversation, run_id) WHERE conversation <> '';
CREATE TABLE archived_runs (run_id text COLLATE "C" PRIMARY KEY, url text NOT NULL, encoded bytea NOT NULL);
CREATE INDEX archived_runs_by_url ON archived_runs (url);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)
