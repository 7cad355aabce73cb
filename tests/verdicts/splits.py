"""One agent split into two lanes: the judge stays silent, and defects that are planted into a lane are found."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache

from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_diff.compare import brief, compare
from pal_diff.terms import Log
from pal_log.canonical import canonical_digest
from pal_log.payload import json_payload
from pal_verdict import planting
from pal_verdict.judge import Judge
from tests.verdicts.airline import terms, trials
from tests.verdicts.report import Section

SPLITS = 100
DRIFT, RUNTIME = pb.PAIR_KIND_DRIFT, pb.PAIR_KIND_RUNTIME
FAIL = pb.VERDICT_OUTCOME_FAIL
Triple = tuple[Log, Log, Log]


def triples(seed: int) -> list[Triple]:
    """Return A, A' and B of each task: three of its four trials, drawn by *seed*."""
    chance = random.Random(seed)
    found = [tuple(chance.sample(runs, 3)) for runs in trials().values()]
    chance.shuffle(found)
    return found  # type: ignore[return-value]


@cache
def _known(run_a: str, run_b: str, kind: pb.PairKind) -> pb.Comparison:
    runs = {run[0].run_id: run for four in trials().values() for run in four}
    return brief(compare(runs[run_a], runs[run_b], terms(), kind))


def compared(a: Log, b: Log, kind: pb.PairKind) -> pb.Comparison:
    """Return the comparison of two trials; each is made once."""
    return _known(a[0].run_id, b[0].run_id, kind)


def judged(seed: int) -> Judge:
    """Return a judge that has seen one split."""
    judge = Judge()
    for a, a_now, b in triples(seed):
        judge.add(compared(a, a_now, DRIFT))
        judge.add(compared(a_now, b, RUNTIME))
    judge.settle()
    return judge


def silence() -> Section:
    """Judge 100 splits of the agent against itself."""
    section = Section(
        "The agent against itself",
        f"Of the four trials of each task one stands for A, one for A' and one for the candidate B; {SPLITS} seeded "
        "draws of 25 triples. Whatever the judge finds is a false alarm.",
        ("Tier", "PASS", "FAIL", "INCONCLUSIVE", "NO_DATA"),
    )
    verdicts = [judged(seed) for seed in range(SPLITS)]
    said = [judge.verdict(pb.JudgeRates(sound=True)) for judge in verdicts]
    order = (pb.VERDICT_OUTCOME_PASS, FAIL, pb.VERDICT_OUTCOME_INCONCLUSIVE, pb.VERDICT_OUTCOME_NO_DATA)
    for place in range(8):
        outcomes = [verdict.tiers[place].outcome for verdict in said]
        name = pb.ComparisonTier.Name(said[0].tiers[place].tier).removeprefix("COMPARISON_TIER_").lower()
        section.rows.append([name, *(outcomes.count(outcome) for outcome in order)])
    quiet = sum(verdict.outcome != FAIL for verdict in said)
    section.claim("no FAIL in at least 95 of 100 splits", f"{quiet} of {SPLITS}", quiet >= 95)
    hard = sum(bool(judge.hard()) for judge in verdicts)
    section.claim("no hard finding in any split", f"{hard} splits with one", hard == 0)
    passed = sum(verdict.outcome == pb.VERDICT_OUTCOME_PASS for verdict in said)
    section.claim("25 pairs without cost and time are not a PASS", f"{passed} passes", passed == 0)
    return section


