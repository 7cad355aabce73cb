"""The figures of both runs as words, which terminal and page share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from google.protobuf import duration_pb2

from pal.v1 import comparison_pb2 as pb
from pal_cli.show import money, outcome_word, tokens, word

TIER_PREFIX, SUCCESS_PREFIX = "COMPARISON_TIER_", "SUCCESS_STATE_"


def figures(comparison: pb.Comparison) -> Iterator[tuple[str, str, str]]:
    """Yield a name and its value in A and in B."""
    for name, told in _FIGURES.items():
        yield name, told(comparison.a), told(comparison.b)


def _success(run: pb.ComparedRun) -> str:
    if not run.success:
        return f"not known ({run.success_by})"
    return f"{word(pb.SuccessState, run.success, SUCCESS_PREFIX)} ({run.success_by})"


def _time(split: pb.LatencySplit, part: duration_pb2.Duration) -> str:
    return f"{part.ToNanoseconds() / 1e6:,.1f} ms" if split.trusted else "-"


_FIGURES: dict[str, Callable[[pb.ComparedRun], str]] = {
    "run": lambda run: run.run_id,
    "agent": lambda run: f"{run.agent.name} {run.agent.version}",
    "runtime": lambda run: f"{run.runtime} {run.runtime_version}",
    "outcome": lambda run: outcome_word(run.outcome),
    "success": _success,
    "calls": lambda run: f"{run.model_calls} model, {run.tool_calls} tool",
    "tokens": lambda run: tokens(run.usage),
    "cost": lambda run: money(run.cost if run.HasField("cost") else None),
    "time: total": lambda run: _time(run.latency, run.latency.total),
    "time: model": lambda run: _time(run.latency, run.latency.model),
    "time: tool": lambda run: _time(run.latency, run.latency.tool),
    "time: runtime": lambda run: _time(run.latency, run.latency.runtime),
}


_AMOUNTS: dict[int, Callable[[pb.ComparedRun], int]] = {
    pb.COMPARISON_TIER_COST: lambda run: run.cost.nanos,
    pb.COMPARISON_TIER_LATENCY: lambda run: run.latency.total.ToNanoseconds(),
}


def tier_word(tier: pb.ComparisonTier) -> str:
    """Return a tier as a word."""
    return word(pb.ComparisonTier, tier, TIER_PREFIX)


def judged_word(entry: pb.TierDifference, comparison: pb.Comparison) -> str:
    """Return what a tier has come to."""
    if entry.tier in _AMOUNTS and entry.compared:
        a, b = (_AMOUNTS[entry.tier](run) for run in (comparison.a, comparison.b))
        return f"{b / a - 1:+.0%}" if a else "equal" if a == b else "more than nothing"
    if entry.hard:
        return f"{entry.hard} hard, {entry.soft} soft"
    if entry.soft:
        return f"{entry.soft} soft"
    return "equal" if entry.compared else "nothing to compare"
