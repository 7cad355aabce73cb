"""The rules in common use on the same splits: how often each raises an alarm when nothing has changed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pal.v1 import comparison_pb2 as pb
from pal_diff.terms import Log
from pal_verdict.judge import Judge
from tests.verdicts.airline import rewarded, trials
from tests.verdicts.report import Section, percent
from tests.verdicts.splits import (
    DRIFT,
    FAIL,
    RUNTIME,
    SPLITS,
    Triple,
    compared,
    triples,
    with_dropped,
    without_argument,
)


def false_alarms() -> Section:
    """Count the splits of the agent against itself in which each rule raises an alarm."""
    section = Section(
        "False alarms of the usual rules",
        "The splits of above, 25 tasks each, and the same with an argument dropped from every call of B. *Any "
        "difference of the sequence*: the names of the tools called, in order. "
        "*Diffy*: a field differs more often between A' and B than between A and A', by more than 20 % of the sum and "
        "0.03 % of the pairs, its defaults. *Five points worse*: the success of B lies 5 points or more below that of "
        "A'. *Kayenta*: its Mann-Whitney classifier (98 % interval of the Hodges-Lehmann estimate, tolerance a quarter "
        "of it, either direction) on success, tool calls, model answers and refused calls of a run.",
        ("Rule", "Alarms on an identical agent", "Alarms when an argument is dropped"),
    )
    rules = {
        "any difference of the sequence": _sequences,
        "Diffy, default thresholds": _diffy,
        "five points worse": _points,
        "Mann-Whitney with Kayenta's tolerance": _kayenta,
        "pal verdict": _judge,
    }
    same, faulty = ([_split(seed, drop) for seed in range(SPLITS)] for drop in (False, True))
    alarms = {name: sum(map(rule, same)) for name, rule in rules.items()}
    for name, rule in rules.items():
        section.rows.append([name, percent(alarms[name], SPLITS, 0), percent(sum(map(rule, faulty)), SPLITS, 0)])
    paired = sum(_worse_of(50, seed) for seed in range(1000))
    section.rows.append(["five points worse, 50 pairs of random tasks, 1,000 draws", percent(paired, 1000, 0), "-"])
    mine = alarms.pop("pal verdict")
    alarms.pop("Mann-Whitney with Kayenta's tolerance")
    section.claim("the verdict raises an alarm in at most 5 of 100 splits", mine, mine <= 5)
    least = min(alarms.values())
    section.claim("the first three rules raise more", f"the least of them {least}", least > mine)
    found = sum(map(_judge, faulty))
    section.claim("the verdict finds the dropped argument in every split", found, found == SPLITS)
    return section


@dataclass(frozen=True)
class Split:
    """Triples of runs, and their comparisons: the noise of A and A', and what A' and B show."""

    drawn: list[Triple]
    noise: list[pb.Comparison]
    raw: list[pb.Comparison]


def _split(seed: int, drop: bool) -> Split:
    drawn = triples(seed)
    noise = [compared(a, a_now, DRIFT) for a, a_now, _ in drawn]
    if not drop:
        return Split(drawn, noise, [compared(a_now, b, RUNTIME) for _, a_now, b in drawn])
    faulty = [(a, a_now, without_argument(b) or b) for a, a_now, b in drawn]
    return Split(faulty, noise, [with_dropped(a_now, b) for _, a_now, b in drawn])


def _judge(split: Split) -> bool:
    judge = Judge()
    for noise, raw in zip(split.noise, split.raw, strict=True):
        judge.add(noise)
        judge.add(raw)
    judge.settle()
    return judge.verdict(pb.JudgeRates(sound=True)).outcome == FAIL


def _sequences(split: Split) -> bool:
    return any(_names(a_now) != _names(b) for _, a_now, b in split.drawn)


def _names(run: Log) -> list[str]:
    return [event.tool_call_requested.tool.name for event in run if event.HasField("tool_call_requested")]


def _diffy(split: Split) -> bool:
    """Apply DifferencesFilterFactory of Diffy to the fields of all calls."""
    raw: dict[str, int] = {}
    noise: dict[str, int] = {}
    for counts, pairs in ((noise, split.noise), (raw, split.raw)):
        for found in pairs:
            for tally in found.fields:
                counts[tally.field] = counts.get(tally.field, 0) + (tally.differing > 0)
    return any(
        count > (other := noise.get(field, 0))
        and (count - other) / (count + other) * 100 > 20.0
        and (count - other) / len(split.drawn) * 100 > 0.03
        for field, count in raw.items()
    )


def _points(split: Split) -> bool:
    return _worse([bool(rewarded(a)) for _, a, _ in split.drawn], [bool(rewarded(b)) for *_, b in split.drawn])


def _worse_of(pairs: int, seed: int) -> bool:
    chance = random.Random(seed)
    drawn = [chance.sample(chance.choice(list(trials().values())), 2) for _ in range(pairs)]
    return _worse([bool(rewarded(a)) for a, _ in drawn], [bool(rewarded(b)) for _, b in drawn])


def _worse(a: Sequence[bool], b: Sequence[bool]) -> bool:
    return sum(a) / len(a) - sum(b) / len(b) >= 0.05


def _kayenta(split: Split) -> bool:
    control, experiment = ([_metrics(run[lane]) for run in split.drawn] for lane in (1, 2))
    return any(
        _classified([row[place] for row in control], [row[place] for row in experiment])
        for place in range(len(control[0]))
    )


def _metrics(run: Log) -> tuple[float, ...]:
    bodies = [event.WhichOneof("body") for event in run]
    refused = sum(bool(event.tool_call_finished.failure.reason) for event in run)
    return (
        float(bool(rewarded(run))),
        float(bodies.count("tool_call_requested")),
        float(bodies.count("model_call_finished")),
        float(refused),
    )


def _classified(control: Sequence[float], experiment: Sequence[float], level: float = 0.98) -> bool:
    """Classify as Kayenta's MannWhitneyClassifier does: the interval of the shift beyond a quarter of its estimate."""
    if sorted(control) == sorted(experiment):
        return False
    n, m = len(experiment), len(control)
    shifts = np.sort(np.subtract.outer(np.array(experiment), np.array(control)).ravel())
    spread = stats.norm.ppf(1 - (1 - level) / 2) * np.sqrt(n * m * (n + m + 1) / 12)
    rank = max(int(np.floor(n * m / 2 - spread)), 0)
    low, high, bound = shifts[rank], shifts[-1 - rank], 0.25 * abs(float(np.median(shifts)))
    ratio = np.mean(experiment) / np.mean(control) if np.mean(control) else 1.0
    return bool((low > bound and ratio >= 1.0) or (high < -bound and ratio <= 1.0))
