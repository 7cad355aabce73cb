"""How long it took until a route was back: from the first failure or the order to the fifth success."""

from __future__ import annotations

from google.protobuf import duration_pb2, timestamp_pb2

from pal.v1 import gameday_pb2 as pb
from pal_gameday.evidence import SUCCEEDED, Evidence, RolledBack, Seen
from pal_gameday.plan import DEFAULT_ROLLBACK_SECONDS, RUNS_AFTER_ROLLBACK, seconds_of


def measured(seen: Evidence) -> list[pb.DrillRollback]:
    """Return every rollback of the drill as it was measured."""
    limit = seconds_of(seen.plan.spec.evidence.rollback_limit, DEFAULT_ROLLBACK_SECONDS)
    return [_measured(back, seen.runs, limit) for back in seen.rollbacks]


def _measured(back: RolledBack, runs: list[Seen], limit_seconds: float) -> pb.DrillRollback:
    own = [run for run in runs if run.agent == back.agent]
    free = [run for run in own if run.runtimes and not run.step.runs.runtime]
    failures = [
        run.ended_ns
        for run in free
        if run.runtimes[0] == back.left
        and run.finished.outcome != SUCCEEDED
        and back.switched_ns <= run.ended_ns < back.ordered_ns
    ]
    began_ns = min([back.ordered_ns, *failures])
    during = [run for run in free if not back.until_ns or run.accepted_ns < back.until_ns]
    after = [run for run in during if run.accepted_ns >= back.ordered_ns and run.runtimes[0] == back.back_on]
    successes = sorted(run.ended_ns for run in after if run.finished.outcome == SUCCEEDED)
    late = sum(run.runtimes[0] == back.left and run.accepted_ns > back.acknowledged_ns for run in during)
    rollback = pb.DrillRollback(step=back.step, agent=back.agent, left=back.left, back_on=back.back_on, late_runs=late)
    rollback.began_at.CopyFrom(stamp(began_ns))
    rollback.limit.CopyFrom(duration(int(limit_seconds * 1e9)))
    if len(successes) >= RUNS_AFTER_ROLLBACK:
        ended_ns = successes[RUNS_AFTER_ROLLBACK - 1]
        rollback.ended_at.CopyFrom(stamp(ended_ns))
        rollback.took.CopyFrom(duration(ended_ns - began_ns))
    return rollback


def stamp(nanos: int) -> timestamp_pb2.Timestamp:
    """Return a moment in nanoseconds since the epoch as a timestamp."""
    return timestamp_pb2.Timestamp(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)


def duration(nanos: int) -> duration_pb2.Duration:
    """Return a time in nanoseconds as a duration."""
    return duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)
