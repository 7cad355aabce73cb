"""The stages of a plan: pieces of work that begin and end in the record, in an order that the host answers for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.opening import in_stage, stage_task
from pal_adapter_host.outbox import Outbox
from pal_adapter_host.output import files, outcome_of, output
from pal_adapter_host.runtime import Stage, Task, Workflow
from pal_adapter_host.seam import Grant
from pal_log.events import TYPES, stable_id
from pal_log.payload import content_text
from pal_log.plans import cycle, last_stages
from pal_rpc.errors import MeshError, failure

# Works on a task as the agent that a stage makes of the whole, and returns the final text.
Work = Callable[[agents.AgentDefinition, Task, str], Awaitable[str]]


class Stages:
    """The plan of one attempt on the way through its stages; without a plan there are none."""

    def __init__(
        self,
        request: rt.RuntimeServiceRunRequest,
        grant: Grant,
        outbox: Outbox,
        work: Work,
        failed: Callable[[Exception, str], MeshError],
    ) -> None:
        """Do the *work* of *request* stage by stage; *failed* is told which stage did and says what ends the run."""
        self._request = request
        self._plan = {stage.id: stage for stage in request.agent.spec.plan.stages}
        self._last = {stage.id for stage in last_stages(request.agent.spec.plan.stages)}
        self._grant = grant
        self._outbox = outbox
        self._work = work
        self._failed = failed
        self._begun: set[str] = set()
        # Those whose start is on its way to the record and whose end is not, in the order they were begun.
        self._going: dict[str, None] = {}
        self._handed_on: dict[str, common.Payload] = {}

    def __bool__(self) -> bool:
        """Tell whether there is a plan."""
        return bool(self._plan)

    async def run(self, engine: Workflow) -> str:
        """Have *engine* bring the stages into their order, and return the text of the last one."""
        if around := cycle(list(self._plan.values())):
            raise _unsound(f"goes round in a circle: {' after '.join(around)}")
        await engine.workflow([Stage(id=s.id, after=list(s.after)) for s in self._plan.values()], self._carry_out)
        self._grant.check()
        if left := self._plan.keys() - self._handed_on.keys():
            raise _broken(f"came back before stage {min(left)} was over")
        return "".join(content_text(self._handed_on[stage_id]) for stage_id in self._last)

    def left(self, error: MeshError) -> list[rt.RunFrame]:
        """Return the ends of the stages that were going when *error* ended the run."""
        culprit = error.metadata.get("stage", "")
        frames = []
        for stage_id in self._going:
            cause = error if stage_id == culprit or error.reason == _CANCELLED else _stopped(culprit)
            finished = events.StageFinished(outcome=outcome_of(cause), failure=failure(cause))
            frames.append(self._frame(stage_id, stage_finished=finished))
        self._going.clear()
        return frames

    async def _carry_out(self, stage_id: str) -> None:
        try:
            await self._begin(stage_id)
            stage = self._plan[stage_id]
            part = in_stage(self._request.agent.spec, stage, last=stage_id in self._last)
            after = self._after(stage_id)
            earlier = {name: content_text(self._handed_on[name]) for name in self._plan if name in after}
            text = await self._work(part, stage_task(self._request, part, stage, earlier), stage_id)
            self._grant.check(stage_id)
            await self._end(stage_id, output(part.output, text))
        except Exception as error:  # noqa: BLE001  the boundary to foreign code
            raise self._failed(error, stage_id) from None

    async def _begin(self, stage_id: str) -> None:
        self._grant.check()
        await self._grant.hold()
        if stage_id not in self._plan or stage_id in self._begun:
            raise _broken(f"began {stage_id}, which is no stage that waits to begin")
        if early := self._after(stage_id) - self._handed_on.keys():
            raise _broken(f"began stage {stage_id} before {min(early)} was over")
        self._begun.add(stage_id)
        started = events.StageStarted(attempt=int(self._grant.lease.epoch))
        await self._outbox.put([self._frame(stage_id, stage_started=started)])
        self._going[stage_id] = None

    async def _end(self, stage_id: str, handed_on: common.Payload) -> None:
        # Nothing of the stage may come after its end, whoever still holds its ports.
        self._grant.over(stage_id)
        finished = events.StageFinished(outcome=events.RUN_OUTCOME_SUCCEEDED, output=handed_on)
        # The file of the last stage is that of the run, which hands it over at its end.
        made = [] if stage_id in self._last else files(self._grant.run_id, handed_on, stage_id)
        await self._outbox.put([*made, self._frame(stage_id, stage_finished=finished)])
        del self._going[stage_id]
        self._handed_on[stage_id] = handed_on

    def _frame(self, stage_id: str, **body: Any) -> rt.RunFrame:
        type_ = TYPES[next(iter(body))]
        # Named by the stage: an attempt that comes this way again adds nothing to the record.
        event_id = stable_id(self._grant.run_id, type_, stage_id)
        return rt.RunFrame(event=events.RunEvent(event_id=event_id, type=type_, stage_id=stage_id, **body))

    def _after(self, stage_id: str) -> set[str]:
        return set(self._plan[stage_id].after)


_CANCELLED = reasons.ERROR_REASON_RUN_CANCELLED


def _stopped(culprit: str) -> MeshError:
    why = f"stage {culprit} failed" if culprit else "the run failed"
    return MeshError(_CANCELLED, f"the stage was stopped: {why}")


def _unsound(problem: str) -> MeshError:
    return MeshError(reasons.ERROR_REASON_INVALID_DOCUMENT, f"spec.plan.stages: {problem}", path="spec.plan.stages")


def _broken(what: str) -> MeshError:
    return MeshError(reasons.ERROR_REASON_RUNTIME_ERROR, f"the runtime broke the order of the plan: it {what}")
