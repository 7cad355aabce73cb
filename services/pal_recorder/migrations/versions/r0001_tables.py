"""The record: events, runs, checkpoints, artifacts, spans."""

from __future__ import annotations

from alembic import op

revision = "r0001"
down_revision = None

TABLES = """
CREATE TABLE events (
  position bigint PRIMARY KEY, run_id text COLLATE "C" NOT NULL, seq bigint NOT NULL,
  event_id text NOT NULL, type text COLLATE "C" NOT NULL, hash bytea NOT NULL, encoded bytea NOT NULL
);
CREATE UNIQUE INDEX events_by_run ON events (run_id, seq);
CREATE TABLE runs (
  run_id text COLLATE "C" PRIMARY KEY, accepted_ns bigint NOT NULL, state integer NOT NULL, agent text NOT NULL,
  conversation text NOT NULL, runtime text NOT NULL, labels jsonb NOT NULL, encoded bytea NOT NULL
);
CREATE INDEX runs_by_time ON runs (accepted_ns, run_id);
CREATE INDEX runs_by_agent ON runs (agent, accepted_ns, run_id);
CREATE INDEX runs_by_runtime ON runs (runtime, accepted_ns, run_id);
CREATE INDEX runs_by_conversation ON runs (conversation, accepted_ns, run_id) WHERE conversation <> '';
CREATE INDEX runs_by_state ON runs (state, accepted_ns, run_id);
CREATE INDEX runs_by_label ON runs USING gin (labels jsonb_path_ops);
CREATE TABLE checkpoints (number bigint PRIMARY KEY, encoded bytea NOT NULL);
CREATE TABLE artifacts (digest text PRIMARY KEY, media_type text NOT NULL, size_bytes bigint NOT NULL);
CREATE TABLE artifact_pieces (
  digest text NOT NULL REFERENCES artifacts, number integer NOT NULL, content bytea NOT NULL,
  PRIMARY KEY (digest, number)
);
CREATE TABLE spans (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id text COLLATE "C" NOT NULL, encoded bytea NOT NULL
);
CREATE INDEX spans_by_run ON spans (run_id, key);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)
