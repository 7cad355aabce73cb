"""What is seen of a run does not depend on which of two racing stages was the faster."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_conformance.observation import shape
from pal_conformance.play import Play
from pal_conformance.record import RunRecord
from pal_conformance.run import Run
from pal_conformance.script import Script

PLAN = agents.Plan(stages=[agents.PlanStage(id="left"), agents.PlanStage(id="right")])
REQUEST = rt.RuntimeServiceRunRequest(agent=agents.AgentSpec(spec=agents.AgentDefinition(plan=PLAN)))
RESULT = rt.RunFrame(result=rt.RuntimeResult(outcome=events.RUN_OUTCOME_SUCCEEDED))


class Unread:
    def __aiter__(self) -> AsyncIterator[rt.RuntimeServiceRunResponse]:
        raise AssertionError("nobody reads it")

    def cancel(self) -> bool:
        return False


def stage(name: str) -> list[rt.RunFrame]:
    said = events.MessageAdded(message_id=f"message of {name}", parts=[common.Payload(text=name)])
    sent = [
        events.RunEvent(type="message.added", stage_id=name, message_added=said),
        events.RunEvent(type="stage.finished", stage_id=name, stage_finished=events.StageFinished()),
    ]
    live = shared.LiveOutput(message_id=said.message_id, text=name)
    return [rt.RunFrame(live_output=live), *(rt.RunFrame(event=event) for event in sent)]


def seen(frames: list[rt.RunFrame]) -> list[list[str]]:
    run = Run(Unread(), REQUEST, Play(script=Script(), lease=shared.RunLease(), record=RunRecord("run")))
    run.frames = [*frames, RESULT]
    return shape(run)


def test_either_of_two_stages_may_be_the_faster() -> None:
    left, right = stage("left"), stage("right")

    one_by_one = seen([*left, *right])

    assert one_by_one == seen([*right, *left])
    assert one_by_one == seen([frame for both in zip(left, right, strict=True) for frame in both])
    assert [word for word, *_ in one_by_one] == [*("live", "message.added", "stage.finished") * 2, "result"]
