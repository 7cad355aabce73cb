"""Evidence of a runtime that nothing speaks against, for tests to change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pal.v1 import advice_pb2 as pb
from pal_advice.evidence import known
from pal_advice.judge import judge
from pal_advice.rules import shipped

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HEALTHY = {
    "conformance.failed_cases": 0.0,
    "upgrades.broke_percent": 10.0,
    "upgrades.measured": 10.0,
    "slo.burn_5m": 0.0,
    "slo.burn_1h": 0.2,
    "slo.burn_6h": 0.3,
    "slo.burn_3d": 0.4,
    "slo.budget_left_percent": 80.0,
    "slo.trend_points": -0.5,
    "cost.over_best_percent": 3.0,
    "advisories.count": 0.0,
    "advisories.unrated": 0.0,
    "advisories.worst": 0.0,
    "advisories.worst_unfixed": 0.0,
    "cadence.days_since_release": 12.0,
    "cadence.releases_per_year": 24.0,
    "licence.changed": 0.0,
    "certificate.fresh": 1.0,
    "certificate.days_left": 21.0,
    "standby.ready": 1.0,
    "standby.passed": 1.0,
}


def fact(measure: str, value: float, *, days_ago: float = 0.0) -> pb.AdviceEvidence:
    """Return that *measure* was *value* so many days ago."""
    return known(measure, value, "as measured", "a test", NOW - timedelta(days=days_ago))


def healthy(*without: str, **changed: float) -> list[pb.AdviceEvidence]:
    """Return evidence of a healthy runtime, *changed* (``slo__burn_1h=20``) and *without* some measures."""
    values = {**HEALTHY, **{name.replace("__", "."): value for name, value in changed.items()}}
    return [fact(measure, value) for measure, value in values.items() if measure not in without]


def advised(evidence: list[pb.AdviceEvidence], rules: pb.AdviceRules | None = None) -> pb.Advice:
    """Return what the shipped rules, or *rules*, make of *evidence*."""
    return judge(rules or shipped(), evidence, NOW)


def finding(advice: pb.Advice, rule: str) -> pb.AdviceFinding:
    """Return what *rule* came to."""
    return next(one for one in advice.findings if one.rule == rule)


def word(verdict: pb.AdviceVerdict) -> str:
    """Return a verdict as rules write it."""
    return pb.AdviceVerdict.Name(verdict).removeprefix("ADVICE_VERDICT_")
