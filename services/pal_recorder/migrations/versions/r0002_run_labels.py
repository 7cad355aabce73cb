"""Labels of runs, and open runs, in the order in which runs are listed."""

from __future__ import annotations

from alembic import op

revision = "r0002"
down_revision = "r0001"

TABLES = """
CREATE TABLE run_labels (
  key text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL, accepted_ns bigint NOT NULL,
  run_id text COLLATE "C" NOT NULL, PRIMARY KEY (key, value, accepted_ns, run_id)
);
INSERT INTO run_labels
  SELECT word.key, word.value, accepted_ns, run_id FROM runs, jsonb_each_text(runs.labels) AS word;
DROP INDEX runs_by_label;
DROP INDEX runs_by_state;
CREATE INDEX runs_open ON runs (accepted_ns, run_id) WHERE state <> 5;
"""


def upgrade() -> None:
    """Create the table and the index."""
    op.execute(TABLES)
