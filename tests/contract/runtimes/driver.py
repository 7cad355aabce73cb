"""Drives one adapter as a router does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from google.protobuf import duration_pb2

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.payload import text_payload
from pal_rpc.channels import channel
from tests.fakes.seams import FakeSeams, Say, Script

_ids = itertools.count(1)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SCHEMA = '{"type": "object", "properties": {"zeta": {"type": "integer"}, "alpha": {"const": 5.0}}, "required": []}'


def agent(*, schema: str = "", filename: str = "") -> agents.AgentSpec:
    """Return an agent; with *schema* it has to answer in JSON."""
    return agents.AgentSpec(
        metadata=common.SpecMeta(name="tester", version="1.0.0"),
        spec=agents.AgentDefinition(
            objective="Say what {is} so.",
            directives=[agents.Directive(id="short", text="Be short.")],
            output=agents.IoContract(schema=common.JsonSchema(text=schema), filename=filename),
        ),
    )


def tool(name: str, schema: str = SCHEMA) -> tools.ToolSpec:
    """Return a tool."""
    return tools.ToolSpec(
        metadata=common.SpecMeta(name=name, version="1.2.3", digest=f"sha256:{name}"),
        spec=tools.ToolDefinition(purpose=f"Does {name}.", input=common.JsonSchema(text=schema)),
    )


class Run:
    """One run and everything it streamed."""

    def __init__(self, call: object, lease: shared.RunLease) -> None:
        """Collect what *call* yields."""
        self.call = call
        self.lease = lease
        self.frames: list[rt.RunFrame] = []

    async def end(self) -> Self:
        """Read to the end of the stream."""
        async for response in self.call:  # type: ignore[attr-defined]
            self.frames.extend(response.frames)
        return self

    @property
    def result(self) -> rt.RuntimeResult:
        """The one result, which is the last frame."""
        assert [f.WhichOneof("frame") for f in self.frames].count("result") == 1
        assert self.frames[-1].WhichOneof("frame") == "result"
        return self.frames[-1].result

    @property
    def reason(self) -> str:
        """Why it failed."""
        return self.result.failure.reason

    @property
    def events(self) -> list[events.RunEvent]:
        """The events."""
        return [frame.event for frame in self.frames if frame.WhichOneof("frame") == "event"]

    @property
    def shape(self) -> list[tuple[str, ...]]:
        """What an outsider sees, without identifiers: comparable between runtimes."""
        seen: list[tuple[str, ...]] = []
        for frame in self.frames:
            match frame.WhichOneof("frame"):
                case "event" if frame.event.type == "message.added":
                    said = frame.event.message_added
                    seen.append(("message.added", said.model_call_id, *(part.text for part in said.parts)))
                case "event":
                    seen.append((frame.event.type,))
                case "live_output":
                    live = frame.live_output
                    seen.append(("live", str(live.part_index), str(live.offset), live.text))
                case "result":
                    outcome = events.RunOutcome.Name(frame.result.outcome)
                    output = frame.result.output
                    failure = frame.result.failure
                    seen.append((outcome, output.text or output.json, failure.reason))
                case _:
                    pass
        return seen


class Driver:
    """Drives the adapter on *address*, whose seams are *fakes*."""

    def __init__(self, address: str, fakes: FakeSeams) -> None:
        """Connect."""
        self._channel = channel(address)
        self.stub = rpc.RuntimeServiceStub(self._channel)
        self._fakes = fakes

    async def __aenter__(self) -> Self:
        """Return the driver."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._channel.close()

    def start(
        self,
        script: Script,
        *,
        spec: agents.AgentSpec | None = None,
        tool_specs: Sequence[tools.ToolSpec] = (),
        text: str = "hello {name}",
        conversation: Sequence[llm.ModelMessage] = (),
        token: str = "token",
        timeout: float | None = 20,
    ) -> Run:
        """Start a run in which *script* happens."""
        run_id = f"run-{next(_ids)}"
        self._fakes.scripts[run_id] = script
        lease = shared.RunLease(run_id=run_id, epoch=1, mode=common.EXECUTION_MODE_LIVE, token=token)
        request = rt.RuntimeServiceRunRequest(
            lease=lease,
            agent=spec or agent(),
            tools=tool_specs,
            input=text_payload(text),
            traceparent=TRACEPARENT,
            conversation=conversation,
        )
        return Run(self.stub.Run(request, timeout=timeout), lease)

    async def run(self, script: Script, **given: object) -> Run:
        """Run *script* to its end."""
        return await self.start(script, **given).end()  # type: ignore[arg-type]

    async def cancel(self, run: Run, grace_seconds: float = 0) -> None:
        """Take *run* away from the runtime."""
        grace = duration_pb2.Duration(nanos=int(grace_seconds * 1e9))
        await self.stub.Cancel(rt.RuntimeServiceCancelRequest(lease=run.lease, reason="enough", grace=grace), timeout=5)


def say(*texts: str, **rest: object) -> Script:
    """Return the script of a model that says each of *texts* in turn and asks for nothing."""
    return Script(says=[Say(chunks=[text]) for text in texts], **rest)  # type: ignore[arg-type]


async def ended(run: Run) -> Run:
    """Return *run* at its end, which has to come within 200 ms."""
    async with asyncio.timeout(0.2):
        return await run.end()
