"""Every attempt of one adapter process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from pal.service.v1 import llm_provider_service_pb2_grpc as llm_rpc
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import tool_executor_service_pb2_grpc as tool_rpc
from pal.v1 import error_reason_pb2 as reasons
from pal_adapter_host.attempt import Attempt
from pal_adapter_host.fitness import problems
from pal_adapter_host.runtime import Runtime
from pal_rpc.errors import InvalidField, MeshError

PULSE_SECONDS = 5.0


class Attempts:
    """Runs attempts side by side, up to a ceiling."""

    def __init__(
        self,
        runtime: Runtime,
        models: llm_rpc.LLMProviderServiceStub,
        tools: tool_rpc.ToolExecutorServiceStub,
        tasks: asyncio.TaskGroup,
        ceiling: int,
    ) -> None:
        """Run up to *ceiling* attempts on *runtime*, in *tasks*."""
        self._runtime = runtime
        self._models = models
        self._tools = tools
        self._tasks = tasks
        self._ceiling = ceiling
        self._active: dict[str, Attempt] = {}

    @property
    def count(self) -> int:
        """Attempts in progress."""
        return len(self._active)

    def describe(self, request: rt.DescribeRequest) -> rt.DescribeResponse:
        """Return the declaration and what stands in the way of the agent of *request*."""
        runtime = self._runtime
        return rt.DescribeResponse(
            capability=runtime.capability,
            installed_version=runtime.installed_version,
            active_runs=self.count,
            problems=problems(runtime, request.agent, request.tools) if request.HasField("agent") else (),
        )

    async def run(
        self, request: rt.RuntimeServiceRunRequest, time_left_seconds: float | None
    ) -> AsyncGenerator[list[rt.RunFrame], None]:
        """Carry out *request* and yield its frames; leaving early takes the run away.

        Raises:
            MeshError: the attempt is refused; nothing was begun.
        """
        run_id = request.lease.run_id
        await self._admit(request)
        attempt = Attempt(self._runtime, request, self._models, self._tools, time_left_seconds)
        self._active[run_id] = attempt
        try:
            async with contextlib.aclosing(attempt.frames(self._tasks)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            if self._active.get(run_id) is attempt:
                del self._active[run_id]

    async def cancel(self, request: rt.RuntimeServiceCancelRequest) -> None:
        """Take the run of *request* away, if it is here under that lease or an older one."""
        attempt = self._active.get(request.lease.run_id)
        if attempt is not None and attempt.epoch <= request.lease.epoch:
            await attempt.stop(request.reason, request.grace.ToTimedelta().total_seconds())

    async def pulse(self) -> None:
        """Give signs of life for every attempt, for ever."""
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            for attempt in self._active.values():
                attempt.outbox.pulse()

    async def _admit(self, request: rt.RuntimeServiceRunRequest) -> None:
        lease = request.lease
        if not lease.run_id:
            raise InvalidField("lease.run_id", "missing; pass on the lease that the router gave to the run")
        if older := self._active.get(lease.run_id):
            if older.epoch >= lease.epoch:
                raise MeshError(
                    reasons.ERROR_REASON_STALE_EPOCH,
                    f"run {lease.run_id} is going here under epoch {older.epoch}; {lease.epoch} is not newer",
                    run_id=lease.run_id,
                    epoch=lease.epoch,
                    newest=older.epoch,
                )
            await older.stop("a newer attempt takes over", 0)
        if self.count >= self._ceiling:
            raise MeshError(
                reasons.ERROR_REASON_OVERLOADED,
                f"{self._ceiling} runs are going, the ceiling here; raise PAL_CONCURRENT_RUNS or add an adapter",
                limit=self._ceiling,
            )
