"""What advice can rest on: the rules there are, and the measures that each is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A number that can be known about a runtime; *whole* ones are counts, and *unit* follows them in messages."""

    words: str
    unit: str = ""
    whole: bool = False


MEASURES: Mapping[str, Measure] = {
    "conformance.failed_cases": Measure("cases of the contract that the version in use fails", whole=True),
    "upgrades.broke_percent": Measure("share of measured upgrades after which something behaved otherwise", "%"),
    "upgrades.measured": Measure("upgrades that were measured", whole=True),
    "slo.burn_5m": Measure("burn rate of the error budget over 5 minutes, of the worst agent"),
    "slo.burn_1h": Measure("burn rate of the error budget over 1 hour, of the worst agent"),
    "slo.burn_6h": Measure("burn rate of the error budget over 6 hours, of the worst agent"),
    "slo.burn_3d": Measure("burn rate of the error budget over 3 days, of the worst agent"),
    "slo.budget_left_percent": Measure("error budget of 30 days that is left, of the worst agent", "%"),
    "slo.trend_points": Measure("points of success lost in the newest 7 days against the days before", "points"),
    "cost.over_best_percent": Measure("cost per success above that of the best alternative, of the worst agent", "%"),
    "advisories.count": Measure("advisories that affect the version in use", whole=True),
    "advisories.unrated": Measure("those of them that state no severity", whole=True),
    "advisories.worst": Measure("CVSS score of the worst of them"),
    "advisories.worst_unfixed": Measure("CVSS score of the worst of them that no release fixes"),
    "cadence.days_since_release": Measure("days since the newest release", "days"),
    "cadence.releases_per_year": Measure("releases in the newest 365 days", whole=True),
    "licence.changed": Measure("whether the licence is another than before the version in use", whole=True),
    "certificate.fresh": Measure("certificates of passed drills with the runtime that can be believed", whole=True),
    "certificate.days_left": Measure("days until the last of them expires", "days"),
    "standby.able": Measure(
        "other runtimes that take runs and can carry out every agent that uses this one", whole=True
    ),
    "standby.ready": Measure("those of them that a fresh certificate names", whole=True),
    "standby.passed": Measure("those of them that have a PASS for every such agent", whole=True),
}
RULES = tuple(dict.fromkeys(name.partition(".")[0] for name in MEASURES))


def rule_of(measure: str) -> str:
    """Return the rule that *measure* belongs to."""
    return measure.partition(".")[0]


def shown(measure: str, value: float) -> str:
    """Return *value* as people read it."""
    unit = MEASURES[measure].unit
    number = f"{value:.0f}" if MEASURES[measure].whole else f"{value:.10g}" if abs(value) >= 1e9 else f"{value:.4g}"
    return f"{number} {unit}".rstrip()
