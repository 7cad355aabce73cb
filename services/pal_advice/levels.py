"""How the runs on a runtime go, and what they cost, from reports of service levels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from pal.service.v1 import slo_pb2 as slo
from pal.v1 import advice_pb2 as advice
from pal.v1 import run_event_pb2 as events
from pal_advice.evidence import known, unknown

SOURCE = "GetSlo"
_BURNS = {300: "slo.burn_5m", 3600: "slo.burn_1h", 21_600: "slo.burn_6h", 259_200: "slo.burn_3d"}
_LEAST_RUNS = 20
_COST = "cost.over_best_percent"
_LEVELS = (*_BURNS.values(), "slo.budget_left_percent", "slo.trend_points")
_NO_DATA = "no agent has had enough live runs on it in 30 days to judge by; `pal slo` counts them"


def levels(
    runtime: str, month: Sequence[slo.SloReport], week: Sequence[slo.SloReport], now: datetime
) -> list[advice.AdviceEvidence]:
    """Return how live runs on *runtime* go, of the worst agent each, from reports of 30 and of 7 days.

    Agents with too few runs do not count. A stretch of time in which an agent had no run used up none of its budget.
    """
    mine = [report for report in month if report.runtime == runtime and report.status != slo.SLO_STATUS_NO_DATA]
    if not mine:
        return [unknown(name, _NO_DATA, SOURCE) for name in _LEVELS]
    found = [_worst(name, mine, _burn_over(seconds), now) for seconds, name in _BURNS.items()]
    found.append(_worst("slo.budget_left_percent", mine, lambda one: 100 * one.budget_left, now, least=True))
    return [*found, _trend(mine, week, now)]


def unavailable(problem: str) -> list[advice.AdviceEvidence]:
    """Return that nothing is known of levels and cost, for the *problem* with asking."""
    return [unknown(name, problem, SOURCE) for name in (*_LEVELS, _COST)]


def cost(runtime: str, month: Sequence[slo.SloReport], now: datetime) -> advice.AdviceEvidence:
    """Return how much more a success costs on *runtime* than on the best other one, of the worst agent."""
    priced = [one for one in month if one.status != slo.SLO_STATUS_NO_DATA and one.HasField("cost_per_success")]
    above: list[tuple[float, str]] = []
    for mine in (one for one in priced if one.runtime == runtime):
        own = mine.cost_per_success
        others = [
            (one.cost_per_success.nanos, one.runtime)
            for one in priced
            if one.agent == mine.agent
            and one.runtime != runtime
            and one.cost_per_success.currency_code == own.currency_code
        ]
        if others and min(others)[0] > 0:
            best, where = min(others)
            said = f"{mine.agent}: {_money(own.nanos)} {own.currency_code} against {_money(best)} on {where}"
            above.append((100 * (own.nanos / best - 1), said))
    if not above:
        return unknown(_COST, "no agent has enough priced live runs both on it and on another runtime", SOURCE)
    value, said = max(above)
    return known(_COST, value, said, SOURCE, now)


def _worst(
    name: str,
    reports: Iterable[slo.SloReport],
    value: Callable[[slo.SloReport], float],
    now: datetime,
    *,
    least: bool = False,
) -> advice.AdviceEvidence:
    worst = (min if least else max)(reports, key=value)
    return known(name, value(worst), f"{worst.agent}: {worst.counted} live runs in 30 days", SOURCE, now)


def _burn_over(seconds: int) -> Callable[[slo.SloReport], float]:
    return lambda report: next((burn.rate for burn in report.burn_rates if burn.window.seconds == seconds), 0.0)


def _trend(month: Sequence[slo.SloReport], week: Sequence[slo.SloReport], now: datetime) -> advice.AdviceEvidence:
    found: list[tuple[float, str]] = []
    for whole in month:
        newest = next((one for one in week if (one.agent, one.runtime) == (whole.agent, whole.runtime)), None)
        if newest is None or newest.counted < _LEAST_RUNS or whole.counted - newest.counted < _LEAST_RUNS:
            continue
        before = (_succeeded(whole) - _succeeded(newest)) / (whole.counted - newest.counted)
        now_share = _succeeded(newest) / newest.counted
        said = f"{whole.agent}: {100 * before:.1f} % before, {100 * now_share:.1f} % in the newest 7 days"
        found.append((100 * (before - now_share), said))
    if not found:
        remedy = f"no agent has {_LEAST_RUNS} live runs in the newest 7 days and as many in the days before"
        return unknown("slo.trend_points", remedy, SOURCE)
    value, said = max(found)
    return known("slo.trend_points", value, said, SOURCE, now)


def _succeeded(report: slo.SloReport) -> int:
    return report.totals.outcomes.get(events.RUN_OUTCOME_SUCCEEDED, 0)


def _money(nanos: int) -> str:
    return f"{nanos / 1e9:.6f}"
