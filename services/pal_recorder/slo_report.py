"""What the rollups say: shares, quantiles, budgets; and whether an objective is met."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from google.protobuf import duration_pb2

from pal.service.v1 import slo_pb2 as slo
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_recorder.slo_histogram import counted, quantiles_ns

DEFAULT_OBJECTIVE, DEFAULT_LEAST_RUNS = 0.99, 20
BURN_WINDOWS_SECONDS = (300, 3600, 6 * 3600, 3 * 86400)
_SHARES = (0.5, 0.95, 0.99)
# Runs that end otherwise were stopped or refused, which says nothing of the runtime.
_BAD = (events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_LIMITED, events.RUN_OUTCOME_UNSPECIFIED)
# The 97.5 % quantile of the normal distribution.
_Z = 1.959963984540054


def report(
    who: tuple[int, str, str], totals: slo.SloRollup, burns: Sequence[Mapping[int, int]], objective: float, least: int
) -> slo.SloReport:
    """Return the report on *who* (mode, agent, runtime); *burns* are the outcomes in BURN_WINDOWS_SECONDS."""
    mode, agent, runtime = who
    good, runs, finished = succeeded(totals.outcomes), counting(totals.outcomes), sum(totals.outcomes.values())
    result = slo.SloReport(
        agent=agent,
        runtime=runtime,
        mode=mode,  # type: ignore[arg-type]
        totals=totals,
        counted=runs,
        latency=_durations(totals.latency),
        first_output=_durations(totals.first_output),
        overhead=_durations(totals.overhead),
        burn_rates=[_burn(width, burn, objective) for width, burn in zip(BURN_WINDOWS_SECONDS, burns, strict=True)],
        status=_status(good, runs, objective, least),
    )
    if runs:
        result.success, result.success_lower = good / runs, lower_bound(good, runs)
        result.budget_left = 1 - (1 - good / runs) / (1 - objective)
    if finished:
        result.completeness = totals.complete_runs / finished
    if good and totals.priced_runs:
        nanos = round(totals.cost_nanos / good)
        result.cost_per_success.CopyFrom(common.Money(currency_code=totals.currency_code, nanos=nanos))
    return result


def succeeded(outcomes: Mapping[int, int]) -> int:
    """Return the runs that succeeded."""
    return outcomes.get(events.RUN_OUTCOME_SUCCEEDED, 0)


def counting(outcomes: Mapping[int, int]) -> int:
    """Return the runs that count."""
    return succeeded(outcomes) + sum(outcomes.get(outcome, 0) for outcome in _BAD)


def lower_bound(good: int, runs: int) -> float:
    """Return the lower end of the 95 % interval of Wilson (1927) for *good* of *runs*.

    Raises:
        ZeroDivisionError: there are no runs.
    """
    share, square = good / runs, _Z * _Z
    middle = share + square / (2 * runs)
    spread = _Z * math.sqrt(share * (1 - share) / runs + square / (4 * runs * runs))
    return max((middle - spread) / (1 + square / runs), 0.0)


def _status(good: int, runs: int, objective: float, least: int) -> slo.SloStatus:
    if runs < least:
        return slo.SLO_STATUS_NO_DATA
    return slo.SLO_STATUS_MET if good / runs >= objective else slo.SLO_STATUS_MISSED


def _burn(width_seconds: int, outcomes: Mapping[int, int], objective: float) -> slo.BurnRate:
    runs = counting(outcomes)
    rate = slo.BurnRate(window=duration_pb2.Duration(seconds=width_seconds), runs=runs)
    if runs:
        rate.rate = (1 - succeeded(outcomes) / runs) / (1 - objective)
    return rate


def _durations(histogram: slo.DurationHistogram) -> Iterable[duration_pb2.Duration]:
    for nanoseconds in quantiles_ns(counted(histogram), _SHARES):
        yield duration_pb2.Duration(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)
