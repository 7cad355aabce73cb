"""The grammar of a run's log."""

from __future__ import annotations

import pytest

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter
from pal_log.grammar import violations

WRITER = EventWriter("test")


def log(*bodies: dict[str, object]) -> list[events.RunEvent]:
    recorded = [WRITER.event("r1", common.EXECUTION_MODE_LIVE, 1, **body) for body in bodies]
    for seq, event in enumerate(recorded, start=1):
        event.seq = seq
    return recorded


ACCEPTED = {"run_accepted": events.RunAccepted()}
FINISHED = {"run_finished": events.RunFinished()}
OPENED = {"tool_call_requested": events.ToolCallRequested(call_id="m1.t1")}
CLOSED = {"tool_call_finished": events.ToolCallFinished(call_id="m1.t1")}


def test_a_complete_log_breaks_nothing() -> None:
    assert violations(log(ACCEPTED, OPENED, CLOSED, FINISHED)) == []


def test_an_open_call_that_is_named_breaks_nothing() -> None:
    finished = {"run_finished": events.RunFinished(unresolved_call_ids=["m1.t1"])}

    assert violations(log(ACCEPTED, OPENED, finished)) == []


@pytest.mark.parametrize(
    ("bodies", "problem"),
    [
        ([OPENED, CLOSED, FINISHED], "run.accepted is not first"),
        ([ACCEPTED, OPENED, CLOSED], "run.finished is not last"),
        ([ACCEPTED, FINISHED, FINISHED], "run.finished is not last and alone"),
        ([ACCEPTED, OPENED, FINISHED], "neither closed nor named"),
        ([ACCEPTED, CLOSED, FINISHED], "which is not open"),
        ([ACCEPTED, OPENED, OPENED, CLOSED, FINISHED], "again"),
        ([ACCEPTED, OPENED, CLOSED, CLOSED, FINISHED], "which is not open"),
    ],
)
def test_each_rule_is_seen_when_broken(bodies: list[dict[str, object]], problem: str) -> None:
    assert any(problem in violation for violation in violations(log(*bodies)))


def test_a_hole_is_seen() -> None:
    recorded = log(ACCEPTED, OPENED, CLOSED, FINISHED)
    del recorded[1]

    assert any("seq 3 stands where 2 belongs" in violation for violation in violations(recorded))


def test_a_foreign_event_is_seen() -> None:
    recorded = log(ACCEPTED, FINISHED)
    recorded[1].run_id = "r2"

    assert violations(recorded) == ["seq 2 belongs to run r2"]


BEGUN = {"stage_id": "a", "stage_started": events.StageStarted()}
ENDED = {"stage_id": "a", "stage_finished": events.StageFinished()}
OF_A = {"stage_id": "a", **OPENED}
CLOSED_IN_A = {"stage_id": "a", **CLOSED}
BESIDE = [{**BEGUN, "stage_id": "b"}, {**ENDED, "stage_id": "b"}]


def test_stages_that_overlap_break_nothing() -> None:
    begun, ended = BESIDE

    assert violations(log(ACCEPTED, BEGUN, begun, OF_A, CLOSED_IN_A, ENDED, ended, FINISHED)) == []


@pytest.mark.parametrize(
    ("bodies", "problem"),
    [
        ([BEGUN], "stage a is not ended"),
        ([ENDED], "seq 2 belongs to stage a, which is not going on"),
        ([OF_A, CLOSED], "seq 2 belongs to stage a, which is not going on"),
        ([OF_A, BEGUN, CLOSED_IN_A, ENDED], "seq 2 belongs to stage a, which is not going on"),
        ([BEGUN, OF_A, ENDED, CLOSED_IN_A], "seq 5 belongs to stage a, which is not going on"),
        ([BEGUN, BEGUN, ENDED], "seq 3 begins stage a again"),
        ([BEGUN, ENDED, BEGUN, ENDED], "seq 4 begins stage a again"),
        ([BEGUN, ENDED, ENDED], "seq 4 belongs to stage a, which is not going on"),
    ],
)
def test_each_rule_of_stages_is_seen_when_broken(bodies: list[dict[str, object]], problem: str) -> None:
    assert problem in violations(log(ACCEPTED, *bodies, FINISHED))


def test_an_empty_log_is_no_log() -> None:
    assert violations([]) == ["the log is empty"]
