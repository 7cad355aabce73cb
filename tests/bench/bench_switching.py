"""What switching costs: failed runs, runs on the candidate after its rollback, and how long a rollback takes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import uvloop
from measure import percentile, report

sys.path.append(str(Path(__file__).parents[2]))

from tests.drills.switching import CANDIDATE, mesh, switched

ROUTERS = 3


async def main(runs: int, workers: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        async with mesh(Path(directory), ROUTERS) as running:
            outcome = await switched(running, runs, workers)
    rows: dict[str, float | int | str] = {
        "runs": runs,
        "runs a second": runs / outcome.seconds,
        "of them on the candidate": sum(run.runtime == CANDIDATE for run in outcome.began),
        "failed": sum(outcome.failed.values()),
        "began on the candidate after its rollback": len(outcome.late),
        "rollbacks": len(outcome.rollback_ms),
        **{f"rollback p{share}, ms": percentile(outcome.rollback_ms, share / 100) for share in (50, 95, 99)},
        "longest, ms": max(outcome.rollback_ms),
        **{f"failed: {what}": count for what, count in outcome.failed.most_common(5)},
    }
    report(f"a route that goes back and forth, {ROUTERS} routers, {workers} runs at a time", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=12, help="runs at a time")
    arguments = parser.parse_args()
    uvloop.run(main(arguments.runs, arguments.workers))
