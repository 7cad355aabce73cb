"""Defects planted into the log of a run, as a faulty runtime would leave them behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pal.v1 import run_event_pb2 as events
from pal_diff.record import HARMLESS
from pal_diff.terms import Log
from pal_log.canonical import canonical_digest
from pal_log.payload import json_payload

# Returns the log with the defect, or None where the run has no place for it.
Planter = Callable[[Log], "list[events.RunEvent] | None"]


def dropped_field(log: Log) -> list[events.RunEvent] | None:
    """Leave out an argument of the first call that has one."""

    def drop(arguments: dict[str, Any]) -> bool:
        arguments.pop(next(iter(arguments)))
        return True

    return _changed(log, drop)


def wrong_type(log: Log) -> list[events.RunEvent] | None:
    """Give an argument of the first call that has one as a list instead."""

    def wrap(arguments: dict[str, Any]) -> bool:
        name = next(iter(arguments))
        value = arguments[name]
        arguments[name] = {"value": value} if isinstance(value, list) else [value]
        return True

    return _changed(log, wrap)


def extra_call(log: Log) -> list[events.RunEvent] | None:
    """Repeat the first call that reads, under a name that no tool has."""
    return _inserted(log, lambda asked: asked.effect_class in HARMLESS, "planted_tool")


def doubled_effect(log: Log) -> list[events.RunEvent] | None:
    """Repeat the first write that succeeded, at once."""
    done = {
        event.tool_call_finished.call_id
        for event in log
        if event.HasField("tool_call_finished")
        and event.tool_call_finished.outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED
    }
    return _inserted(log, lambda asked: asked.effect_class not in HARMLESS and asked.call_id in done, "")


def slower(log: Log, share: float = 0.1) -> list[events.RunEvent] | None:
    """Stretch all times by *share*; None where the log has none."""
    copies = [events.RunEvent.FromString(event.SerializeToString()) for event in log]
    stamps = [event.recorded_at if event.HasField("recorded_at") else event.occurred_at for event in copies]
    if not stamps or not stamps[0].seconds:
        return None
    start = stamps[0].ToNanoseconds()
    for stamp in stamps:
        stamp.FromNanoseconds(start + round((stamp.ToNanoseconds() - start) * (1 + share)))
    return copies


def _changed(log: Log, change: Callable[[dict[str, Any]], bool]) -> list[events.RunEvent] | None:
    for place, event in enumerate(log):
        if not event.HasField("tool_call_requested"):
            continue
        arguments = _arguments(event.tool_call_requested)
        if arguments and change(arguments):
            copy = events.RunEvent.FromString(event.SerializeToString())
            text = json.dumps(arguments)
            copy.tool_call_requested.arguments.CopyFrom(json_payload(text))
            copy.tool_call_requested.arguments_digest = canonical_digest(text)
            return [*log[:place], copy, *log[place + 1 :]]
    return None


def _arguments(asked: events.ToolCallRequested) -> dict[str, Any]:
    try:
        found = json.loads(asked.arguments.json or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _inserted(log: Log, fits: Callable[[events.ToolCallRequested], bool], tool: str) -> list[events.RunEvent] | None:
    asked = next(
        (e.tool_call_requested for e in log if e.HasField("tool_call_requested") and fits(e.tool_call_requested)), None
    )
    if asked is None:
        return None
    last = max(place for place, event in enumerate(log) if _call_of(event) == asked.call_id)
    added = list(_again(log, asked.call_id, tool))
    rest = [events.RunEvent.FromString(event.SerializeToString()) for event in log[last + 1 :]]
    found = [*log[: last + 1], *added, *rest]
    for place in range(last + 1, len(found)):
        found[place].seq = place + 1
    return found


def _again(log: Log, call_id: str, tool: str) -> Iterator[events.RunEvent]:
    for event in log:
        if _call_of(event) == call_id:
            copy = events.RunEvent.FromString(event.SerializeToString())
            body: Any = getattr(copy, str(copy.WhichOneof("body")))
            body.call_id = f"{call_id}.planted"
            if tool and copy.HasField("tool_call_requested"):
                body.tool.name = tool
            yield copy


def _call_of(event: events.RunEvent) -> str:
    body = event.WhichOneof("body")
    return getattr(event, body).call_id if body and body.startswith("tool_call_") else ""
