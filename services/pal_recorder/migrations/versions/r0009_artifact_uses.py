"""Which runs refer to which artifacts, and when each was put last."""

from __future__ import annotations

from alembic import op

revision = "r0009"
down_revision = "r0008"

# The runs of an archive may refer to any of the artifacts, so where there is one they all stay.
UPGRADE = """
ALTER TABLE artifacts ADD COLUMN put_ns bigint NOT NULL DEFAULT 0;
UPDATE artifacts SET put_ns = 9223372036854775807 WHERE EXISTS (SELECT FROM archived_runs);
CREATE TABLE artifact_uses (digest text, run_id text, PRIMARY KEY (digest, run_id));
CREATE INDEX artifact_uses_by_run ON artifact_uses (run_id);
INSERT INTO artifact_uses
SELECT DISTINCT found[1], run_id FROM events,
  regexp_matches(encode(encoded, 'escape'), 'artifact:(sha256:[0-9a-f]{64})', 'g') AS found
WHERE position('artifact:sha256:'::bytea IN encoded) > 0;
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(UPGRADE)
