"""A runtime that counts, and is declared to carry out less than its adapter would take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import runtime_capability_pb2 as capability
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config as AdapterConfig
from pal_adapter_host.host import adapter
from pal_adapter_host.runtime import Ports, Task
from pal_rpc.server import Server
from tests.integration.router.conftest import Bench

NAME = "counted"
# The adapter would take all of these; what is declared is less, so that the router is what keeps to it.
CEILING = 64


class CountedRuntime(EchoRuntime):
    """Knows which runs it was given, in which order, and how many at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self.capability = capability.RuntimeCapability()
        self.capability.CopyFrom(EchoRuntime.capability)
        self.capability.runtime = NAME
        self.begun: list[str] = []
        self.going = 0
        self.peak = 0
        self._changed = asyncio.Condition()

    async def run(self, task: Task, ports: Ports) -> str:
        """Count, then do as the echo runtime does."""
        self.begun.append(task.run_id)
        await self._count(1)
        try:
            return await super().run(task, ports)
        finally:
            await self._count(-1)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until *condition* holds."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _count(self, change: int) -> None:
        self.going += change
        self.peak = max(self.peak, self.going)
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def counted(
    bench: Bench, runtime: CountedRuntime, *, limit: int = 1, ceiling: int = CEILING
) -> AsyncIterator[Server]:
    """Serve *runtime*, declared to carry out *limit* runs at once, and return once the router routes to it."""
    await declare(bench, limit)
    config = AdapterConfig(
        address="127.0.0.1:0",
        registry_address=bench.config.registry_address,
        llm_provider_address=bench.fakes.address,
        tool_executor_address=bench.fakes.address,
        concurrent_runs=ceiling,
        drain_seconds=0.5,
    )
    async with adapter(config, runtime) as server:
        while await endpoint(bench) != server.address:
            pass
        yield server


async def declare(bench: Bench, limit: int) -> None:
    """Publish that the runtime carries out *limit* runs at once, and two agents that run on it."""
    await bench.apply(DOCUMENTS % limit)


async def endpoint(bench: Bench) -> str:
    """Return where the router would send a run."""
    try:
        plan = await bench.router.PlanRoute(pb.PlanRouteRequest(agent=common.SpecSelector(name="one")))
    except grpc.aio.AioRpcError:
        return ""
    return plan.primary.adapter_endpoint


DOCUMENTS = """
runtime: counted
version: ">=0.1.0"
capabilities: {modes: [conversational], streaming: true, toolCalling: true}
limits: {concurrentRuns: %d}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: one, version: 1.0.0}
spec: {objective: Answer., runtime: {selector: counted}}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: other, version: 1.0.0}
spec: {objective: Answer., runtime: {selector: counted}}
"""
