"""What a rule comes to, by values alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pal.v1 import advice_pb2 as pb

# The values of each measure that count: none when it is not known, several when the evidence contradicts itself.
Values = Mapping[str, Sequence[float]]


def measures_of(rule: pb.AdviceRule) -> list[str]:
    """Return the measures that *rule* names, each once."""
    return list(dict.fromkeys(bound.measure for condition in rule.conditions for bound in condition.when))


def bounds_of(rule: pb.AdviceRule, measure: str) -> Iterable[pb.AdviceBound]:
    """Return what *rule* asks of *measure*."""
    return [bound for condition in rule.conditions for bound in condition.when if bound.measure == measure]


def holds(condition: pb.AdviceCondition, values: Values) -> bool:
    """Tell whether every bound of *condition* holds; where the evidence contradicts itself the worse value counts."""
    return all(any(_within(bound, value) for value in values.get(bound.measure, ())) for bound in condition.when)


def contradictory(rule: pb.AdviceRule, values: Values) -> list[str]:
    """Return the measures of *rule* that have more than one value."""
    return [measure for measure in measures_of(rule) if len(set(values.get(measure, ()))) > 1]


def missing(rule: pb.AdviceRule, values: Values) -> list[str]:
    """Return the measures of *rule* that are not known."""
    return [measure for measure in measures_of(rule) if not values.get(measure)]


def verdict_of(rule: pb.AdviceRule, values: Values) -> pb.AdviceVerdict:
    """Return what *rule* comes to: the severest of what holds, and WATCH at best when something is not known."""
    found = [condition.then for condition in rule.conditions if holds(condition, values)]
    if missing(rule, values) or contradictory(rule, values):
        found.append(pb.ADVICE_VERDICT_WATCH)
    return max(found, default=pb.ADVICE_VERDICT_MAY_STAY)


def _within(bound: pb.AdviceBound, value: float) -> bool:
    return (not bound.HasField("at_least") or value >= bound.at_least) and (
        not bound.HasField("at_most") or value <= bound.at_most
    )
