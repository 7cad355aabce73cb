"""The echo adapter with one planted fault: what becomes of frames, questions, answers, calls and results on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import llm_provider_service_pb2_grpc as llm_rpc
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.service.v1 import tool_executor_service_pb2_grpc as tool_rpc
from pal.v1 import runtime_capability_pb2 as capability
from pal_adapter_host.attempts import Attempts
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import SERVICE
from pal_adapter_host.servicer import RuntimeServicer
from pal_rpc.channels import channel
from pal_rpc.server import serving

# What one run has seen so far, for faults that need to know.
State = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong. Each hook changes its message in place, or returns what takes its place."""

    frames: Callable[[State, rt.RunFrame], Iterable[rt.RunFrame]] = lambda _, frame: [frame]
    question: Callable[[llm.ModelRequest], None] = lambda _: None
    answer: Callable[[llm.ModelAnswer], None] = lambda _: None
    call: Callable[[executor.ExecuteToolRequest], None] = lambda _: None
    result: Callable[[executor.ExecuteToolResponse], None] = lambda _: None
    request: Callable[[rt.RuntimeServiceRunRequest], None] = lambda _: None
    cancel: Callable[[rt.RuntimeServiceCancelRequest], bool] = lambda _: True
    described: Callable[[rt.DescribeResponse], None] = lambda _: None
    announced: Callable[[registry.RegisterRuntimeRequest], None] = lambda _: None
    runtime: type[EchoRuntime] = EchoRuntime
    declares: Mapping[str, Any] = field(default_factory=dict)
    asks: int = 1
    # How often it asks again when the model fails.
    retries: int = 0
    ceiling: int = 128
    pulse: bool = True
    # Whether it never answers Describe.
    mute: bool = False
    # Whether it is connected to its peers, and announced, before it serves.
    warm: bool = True
    # Whether what the adapter streams piles up instead of waiting for its reader, and outlives it.
    unbounded: bool = False


class FaultyServicer(RuntimeServicer):
    """Serves *attempts* with *fault*."""

    def __init__(self, attempts: Attempts, fault: Fault, tasks: asyncio.TaskGroup) -> None:
        """Serve."""
        super().__init__(attempts)
        self._fault = fault
        self._tasks = tasks
        self.piling: list[asyncio.Task[None]] = []

    async def Describe(self, request: rt.DescribeRequest, context: Any) -> rt.DescribeResponse:
        """Describe, wrongly."""
        if self._fault.mute:
            await asyncio.Event().wait()
        response = await super().Describe(request, context)
        self._fault.described(response)
        return response

    async def Run(
        self, request: rt.RuntimeServiceRunRequest, context: Any
    ) -> AsyncIterator[rt.RuntimeServiceRunResponse]:
        """Run, wrongly."""
        state: State = {}
        self._fault.request(request)
        source = self._piled(request) if self._fault.unbounded else self._attempts.run(request, None)
        async with contextlib.aclosing(source) as batches:  # type: ignore[type-var]
            async for batch in batches:
                frames = [changed for frame in batch for changed in self._fault.frames(state, frame)]
                yield rt.RuntimeServiceRunResponse(frames=frames)

    async def _piled(self, request: rt.RuntimeServiceRunRequest) -> AsyncIterator[list[rt.RunFrame]]:
        pile: asyncio.Queue[list[rt.RunFrame] | None] = asyncio.Queue()

        async def produce() -> None:
            async for batch in self._attempts.run(request, None):
                pile.put_nowait(batch)
            pile.put_nowait(None)

        self.piling.append(self._tasks.create_task(produce()))
        while (batch := await pile.get()) is not None:
            yield batch

    async def Cancel(self, request: rt.RuntimeServiceCancelRequest, context: Any) -> rt.RuntimeServiceCancelResponse:
        """Cancel, or not."""
        if self._fault.cancel(request):
            return await super().Cancel(request, context)
        return rt.RuntimeServiceCancelResponse()


class _Models:
    def __init__(self, stub: llm_rpc.LLMProviderServiceStub, fault: Fault) -> None:
        self._stub = stub
        self._fault = fault

    def StreamComplete(self, request: llm.StreamCompleteRequest, **options: Any) -> Any:
        self._fault.question(request.request)
        for _ in range(self._fault.asks - 1):
            self._stub.StreamComplete(request, **options)
        return _Answer(partial(self._stub.StreamComplete, request, **options), self._fault)


class _Answer:
    def __init__(self, ask: Callable[[], Any], fault: Fault) -> None:
        self._ask = ask
        self._call = ask()
        self._fault = fault

    async def __aiter__(self) -> AsyncIterator[llm.StreamCompleteResponse]:
        for left in range(self._fault.retries, -1, -1):
            try:
                async for response in self._call:
                    for frame in response.frames:
                        if frame.HasField("answer"):
                            self._fault.answer(frame.answer)
                    yield response
                return
            except grpc.aio.AioRpcError:
                if not left:
                    raise
                self._call = self._ask()

    def cancel(self) -> None:
        self._call.cancel()


class _Tools:
    def __init__(self, stub: tool_rpc.ToolExecutorServiceStub, fault: Fault) -> None:
        self._stub = stub
        self._fault = fault

    async def ExecuteTool(self, request: executor.ExecuteToolRequest, **options: Any) -> executor.ExecuteToolResponse:
        self._fault.call(request)
        response = await self._stub.ExecuteTool(request, **options)
        self._fault.result(response)
        return response


@asynccontextmanager
async def faulty_adapter(fault: Fault, peers: Mapping[str, str]) -> AsyncIterator[str]:
    """Serve the adapter, which reaches *peers*, until the block ends; yield its address."""
    runtime = fault.runtime()
    declared = capability.RuntimeCapability()
    declared.CopyFrom(EchoRuntime.capability)
    declared.MergeFrom(capability.RuntimeCapability(capabilities=capability.RuntimeFeatures(**fault.declares)))
    runtime.capability = declared
    async with AsyncExitStack() as stack:
        opened = {name: await stack.enter_async_context(channel(address)) for name, address in peers.items()}
        for peer in opened.values() if fault.warm else ():
            await peer.channel_ready()
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        models: Any = _Models(llm_rpc.LLMProviderServiceStub(opened["llm_provider"]), fault)
        tools: Any = _Tools(tool_rpc.ToolExecutorServiceStub(opened["tool_executor"]), fault)
        attempts = Attempts(runtime, models, tools, tasks, fault.ceiling)
        servicer = FaultyServicer(attempts, fault, tasks)
        register = partial(rpc.add_RuntimeServiceServicer_to_server, servicer)
        server = await stack.enter_async_context(serving("127.0.0.1:0", [SERVICE], register, drain_seconds=0))
        if fault.warm:
            await _announce(fault, runtime, server.address, registry_rpc.RegistryServiceStub(opened["registry"]))
        pulse = tasks.create_task(attempts.pulse() if fault.pulse else asyncio.sleep(0))
        yield server.address
        for task in (pulse, *servicer.piling):
            task.cancel()


async def _announce(fault: Fault, runtime: EchoRuntime, address: str, stub: registry_rpc.RegistryServiceStub) -> None:
    request = registry.RegisterRuntimeRequest(
        capability=runtime.capability, installed_version=runtime.installed_version, endpoint=address, instance_id="one"
    )
    fault.announced(request)
    await stub.RegisterRuntime(request)
