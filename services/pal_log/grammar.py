"""The grammar of a run's log: what every complete log has to satisfy, whatever the runtime."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pal.v1 import run_event_pb2 as events
from pal_log.events import TYPES

Body = str | None

_OPENERS = {"model_call_started": "model", "tool_call_requested": "tool"}
_CLOSERS = {"model_call_finished": "model", "tool_call_finished": "tool"}


def violations(log: Iterable[events.RunEvent]) -> list[str]:
    """Return what breaks the grammar in the complete *log* of one run, in order; empty when nothing does.

    The rules: positions 1, 2, 3 without holes; one run id; ``run.accepted`` first and once; ``run.finished``
    last and once; a type that agrees with the body; every model and tool call opened once, closed once, and
    closed only after it was opened; a call that stays open is named in ``run.finished``, unless it waited for a person
    and was never sent; every stage begun once and
    ended once, and whatever belongs to it in between.
    """
    recorded = list(log)
    if not recorded:
        return ["the log is empty"]
    bodies = [event.WhichOneof("body") for event in recorded]
    return [
        *_envelopes(recorded, bodies),
        *_ends(recorded),
        *_calls(recorded, bodies),
        *_stages(recorded, bodies),
    ]


def _envelopes(log: list[events.RunEvent], bodies: list[Body]) -> Iterator[str]:
    run_id = log[0].run_id
    for position, (event, body) in enumerate(zip(log, bodies, strict=True), start=1):
        seq, name = event.seq, event.type
        if seq != position:
            yield f"seq {seq} stands where {position} belongs"
        if event.run_id != run_id:
            yield f"seq {seq} belongs to run {event.run_id}"
        if body and name != TYPES[body]:
            yield f"seq {seq} is named {name} but carries {body}"


def _ends(log: list[events.RunEvent]) -> Iterator[str]:
    types = [event.type for event in log]
    if types[0] != "run.accepted" or types.count("run.accepted") != 1:
        yield "run.accepted is not first and alone"
    if types[-1] != "run.finished" or types.count("run.finished") != 1:
        yield "run.finished is not last and alone"


def _calls(log: list[events.RunEvent], bodies: list[Body]) -> Iterator[str]:
    opened: set[tuple[str, str]] = set()
    closed: set[tuple[str, str]] = set()
    for event, body in zip(log, bodies, strict=True):
        if body in _OPENERS:
            call = (_OPENERS[body], getattr(event, body).call_id)
            if call in opened:
                yield f"seq {event.seq} opens {call[0]} call {call[1]} again"
            opened.add(call)
        elif body in _CLOSERS:
            call = (_CLOSERS[body], getattr(event, body).call_id)
            if call not in opened or call in closed:
                yield f"seq {event.seq} closes {call[0]} call {call[1]}, which is not open"
            closed.add(call)
    left = opened - closed
    if not left:
        return
    settled = {*log[-1].run_finished.unresolved_call_ids, *_never_sent(log)}
    for family, call_id in sorted(left):
        if call_id not in settled:
            yield f"{family} call {call_id} is neither closed nor named as unresolved"


def _never_sent(log: list[events.RunEvent]) -> set[str]:
    """Return the calls that waited for a person and were not sent: a run that ends then leaves them as they are."""
    asked = {event.input_requested.tool_call_id for event in log if event.HasField("input_requested")}
    return asked - {event.tool_call_dispatched.call_id for event in log if event.HasField("tool_call_dispatched")}


def _stages(log: list[events.RunEvent], bodies: list[Body]) -> Iterator[str]:
    going: set[str] = set()
    over: set[str] = set()
    for event, body in zip(log, bodies, strict=True):
        stage = event.stage_id
        if body == "stage_started":
            if stage in going | over:
                yield f"seq {event.seq} begins stage {stage} again"
            going.add(stage)
        elif stage and stage not in going:
            yield f"seq {event.seq} belongs to stage {stage}, which is not going on"
        if body == "stage_finished":
            going.discard(stage)
            over.add(stage)
    for stage in sorted(going):
        yield f"stage {stage} is not ended"
