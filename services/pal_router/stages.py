"""Stages in the record: an adapter keeps to the plan, and every stage that began is ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError, failure

RULE = "stages keep to the plan"


class StageOrder:
    """What one attempt has said of the stages of its plan, from the first to the last."""

    def __init__(self, plan: agents.Plan) -> None:
        """Begin before the first stage of *plan*."""
        self._plan = {stage.id: stage for stage in plan.stages}
        self._going: set[str] = set()
        self._ended: set[str] = set()
        self._succeeded: set[str] = set()

    def problem(self, event: events.RunEvent) -> str:
        """Take in the next event; return what is wrong with it as to stages, or nothing."""
        stage, body = event.stage_id, event.WhichOneof("body")
        if not stage:
            return f"{event.type} names no stage" if event.type.startswith("stage.") else ""
        if stage not in self._plan:
            return f"{event.type} names {stage[:63]}, which is no stage of the plan"
        if body == "stage_started":
            return self._begin(stage)
        if stage not in self._going:
            return f"{event.type} belongs to stage {stage}, which is not going on"
        if body == "stage_finished":
            self._going.discard(stage)
            self._ended.add(stage)
            if event.stage_finished.outcome == events.RUN_OUTCOME_SUCCEEDED:
                self._succeeded.add(stage)
        return ""

    def missing(self, outcome: int) -> str:
        """Return what an attempt that ended with *outcome* lacks, or nothing."""
        left = [stage for stage in self._plan if stage not in self._succeeded]
        return f"it succeeded without stage {left[0]}" if left and outcome == events.RUN_OUTCOME_SUCCEEDED else ""

    def _begin(self, stage: str) -> str:
        if stage in self._going | self._ended:
            return f"stage {stage} began twice"
        if early := [name for name in self._plan[stage].after if name not in self._succeeded]:
            return f"stage {stage} began before {early[0]} was over"
        self._going.add(stage)
        return ""


def ends(
    going: Iterable[str], last: Sequence[events.RunEvent], outcome: int, why: common.Failure | None
) -> Mapping[str, events.StageFinished]:
    """Return the ends of the stages that are left open when a run ends with *outcome*, by stage.

    *going* are those in the record, *last* is what is recorded together with the end of the run.
    """
    left = dict.fromkeys(going)
    for event in last:
        if event.WhichOneof("body") == "stage_started":
            left[event.stage_id] = None
        elif event.WhichOneof("body") == "stage_finished":
            left.pop(event.stage_id, None)
    if outcome == events.RUN_OUTCOME_SUCCEEDED or why is None:
        outcome, why = events.RUN_OUTCOME_FAILED, failure(_never_ended())
    return {stage: events.StageFinished(outcome=outcome, failure=why) for stage in left}  # type: ignore[arg-type]


def _never_ended() -> MeshError:
    return MeshError(reasons.ERROR_REASON_ADAPTER_PROTOCOL, "the stage was not ended before the run", rule=RULE)
