"""The stages of a run, for people."""

from __future__ import annotations

from collections.abc import Iterable

from pal.v1 import run_event_pb2 as events
from pal_cli.show import outcome_word, seconds_between


def stages(log: Iterable[events.RunEvent]) -> list[list[str]]:
    """Return a row for each stage in *log*, in the order they began: its id, its milliseconds, how it ended."""
    began: dict[str, events.RunEvent] = {}
    ended: dict[str, events.RunEvent] = {}
    for event in log:
        match event.WhichOneof("body"):
            case "stage_started":
                began[event.stage_id] = event
            case "stage_finished":
                ended[event.stage_id] = event
            case _:
                pass
    return [_row(event, ended.get(stage)) for stage, event in began.items()]


def _row(began: events.RunEvent, ended: events.RunEvent | None) -> list[str]:
    if ended is None:
        return [began.stage_id, "", "not yet"]
    finished = ended.stage_finished
    why = f": {finished.failure.reason}" if finished.HasField("failure") else ""
    took = f"{seconds_between(began.recorded_at, ended.recorded_at) * 1000:.1f}"
    return [began.stage_id, took, f"{outcome_word(finished.outcome)}{why}"]
