"""What happens in one run: what the model says, what the tools do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.payload import text_payload
from pal_rpc.errors import MeshError

if TYPE_CHECKING:
    from pal_conformance.play import Play

# Carries out a call: text or a payload is its result; a MeshError is what the executor answers with.
Tool = Callable[[executor.ExecuteToolRequest, "Play"], Awaitable[str | common.Payload]]


class ToolReport(Exception):
    """A tool ended in another way than with a result: the model is told, and the run goes on."""

    def __init__(self, error: MeshError, outcome: events.ToolCallOutcome = events.TOOL_CALL_OUTCOME_FAILED) -> None:
        """Report *error* under *outcome*."""
        super().__init__(error.message)
        self.error = error
        self.outcome = outcome


class SeamLost(Exception):
    """The seam goes away instead of answering, without a word of why."""


class Wait(Exception):
    """The call waits for a person."""

    def __init__(self, asked: events.InputRequested) -> None:
        """Wait for the answer to *asked*."""
        super().__init__(asked.input_id)
        self.asked = asked


@dataclass(frozen=True, kw_only=True)
class Say:
    """One answer of the model.

    It streams *chunks*, waits for *hold*, streams what comes *after* that, and ends: with *error*, without an answer
    when it is *cut*, else with the whole answer, whose text is *text*, or all chunks together where *text* is None.
    """

    chunks: Sequence[str] = ()
    after: Sequence[str] = ()
    text: str | None = None
    calls: Sequence[tuple[str, str, str]] = ()
    stop_reason: events.ModelStopReason = events.MODEL_STOP_REASON_UNSPECIFIED
    hold: asyncio.Event | None = None
    error: Exception | None = None
    cut: bool = False

    @property
    def whole(self) -> str:
        """The text of the answer."""
        return "".join([*self.chunks, *self.after]) if self.text is None else self.text

    def answer(self, call_id: str) -> llm.ModelAnswer:
        """Return the whole answer."""
        complete = events.MODEL_STOP_REASON_TOOL_CALLS if self.calls else events.MODEL_STOP_REASON_COMPLETE
        return llm.ModelAnswer(
            call_id=call_id,
            message=llm.ModelMessage(
                role=events.MESSAGE_ROLE_AGENT,
                parts=[text_payload(self.whole)] if self.whole else [],
                tool_calls=[
                    llm.ModelToolCall(call_id=call, name=name, arguments_json=arguments)
                    for call, name, arguments in self.calls
                ],
                provider_state=b"state of " + call_id.encode(),
            ),
            stop_reason=self.stop_reason or complete,
            usage=common.TokenUsage(input_tokens=10, output_tokens=5, source=common.MEASUREMENT_SOURCE_REPORTED),
            model="scripted",
            provider="pal-conformance",
        )


@dataclass(frozen=True, kw_only=True)
class Script:
    """What happens in one run.

    The model gives the answers of *says* one after the other, or, where *stages* has the stage that asks, those. After
    them it gives *forever* again and again, where that is set.
    """

    says: Sequence[Say] = ()
    stages: Mapping[str, Sequence[Say]] = field(default_factory=dict)
    forever: Callable[[int], Say] | None = None
    tools: Mapping[str, Tool] = field(default_factory=dict)

    def say(self, stage_id: str, place: int) -> Say | None:
        """Return the answer to the question number *place* of a stage; None when the script has no more."""
        says = self.stages.get(stage_id, self.says)
        if place < len(says):
            return says[place]
        return self.forever(place) if self.forever else None


def says(*texts: str) -> Script:
    """Return the script of a model that says each of *texts* in turn, in one piece, and asks for nothing."""
    return Script(says=[Say(chunks=[text] if text else []) for text in texts])


def calls(*asked: tuple[str, str, str], then: str = "done", **tools: Tool) -> Script:
    """Return the script of a model that asks for the calls *asked*, as (id, tool, arguments), and then says *then*."""
    return Script(says=[Say(calls=asked), Say(chunks=[then])], tools=tools)


def asked_of(request: llm.ModelRequest) -> list[tuple[str, str]]:
    """Return the messages with text in *request* as (role, text)."""
    return [
        (events.MessageRole.Name(m.role).removeprefix("MESSAGE_ROLE_"), "".join(part.text for part in m.parts))
        for m in request.messages
        if m.parts
    ]
