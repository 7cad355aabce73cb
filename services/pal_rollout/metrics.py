"""Figures that a gate may ask for, read from the report on an agent and a runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from google.protobuf import duration_pb2

from pal.service.v1 import slo_pb2 as slo

Figure = Callable[[slo.SloReport], float | None]


def value_of(metric: str, report: slo.SloReport) -> float | None:
    """Return the figure called *metric*, in the unit of the contract; None when there are no data for it."""
    return METRICS[metric](report)


def burn_of(report: slo.SloReport, window_seconds: int) -> slo.BurnRate | None:
    """Return the burn rate over a stretch of time; None when it is not told."""
    return next((burn for burn in report.burn_rates if burn.window.seconds == window_seconds), None)


def _optional(name: str, report: slo.SloReport) -> float | None:
    return float(getattr(report, name)) if report.HasField(name) else None


def _quantile(name: str, place: int, report: slo.SloReport) -> float | None:
    found: Sequence[duration_pb2.Duration] = getattr(report, name)
    return found[place].seconds + found[place].nanos / 1e9 if len(found) > place else None


def _cost(report: slo.SloReport) -> float | None:
    return report.cost_per_success.nanos / 1e9 if report.HasField("cost_per_success") else None


def _burn(window_seconds: int, report: slo.SloReport) -> float | None:
    found = burn_of(report, window_seconds)
    return found.rate if found is not None and found.HasField("rate") else None


METRICS: Mapping[str, Figure] = {
    "success": partial(_optional, "success"),
    "success-lower": partial(_optional, "success_lower"),
    "completeness": partial(_optional, "completeness"),
    "budget-left": partial(_optional, "budget_left"),
    "p50": partial(_quantile, "latency", 0),
    "p95": partial(_quantile, "latency", 1),
    "p99": partial(_quantile, "latency", 2),
    "first-output-p95": partial(_quantile, "first_output", 1),
    "overhead-p95": partial(_quantile, "overhead", 1),
    "cost-per-success": _cost,
    "burn-5m": partial(_burn, 300),
    "burn-1h": partial(_burn, 3600),
    "burn-6h": partial(_burn, 6 * 3600),
    "burn-3d": partial(_burn, 3 * 86_400),
}
# Figures that are shares of 1; what is left of a budget may be below 0.
SHARES = frozenset({"success", "success-lower", "completeness", "budget-left"})
