"""One attempt of a run: the runtime at work, its end, and being taken away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress

from pal.service.v1 import llm_provider_service_pb2_grpc as llm_rpc
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import tool_executor_service_pb2_grpc as tool_rpc
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import error_reason_pb2 as reasons
from pal_adapter_host.dialogue import Dialogue
from pal_adapter_host.model_port import SeamModelPort
from pal_adapter_host.opening import task
from pal_adapter_host.outbox import Outbox
from pal_adapter_host.output import ended, succeeded, suspended
from pal_adapter_host.runtime import Ports, Runtime, Task, Workflow
from pal_adapter_host.seam import Grant
from pal_adapter_host.spans import AttemptSpan
from pal_adapter_host.stages import Stages
from pal_adapter_host.tool_port import SeamToolPort
from pal_log.events import new_id
from pal_rpc.errors import MeshError

log = logging.getLogger("pal.adapter")

# A runtime that does not let go within this time is left behind: its ports are closed, so it can do nothing more.
LET_GO_SECONDS = 0.1
# How long a run that waits for a person goes on waiting for calls of the same answer to begin.
SIBLING_SECONDS = 0.5


class Attempt:
    """Runs one request on *runtime* and says how it goes by frames."""

    def __init__(
        self,
        runtime: Runtime,
        request: rt.RuntimeServiceRunRequest,
        models: llm_rpc.LLMProviderServiceStub,
        tools: tool_rpc.ToolExecutorServiceStub,
        time_left_seconds: float | None,
    ) -> None:
        """Prepare; nothing runs yet."""
        self.outbox = Outbox()
        self.epoch = request.lease.epoch
        self._runtime = runtime
        self._request = request
        self._agent = request.agent.spec
        self._models, self._tools = models, tools
        self._task = task(request)
        self._grant = Grant(request, time_left_seconds)
        self._span = AttemptSpan(runtime, request)
        self._waiting = False
        self._dialogues: list[Dialogue] = []
        self._stages = Stages(request, self._grant, self.outbox, self._work_on, self._stage_failed)

    async def frames(self, tasks: asyncio.TaskGroup) -> AsyncGenerator[list[rt.RunFrame], None]:
        """Run in *tasks* and yield the frames as they pile up; leaving early takes the run away."""
        self._tasks = tasks
        self._grant.on_wait = lambda: _discard(tasks.create_task(self._suspend()))
        work = self._work = tasks.create_task(self._run())
        try:
            async for batch in self.outbox.batches():
                yield batch
        finally:
            if not work.done():
                self._grant.end(_cancelled("the router has left"))
                work.cancel()

    async def stop(self, reason: str, grace_seconds: float) -> None:
        """Take the run away: nothing new begins, open work gets *grace_seconds*, and the stream gets its result."""
        error = self._grant.end(_cancelled(reason))
        if grace_seconds:
            await asyncio.wait([self._work], timeout=grace_seconds)
        await self._take_away(error)

    async def _take_away(self, error: MeshError) -> None:
        self._work.cancel()
        await asyncio.wait([self._work], timeout=LET_GO_SECONDS)
        self._close(self._ended(error))

    async def _run(self) -> None:
        try:
            text = await (self._in_stages() if self._stages else self._work_on(self._agent, self._task))
            self._grant.check()
            last = succeeded(self._grant.run_id, self._agent, text)
        except asyncio.CancelledError:
            if self._waiting and self._grant.fatal is None:
                return self._close(suspended(self._grant.run_id, self._grant.waits_for))
            last = self._ended(self._grant.end(_cancelled("the adapter is shutting down")))
        except Exception as error:  # noqa: BLE001  the boundary to foreign code
            last = self._ended(self._grant.fatal or self._named(error))
        self._close(last)

    async def _work_on(self, agent: agents.AgentDefinition, task: Task, stage_id: str = "") -> str:
        dialogue = Dialogue(task.tools)
        self._dialogues.append(dialogue)
        earlier = self._request.conversation
        model = SeamModelPort(self._models, self._grant, agent, task.tools, dialogue, self.outbox, earlier, stage_id)
        ports = Ports(model=model, tools=SeamToolPort(self._tools, self._grant, self._request, dialogue, stage_id))
        return await self._runtime.run(task, ports)

    async def _in_stages(self) -> str:
        declared, name = self._runtime.capability.capabilities.modes, self._runtime.capability.runtime
        if "workflow" not in declared or not isinstance(self._runtime, Workflow):
            raise MeshError(
                reasons.ERROR_REASON_CAPABILITY_MISSING,
                f"runtime {name} carries out no spec.plan; choose one whose modes name workflow",
                runtime=name,
                missing="modes: workflow, for spec.plan",
            )
        return await self._stages.run(self._runtime)

    def _stage_failed(self, error: Exception, stage_id: str) -> MeshError:
        fatal = self._grant.end(self._grant.fatal or self._named(error), stage_id)
        if "stage" in fatal.metadata:
            # Stages side by side are stopped in the same way on every runtime, whatever its engine would make of it.
            self._tasks.create_task(self._take_away(fatal))
        return fatal

    def _ended(self, error: MeshError) -> list[rt.RunFrame]:
        return [*self._stages.left(error), *ended(error)]

    async def _suspend(self) -> None:
        """Let what is going on come to its end, then take the run away from the runtime until a person has answered."""
        await self._grant.quiet()
        with suppress(TimeoutError):
            # A runtime that begins the calls of one answer together has begun them by now, or is about to.
            async with asyncio.timeout(SIBLING_SECONDS):
                for dialogue in self._dialogues:
                    await dialogue.asked_everything()
                await self._grant.quiet()
        self._waiting = True
        self._work.cancel()
        await asyncio.wait([self._work], timeout=LET_GO_SECONDS)
        if self._grant.fatal is None:
            self._close(suspended(self._grant.run_id, self._grant.waits_for))

    def _close(self, last: list[rt.RunFrame]) -> None:
        self.outbox.close([*last[:-1], self._span.frame(last[-1].result), last[-1]])

    def _named(self, error: Exception) -> MeshError:
        if isinstance(error, MeshError):
            return error
        name, error_id = self._runtime.capability.runtime, new_id()
        log.error("runtime raised", extra={"run_id": self._task.run_id, "error_id": error_id}, exc_info=error)
        return MeshError(
            reasons.ERROR_REASON_RUNTIME_ERROR,
            f"the runtime {name} raised {type(error).__name__}; the adapter's log has the details under {error_id}",
            runtime=name,
            error_id=error_id,
        )


def _discard(task: asyncio.Task[None]) -> None:
    """Leave *task* to its group."""


def _cancelled(reason: str) -> MeshError:
    return MeshError(reasons.ERROR_REASON_RUN_CANCELLED, f"the run was cancelled: {reason or 'no reason given'}")