def planted() -> Section:
    """Plant defects into the lane of the candidate, in every split."""
    section = Section(
        "Planted defects",
        "The same splits with a defect in lane B. What counts at n = 1 is planted into the first pair that has a place "
        "for it, and the judge sees that pair alone; a changed value is planted into all runs of the lane.",
        ("Defect", "Pairs seen", "Found in splits"),
    )
    for name, plant in (
        ("an argument dropped from every call", without_argument),
        ("an argument of another type in every call", _every_call(_retype)),
        ("a write doubled", planting.doubled_effect),
    ):
        found = sum(_found_in_one_pair(seed, plant) for seed in range(SPLITS))
        section.rows.append([name, 1, f"{found} of {SPLITS}"])
        section.claim(f"{name} is found in every split at n = 1", f"{found} of {SPLITS}", found == SPLITS)
    found = sum(_value_found(seed) for seed in range(SPLITS))
    section.rows.append(["the value of a stable field changed in all runs", 25, f"{found} of {SPLITS}"])
    section.claim("a value changed in all runs is found in every split", f"{found} of {SPLITS}", found == SPLITS)
    return section


Planter = Callable[[Log], "list[events.RunEvent] | None"]


def _found_in_one_pair(seed: int, plant: Planter) -> bool:
    for _, a_now, b in triples(seed):
        faulty = plant(b)
        if faulty is None or not _tools(a_now) & _tools(b):
            continue
        judge = Judge()
        judge.add(brief(compare(a_now, faulty, terms())))
        return judge.verdict(pb.JudgeRates(sound=True)).outcome == FAIL
    return False


def _tools(run: Log) -> set[str]:
    return {event.tool_call_requested.tool.name for event in run if event.HasField("tool_call_requested")}


def _every_call(change: Callable[[dict[str, object]], None]) -> Planter:
    def plant(run: Log) -> list[events.RunEvent] | None:
        changed = [_changed(event, change) for event in run]
        return changed if any(one is not event for one, event in zip(changed, run, strict=True)) else None

    return plant


def _changed(event: events.RunEvent, change: Callable[[dict[str, object]], None]) -> events.RunEvent:
    if not event.HasField("tool_call_requested"):
        return event
    arguments = json.loads(event.tool_call_requested.arguments.json)
    if not arguments:
        return event
    change(arguments)
    copy = events.RunEvent.FromString(event.SerializeToString())
    copy.tool_call_requested.arguments.CopyFrom(json_payload(json.dumps(arguments)))
    copy.tool_call_requested.arguments_digest = canonical_digest(json.dumps(arguments))
    return copy


def _drop(arguments: dict[str, object]) -> None:
    arguments.pop(sorted(arguments)[0])


def _retype(arguments: dict[str, object]) -> None:
    name = sorted(arguments)[0]
    arguments[name] = {"value": arguments[name]} if isinstance(arguments[name], list) else [arguments[name]]


without_argument = _every_call(_drop)


@cache
def _known_dropped(run_a: str, run_b: str) -> pb.Comparison:
    runs = {run[0].run_id: run for four in trials().values() for run in four}
    return brief(compare(runs[run_a], without_argument(runs[run_b]) or runs[run_b], terms()))


def with_dropped(a: Log, b: Log) -> pb.Comparison:
    """Return the comparison of two trials, an argument dropped from every call of the second."""
    return _known_dropped(a[0].run_id, b[0].run_id)


_STABLE = ("get_reservation_details", "reservation_id")


def _value_found(seed: int) -> bool:
    tool, name = _STABLE
    judge = Judge()
    for a, a_now, b in triples(seed):
        judge.add(compared(a, a_now, DRIFT))
        judge.add(_known_changed(a_now[0].run_id, b[0].run_id))
    judge.settle()
    verdict = judge.verdict(pb.JudgeRates(sound=True))
    values = next(tier for tier in verdict.tiers if tier.tier == pb.COMPARISON_TIER_VALUES)
    return values.outcome == FAIL and f"{tool}/arguments/{name}" in values.reason


@cache
def _known_changed(run_a: str, run_b: str) -> pb.Comparison:
    tool, name = _STABLE

    def change(arguments: dict[str, object]) -> None:
        if name in arguments:
            arguments[name] = f"X{arguments[name]}"

    runs = {run[0].run_id: run for four in trials().values() for run in four}
    faulty = [
        _changed(event, change) if event.tool_call_requested.tool.name == tool else event for event in runs[run_b]
    ]
    return brief(compare(runs[run_a], faulty, terms()))
