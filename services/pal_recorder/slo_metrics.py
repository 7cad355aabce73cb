"""Finished runs as Prometheus counts them, from the start of the process on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_recorder.slo_fold import SloFold
from pal_recorder.slo_rollup import outcome_of
from pal_recorder.slo_timing import RunTiming
from pal_rpc.metrics import BUCKETS

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_WHOSE = ("agent", "runtime", "mode")


def count_runs(fold: SloFold, registry: CollectorRegistry) -> None:
    """Have *registry* count every run that *fold* counts."""
    from prometheus_client import Counter, Histogram

    runs = Counter("pal_runs", "Finished runs", [*_WHOSE, "outcome"], registry=registry)
    incomplete = Counter("pal_runs_incomplete", "Finished runs with calls of unknown end", _WHOSE, registry=registry)
    cost = Counter("pal_run_cost", "Cost of finished runs", [*_WHOSE, "currency"], registry=registry)
    times = {
        name: Histogram(name, text, _WHOSE, registry=registry, buckets=BUCKETS)
        for name, text in (
            ("pal_run_seconds", "Succeeded runs, without waiting for people"),
            ("pal_run_overhead_seconds", "Part of succeeded runs in which neither a model nor a tool was at work"),
            ("pal_run_first_output_seconds", "Time to the first message or artifact"),
        )
    }

    def count(run: RunTiming) -> None:
        finished = run.finished
        assert finished is not None
        whose = (run.agent, run.runtime, _word(common.ExecutionMode, run.mode, "EXECUTION_MODE_"))
        runs.labels(*whose, _word(events.RunOutcome, outcome_of(finished), "RUN_OUTCOME_")).inc()
        for lost in run.lost_on - {run.runtime}:
            runs.labels(run.agent, lost, whose[2], "failed").inc()
        incomplete.labels(*whose).inc(bool(finished.unresolved_call_ids))
        if finished.HasField("cost"):
            cost.labels(*whose, finished.cost.currency_code).inc(finished.cost.nanos / 1e9)
        if finished.outcome == events.RUN_OUTCOME_SUCCEEDED:
            times["pal_run_seconds"].labels(*whose).observe(run.latency_ns / 1e9)
            times["pal_run_overhead_seconds"].labels(*whose).observe(run.overhead_ns / 1e9)
        if run.first_output_ns is not None:
            times["pal_run_first_output_seconds"].labels(*whose).observe(run.first_output_ns / 1e9)

    fold.listen(count)


def _word(enum: object, number: int, prefix: str) -> str:
    name: str = enum.Name(number) if number in enum.values() else "unknown"  # type: ignore[attr-defined]
    return name.removeprefix(prefix).lower()
