"""How runs ended, their mode, and what they repeat, in the order in which runs are listed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from pal.service.v1 import shared_pb2 as shared

revision = "r0003"
down_revision = "r0002"

COLUMNS = """
ALTER TABLE runs ADD COLUMN outcome integer NOT NULL DEFAULT 0, ADD COLUMN mode integer NOT NULL DEFAULT 0,
  ADD COLUMN source text COLLATE "C" NOT NULL DEFAULT '';
"""
INDEXES = """
CREATE INDEX runs_by_outcome ON runs (outcome, accepted_ns, run_id) WHERE outcome <> 0;
CREATE INDEX runs_by_mode ON runs (mode, accepted_ns, run_id);
CREATE INDEX runs_by_source ON runs (source, accepted_ns, run_id) WHERE source <> '';
"""
PAGE = text("SELECT run_id, encoded FROM runs WHERE run_id > :after ORDER BY run_id LIMIT 5000")
FILL = text("UPDATE runs SET outcome = :outcome, mode = :mode, source = :source WHERE run_id = :run_id")


def upgrade() -> None:
    """Create the columns, fill them from the runs as they are kept, and create the indexes."""
    op.execute(COLUMNS)
    connection, after = op.get_bind(), ""
    while page := connection.execute(PAGE, {"after": after}).all():
        runs = [(run_id, shared.Run.FromString(bytes(encoded))) for run_id, encoded in page]
        rows = [
            {"run_id": run_id, "outcome": run.outcome, "mode": run.mode, "source": run.source_run_id}
            for run_id, run in runs
        ]
        connection.execute(FILL, rows)
        after = page[-1].run_id
    op.execute(INDEXES)
