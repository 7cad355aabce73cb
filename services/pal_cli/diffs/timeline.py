"""What was going on in a run, and when."""

from __future__ import annotations

from dataclasses import dataclass

from pal.v1 import run_event_pb2 as events
from pal_diff.terms import Log

MOST_BARS = 1500
_OPENS = {
    "model_call_started": "model",
    "tool_call_requested": "tool",
    "input_requested": "person",
    "stage_started": "stage",
}
_CLOSES = {
    "model_call_finished": "model",
    "tool_call_finished": "tool",
    "input_received": "person",
    "input_expired": "person",
    "stage_finished": "stage",
}


@dataclass
class Bar:
    """One thing that took time, in seconds from the first event."""

    kind: str
    label: str
    begin: float
    end: float
    seq: int


def bars(log: Log) -> tuple[list[Bar], float]:
    """Return what took time in *log*, at most `MOST_BARS`, and how long the run took."""
    found: list[Bar] = []
    going: dict[tuple[str, str], Bar] = {}
    start = _nanos(log[0]) if log else 0
    now = 0.0
    for event in log:
        now = max(now, (_nanos(event) - start) / 1e9)
        body = event.WhichOneof("body") or ""
        if kind := _OPENS.get(body):
            bar = Bar(kind, _label(event, body), now, now, event.seq)
            going[kind, _key(event, body)] = bar
            if len(found) < MOST_BARS:
                found.append(bar)
        elif (kind := _CLOSES.get(body)) and (opened := going.pop((kind, _key(event, body)), None)):
            opened.end = now
    for bar in going.values():
        bar.end = now
    return found, now


def _nanos(event: events.RunEvent) -> int:
    stamp = event.recorded_at if event.HasField("recorded_at") else event.occurred_at
    return stamp.seconds * 1_000_000_000 + stamp.nanos


def _key(event: events.RunEvent, body: str) -> str:
    message = getattr(event, body)
    return str(getattr(message, "call_id", "") or getattr(message, "input_id", "") or event.stage_id)


def _label(event: events.RunEvent, body: str) -> str:
    match body:
        case "model_call_started":
            return event.model_call_started.model or event.model_call_started.profile
        case "tool_call_requested":
            return event.tool_call_requested.tool.name
        case "input_requested":
            return "waits for a person"
        case _:
            return event.stage_id
