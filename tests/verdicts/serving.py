"""Results of the record served to a shadow: how often there is one, and how often it is the wrong one."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator

from pal.v1 import run_event_pb2 as events
from pal_diff.terms import Log
from pal_tool_executor.replay import Missing, Source, Writes
from tests.verdicts.airline import trials
from tests.verdicts.report import Section, percent

# What a call of the shadow would be given; None for nothing. The truth is what the world gave to the same call.
Served = tuple[str | None, str]


def rates() -> Section:
    """Let each trial be the shadow of each other trial of its task."""
    section = Section(
        "Tool results served to a shadow",
        "Each trial as the shadow of each other trial of its task (300 ordered pairs). A call of the shadow is served "
        "from the record of the other by three keys; it is wrong when the world gave the same call another result in "
        "the run that really made it. The shipped key is that of the tool executor, run as it is.",
        ("Key", "Calls", "Served", "Wrong of the served"),
    )
    pairs = [pair for runs in trials().values() for pair in itertools.permutations(runs, 2)]
    wrong: dict[str, int] = {}
    for name, serve in (
        ("the order of calls of a tool", _by_order),
        ("tool and exact arguments", _by_arguments),
        ("arguments and digest of prior writes (shipped)", _shipped),
    ):
        served = [entry for source, shadow in pairs for entry in serve(source, shadow)]
        hits = [(given, truth) for given, truth in served if given is not None]
        wrong[name] = sum(given != truth for given, truth in hits)
        section.rows.append([name, len(served), percent(len(hits), len(served)), percent(wrong[name], len(hits))])
    order, exact, shipped = wrong.values()
    section.claim("the shipped key serves no wrong result", shipped, shipped == 0)
    section.claim("order alone and arguments alone do", f"{order} and {exact}", order > exact > 0)
    return section


def _calls(run: Log) -> Iterator[tuple[events.ToolCallRequested, str]]:
    ended = {
        event.tool_call_finished.call_id: event.tool_call_finished.result.text
        for event in run
        if event.HasField("tool_call_finished")
    }
    for event in run:
        if event.HasField("tool_call_requested"):
            yield event.tool_call_requested, ended[event.tool_call_requested.call_id]


def _by_order(source: Log, shadow: Log) -> Iterator[Served]:
    yield from _by_key(source, shadow, exact=False)


def _by_arguments(source: Log, shadow: Log) -> Iterator[Served]:
    yield from _by_key(source, shadow, exact=True)


def _by_key(source: Log, shadow: Log, *, exact: bool) -> Iterator[Served]:
    recorded: dict[tuple[str, str], list[str]] = defaultdict(list)
    used: Counter[tuple[str, str]] = Counter()
    for asked, result in _calls(source):
        recorded[asked.tool.name, asked.arguments_digest if exact else ""].append(result)
    for asked, truth in _calls(shadow):
        key = asked.tool.name, asked.arguments_digest if exact else ""
        found = recorded[key]
        yield (found[used[key]] if used[key] < len(found) else None), truth
        used[key] += 1


def _shipped(source: Log, shadow: Log) -> Iterator[Served]:
    record, writes = Source(source[0].run_id, source), Writes()
    for asked, truth in _calls(shadow):
        try:
            yield record.find(asked, writes).finished.result.text, truth
        except Missing:
            yield None, truth
        writes.add(asked)
