"""What would change a verdict: the smallest change of evidence, found by judging anew with other values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from pal.v1 import advice_pb2 as pb
from pal_advice.deciding import Values, bounds_of, contradictory, holds, measures_of, missing, verdict_of
from pal_advice.measures import MEASURES, shown

Wanted = Callable[[pb.AdviceVerdict], bool]
# Rules with many measures have more changes than anybody waits for; the rest is then not looked at.
_MOST_TRIED = 5_000
# What a measure that nobody knows is away from any value.
_UNKNOWN_DISTANCE = 1.0


def milder(rule: pb.AdviceRule, values: Values) -> pb.AdviceChange | None:
    """Return the smallest change of *values* after which *rule* gives a milder verdict; None when there is none."""
    verdict = verdict_of(rule, values)
    held = [condition for condition in rule.conditions if holds(condition, values)]
    doubtful = {*missing(rule, values), *contradictory(rule, values)}
    concerned = [name for name in measures_of(rule) if name in doubtful or any(_names(one, name) for one in held)]
    return _smallest(rule, values, concerned, lambda found: found < verdict)


def severer(rule: pb.AdviceRule, values: Values, verdict: pb.AdviceVerdict) -> pb.AdviceChange | None:
    """Return the smallest change of *values* after which *rule* is severer than *verdict*; None when there is none."""
    found = [
        change
        for condition in rule.conditions
        if condition.then > verdict
        and (
            change := _smallest(
                rule, values, list(dict.fromkeys(bound.measure for bound in condition.when)), lambda one: one > verdict
            )
        )
    ]
    return min(found, key=size_of, default=None)


def _smallest(rule: pb.AdviceRule, values: Values, measures: Sequence[str], wanted: Wanted) -> pb.AdviceChange | None:
    """Return the smallest change of *measures*: fewest of them first, then the least relative distance."""
    targets = {name: [at for at in _targets(rule, name) if list(values.get(name, ())) != [at]] for name in measures}
    left = _MOST_TRIED
    for count in range(1, len(measures) + 1):
        shifts = list(itertools.islice(_shifts(targets, count), left))
        left -= len(shifts)
        found = [
            (sum(_distance(values, name, target) for name, target in shift.items()), shift, verdict)
            for shift in shifts
            if wanted(verdict := verdict_of(rule, {**values, **{name: [at] for name, at in shift.items()}}))
        ]
        if found:
            _, shift, verdict = min(found, key=lambda one: one[0])
            return pb.AdviceChange(
                verdict=verdict, shifts=[_shift(rule, values, name, at) for name, at in shift.items()]
            )
    return None


def _names(condition: pb.AdviceCondition, measure: str) -> bool:
    return any(bound.measure == measure for bound in condition.when)


def size_of(change: pb.AdviceChange) -> tuple[int, float]:
    """Return how large *change* is, to compare it with others: measures, then the relative distance."""
    away = [
        _away(shift.wanted, shift.value) if shift.HasField("value") else _UNKNOWN_DISTANCE for shift in change.shifts
    ]
    return len(away), sum(away)


def _shifts(targets: Mapping[str, Sequence[float]], count: int) -> Iterator[Mapping[str, float]]:
    for chosen in itertools.combinations(targets, count):
        for combination in itertools.product(*(targets[name] for name in chosen)):
            yield dict(zip(chosen, combination, strict=True))


def _targets(rule: pb.AdviceRule, measure: str) -> list[float]:
    """Return the values at which what *rule* makes of *measure* turns, on both sides."""
    found: set[float] = set()
    for bound in bounds_of(rule, measure):
        if bound.HasField("at_least"):
            found |= {bound.at_least, _beside(measure, bound.at_least, -1)}
        if bound.HasField("at_most"):
            found |= {bound.at_most, _beside(measure, bound.at_most, 1)}
    return sorted(found)


def _beside(measure: str, value: float, direction: int) -> float:
    if MEASURES[measure].whole:
        return math.ceil(value) - 1 if direction < 0 else math.floor(value) + 1
    return math.nextafter(value, direction * math.inf)


def _distance(values: Values, measure: str, target: float) -> float:
    now = values.get(measure, ())
    if not now:
        return _UNKNOWN_DISTANCE
    return max(_away(target, value) for value in now)


def _away(target: float, value: float) -> float:
    return abs(target - value) / max(abs(target), abs(value), 1.0)


def _shift(rule: pb.AdviceRule, values: Values, measure: str, target: float) -> pb.AdviceShift:
    now = sorted(set(values.get(measure, ())))
    stands = f"it is {' and '.join(shown(measure, value) for value in now)}" if now else "it is not known"
    wanted, words = _aim(rule, measure, target)
    beyond = wanted != target
    wanted_words = f"{words} {shown(measure, wanted)}" if beyond else f"{shown(measure, wanted)} {words}"
    made = pb.AdviceShift(measure=measure, wanted=wanted, beyond=beyond, text=f"{measure} {wanted_words} ({stands})")
    if len(now) == 1:
        made.value = now[0]
    return made


def _aim(rule: pb.AdviceRule, measure: str, target: float) -> tuple[float, str]:
    """Return the bound that *target* stands for, and the word for the side of it; counts stand for themselves."""
    for bound in bounds_of(rule, measure):
        if bound.HasField("at_least"):
            if target == bound.at_least:
                return target, "or more"
            if target == _beside(measure, bound.at_least, -1):
                return (target, "or less") if MEASURES[measure].whole else (bound.at_least, "below")
        if bound.HasField("at_most"):
            if target == bound.at_most:
                return target, "or less"
            if target == _beside(measure, bound.at_most, 1):
                return (target, "or more") if MEASURES[measure].whole else (bound.at_most, "above")
    raise AssertionError(f"{target} is not beside a bound of {measure}")
