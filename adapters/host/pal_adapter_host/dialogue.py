"""A conversation on its way through a runtime and back: plain turns outside, exact messages inside."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.payload import content_text, text_payload

PLATFORM, USER, AGENT = events.MESSAGE_ROLE_PLATFORM, events.MESSAGE_ROLE_USER, events.MESSAGE_ROLE_AGENT


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message as a runtime holds it.

    *call_ids* are the tools asked for in a turn of the agent. *results* maps call ids to what the runtime would tell
    the model, in a turn of the user.
    """

    role: events.MessageRole
    text: str = ""
    call_ids: Sequence[str] = ()
    results: Mapping[str, str] = field(default_factory=dict)


class Dialogue:
    """What was said in one run, kept so that no runtime can change it.

    Runtimes parse, reformat and reorder what passes through them: numbers lose digits, results become Python literals,
    provider state is lost. So they get text and identifiers, and the originals take their place on the way out.
    """

    def __init__(self, tools: Sequence[llm.ModelTool]) -> None:
        """Start with no answer; *tools* are all there are."""
        self._tools = [tool.name for tool in tools]
        self._asking: dict[str, llm.ModelMessage] = {}
        self._calls: dict[str, llm.ModelToolCall] = {}
        self._model_calls: dict[str, str] = {}
        self._results: dict[str, llm.ModelToolResult] = {}
        self._waiting: set[str] = set()
        self._changed = asyncio.Event()

    def heard(self, answer: llm.ModelAnswer) -> None:
        """Keep an answer of the model."""
        for call in answer.message.tool_calls:
            self._asking[call.call_id] = answer.message
            self._calls[call.call_id] = call
            self._model_calls[call.call_id] = answer.call_id

    def answered(self, result: llm.ModelToolResult) -> llm.ModelToolResult:
        """Keep the result of a call and return it."""
        self._results[result.call_id] = result
        self._changed.set()
        return result

    def waits(self, call_id: str) -> None:
        """Know that a call has no result before a person has answered."""
        self._waiting.add(call_id)
        self._changed.set()

    async def asked_everything(self) -> None:
        """Return once every call for a tool that is there has its result, or waits for a person."""
        while not self._due <= self._results.keys() | self._waiting:
            self._changed.clear()
            await self._changed.wait()

    @property
    def _due(self) -> set[str]:
        return {call_id for call_id, call in self._calls.items() if self.offers(call.name)}

    def call(self, call_id: str) -> llm.ModelToolCall | None:
        """Return the call that the model asked for under *call_id*."""
        return self._calls.get(call_id)

    def model_call(self, call_id: str) -> str:
        """Return the model call that asked for *call_id*; empty when none did."""
        return self._model_calls.get(call_id, "")

    def offers(self, name: str) -> bool:
        """Tell whether there is a tool called *name*."""
        return name in self._tools

    def no_such_tool(self, call_id: str, name: str) -> llm.ModelToolResult:
        """Return what the model is told when it asks for a tool that is not there."""
        available = ", ".join(self._tools) or "none"
        return failed(call_id, f"There is no tool named {name}. Available: {available}.")

    def message(self, turn: Turn) -> llm.ModelMessage:
        """Return *turn* as the model gets it."""
        if turn.results:
            return llm.ModelMessage(role=USER, tool_results=self._in_order(turn.results))
        if turn.call_ids and (original := self._asking.get(turn.call_ids[0])):
            return original
        return llm.ModelMessage(role=turn.role, parts=[text_payload(turn.text)])

    def _in_order(self, results: Mapping[str, str]) -> list[llm.ModelToolResult]:
        order = {call_id: place for place, call_id in enumerate(self._calls)}
        return [self._result(call_id, results[call_id]) for call_id in sorted(results, key=lambda i: order.get(i, 0))]

    def _result(self, call_id: str, text: str) -> llm.ModelToolResult:
        if known := self._results.get(call_id):
            return known
        call = self._calls.get(call_id)
        if call and not self.offers(call.name):
            return self.answered(self.no_such_tool(call_id, call.name))
        return failed(call_id, text)


def failed(call_id: str, text: str) -> llm.ModelToolResult:
    """Return the result of a call that did not succeed."""
    return llm.ModelToolResult(call_id=call_id, result=text_payload(text), is_failure=True)


def text_of(parts: Sequence[common.Payload]) -> str:
    """Return the text in *parts*."""
    return "".join(content_text(part) for part in parts)
