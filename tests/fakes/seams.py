"""Fakes of what an adapter talks to: a scripted model, scripted tools, a registry that remembers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import llm_provider_service_pb2_grpc as llm_rpc
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import tool_executor_service_pb2 as tool
from pal.service.v1 import tool_executor_service_pb2_grpc as tool_rpc
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.payload import content_text, text_payload
from pal_rpc.errors import MeshError, failure
from pal_rpc.server import serving

AGENT = events.MESSAGE_ROLE_AGENT
GARBAGE = "garbage"


@dataclass(frozen=True, kw_only=True)
class Say:
    """One answer of the fake model: what it says, in these chunks, and asks for, or the error it gives instead.

    *pause_seconds* go by before each chunk.
    """

    chunks: Sequence[str] = ()
    calls: Sequence[tuple[str, str, str]] = ()
    stop_reason: events.ModelStopReason = events.MODEL_STOP_REASON_UNSPECIFIED
    error: MeshError | None = None
    hold: asyncio.Event | None = None
    pause_seconds: float = 0.0

    def answer(self, call_id: str) -> llm.ModelAnswer:
        """Return the whole answer."""
        text = "".join(self.chunks)
        calls = [llm.ModelToolCall(call_id=i, name=name, arguments_json=arguments) for i, name, arguments in self.calls]
        complete = events.MODEL_STOP_REASON_TOOL_CALLS if calls else events.MODEL_STOP_REASON_COMPLETE
        return llm.ModelAnswer(
            call_id=call_id,
            message=llm.ModelMessage(
                role=AGENT,
                parts=[text_payload(text)] if text else [],
                tool_calls=calls,
                provider_state=b"state of " + call_id.encode(),
            ),
            stop_reason=self.stop_reason or complete,
            model="fake-model",
            provider="fake",
        )


# What a tool gives, or asks a person.
Tool = Callable[[tool.ExecuteToolRequest], Awaitable[str | events.InputRequested]]


@dataclass(kw_only=True)
class Script:
    """What happens in one run, and what was asked of the seams in it.

    The model says *says* one after the other; in a stage that *stages* names, it says those.
    """

    says: Sequence[Say] = ()
    stages: Mapping[str, Sequence[Say]] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    asked: list[llm.ModelRequest] = field(default_factory=list)
    executed: list[tool.ExecuteToolRequest] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, stage_id: str) -> Say:
        """Return what the model says next in a stage, or in a run without stages."""
        before = sum(request.stage_id == stage_id for request in self.asked)
        return self.stages.get(stage_id, self.says)[before]


class FakeSeams(llm_rpc.LLMProviderServiceServicer, tool_rpc.ToolExecutorServiceServicer):
    """Both seams, scripted by run id."""

    def __init__(self) -> None:
        """Know no run."""
        self.scripts: dict[str, Script] = {}
        self.address = ""

    async def StreamComplete(
        self, request: llm.StreamCompleteRequest, context: Any
    ) -> AsyncIterator[llm.StreamCompleteResponse]:
        """Say what the script of the run says next."""
        script = self._script(request.request.lease, context)
        say = script.next(request.request.stage_id)
        script.asked.append(request.request)
        if say.error:
            raise say.error
        texts = list(_texts(say.chunks))
        # The last text leaves with the answer, as the LLM provider has it; an answer that is held is in the making.
        last = [] if say.hold else texts[-1:]
        for frame in texts[: len(texts) - len(last)]:
            await asyncio.sleep(say.pause_seconds)
            yield llm.StreamCompleteResponse(frames=[frame])
        if say.hold:
            await self._held(script, say.hold)
        await asyncio.sleep(say.pause_seconds)
        answer = llm.ModelFrame(answer=say.answer(request.request.call_id))
        yield llm.StreamCompleteResponse(frames=[*last, answer])

    async def ExecuteTool(self, request: tool.ExecuteToolRequest, context: Any) -> tool.ExecuteToolResponse:
        """Carry out the tool as the script of the run has it; a MeshError of a tool is its failure."""
        script = self._script(request.lease, context)
        script.executed.append(request)
        finished = events.ToolCallFinished(call_id=request.call_id, outcome=events.TOOL_CALL_OUTCOME_SUCCEEDED)
        try:
            given = await script.tools[request.tool.name](request)
            if isinstance(given, events.InputRequested):
                return tool.ExecuteToolResponse(waits_for=given)
            result = text_payload(given)
        except MeshError as error:
            if error.reason != reasons.ERROR_REASON_TOOL_FAILED:
                raise
            finished.outcome = events.TOOL_CALL_OUTCOME_FAILED
            finished.failure.CopyFrom(failure(error))
            result = text_payload(error.message)
        return tool.ExecuteToolResponse(finished=finished, result=result)

    async def _held(self, script: Script, hold: asyncio.Event) -> None:
        script.reached.set()
        try:
            await hold.wait()
        except BaseException:
            script.left.set()
            raise

    def _script(self, lease: Any, context: Any) -> Script:
        if lease.token == GARBAGE:
            raise MeshError(reasons.ERROR_REASON_LEASE_INVALID, "lease.token: garbage", run_id=lease.run_id)
        script = self.scripts[lease.run_id]
        script.metadata.append(dict(context.invocation_metadata()))
        return script


def _texts(chunks: Sequence[str]) -> Iterator[llm.ModelFrame]:
    offset = 0
    for chunk in chunks:
        yield llm.ModelFrame(text=llm.TextChunk(offset=offset, text=chunk))
        offset += len(chunk.encode())


def held(script: Script, hold: asyncio.Event) -> Tool:
    """Return a tool that waits for *hold*, says so by ``script.reached`` and notices being cut by ``script.left``."""

    async def wait(request: tool.ExecuteToolRequest) -> str:
        script.reached.set()
        try:
            await hold.wait()
        except BaseException:
            script.left.set()
            raise
        return "done"

    return wait


class FakeRegistry(registry_rpc.RegistryServiceServicer):
    """Remembers announcements until it is told to forget them."""

    def __init__(self) -> None:
        """Know nobody."""
        self.registered: dict[str, registry.RegisterRuntimeRequest] = {}
        self.times: defaultdict[str, int] = defaultdict(int)
        self.renewed: list[str] = []
        self.drained: list[str] = []
        self.changed = asyncio.Condition()

    async def RegisterRuntime(
        self, request: registry.RegisterRuntimeRequest, context: Any
    ) -> registry.RegisterRuntimeResponse:
        """Remember an announcement."""
        registration_id = f"registration-{sum(self.times.values()) + 1}"
        async with self.changed:
            self.registered[registration_id] = request
            self.times[request.name] += 1
            self.changed.notify_all()
        return registry.RegisterRuntimeResponse(
            runtime=registry.RegisteredRuntime(registration_id=registration_id, name=request.name)
        )

    async def RenewRuntime(self, request: registry.RenewRuntimeRequest, context: Any) -> registry.RenewRuntimeResponse:
        """Know an announcement again, or not."""
        if request.registration_id not in self.registered:
            raise MeshError(reasons.ERROR_REASON_REGISTRATION_NOT_FOUND, "the announcement has ended: register anew")
        async with self.changed:
            self.renewed.append(request.registration_id)
            self.changed.notify_all()
        return registry.RenewRuntimeResponse()

    async def DrainRuntime(self, request: registry.DrainRuntimeRequest, context: Any) -> registry.DrainRuntimeResponse:
        """Note a leave."""
        async with self.changed:
            self.drained.append(request.registration_id)
            self.changed.notify_all()
        return registry.DrainRuntimeResponse()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once *holds*."""
        async with self.changed:
            await self.changed.wait_for(holds)


@asynccontextmanager
async def seams() -> AsyncIterator[tuple[FakeSeams, FakeRegistry]]:
    """Serve the fakes, all on one address."""
    fakes, known_by = FakeSeams(), FakeRegistry()

    def register(server: Any) -> None:
        llm_rpc.add_LLMProviderServiceServicer_to_server(fakes, server)
        tool_rpc.add_ToolExecutorServiceServicer_to_server(fakes, server)
        registry_rpc.add_RegistryServiceServicer_to_server(known_by, server)

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving("127.0.0.1:0", [], register, drain_seconds=0))
        fakes.address = server.address
        yield fakes, known_by


def said(request: llm.ModelRequest) -> list[tuple[str, str]]:
    """Return the text messages of *request* as (role, text)."""
    names = events.MessageRole.Name
    return [
        (names(m.role).removeprefix("MESSAGE_ROLE_"), "".join(map(content_text, m.parts)))
        for m in request.messages
        if m.parts
    ]
