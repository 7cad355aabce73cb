"""Bare pydantic-ai: one agent, a model that answers at once, streamed."""

from __future__ import annotations

import os

os.environ["PYDANTIC_AI_NO_BANNER"] = "1"

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from bare import ARGUMENTS, RESULT, TOOL, Run, Script, serve
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponseStreamEvent, PartDeltaEvent, PartStartEvent, ToolReturnPart
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings

_BEGAN = datetime.now(UTC)


@dataclass
class ScriptedResponse(StreamedResponse):
    """One answer of the script: the call of the tool, or the chunks."""

    script: Script
    call: bool

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        parts = self._parts_manager
        if self.call:
            yield parts.handle_tool_call_part(vendor_part_id="1", tool_name=TOOL, args=ARGUMENTS, tool_call_id="call-1")
            return
        async for word in self.script.words():
            for event in parts.handle_text_delta(vendor_part_id="0", content=word):
                yield event

    @property
    def model_name(self) -> str:
        return "scripted"

    @property
    def provider_name(self) -> str:
        return "bench"

    @property
    def provider_url(self) -> None:
        return None

    @property
    def timestamp(self) -> datetime:
        return _BEGAN


class ScriptedModel(Model):
    """Says what the script says."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script

    @property
    def model_name(self) -> str:
        return "scripted"

    @property
    def system(self) -> str:
        return "bench"

    def request(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Call the tool first, then answer."""
        called = any(isinstance(part, ToolReturnPart) for part in messages[-1].parts)
        yield ScriptedResponse(model_request_parameters, script=self._script, call=self._script.tool and not called)


async def look_up(number: int) -> str:
    """Look a number up."""
    return RESULT


def prepare(script: Script) -> Run:
    """Return a run of the agent."""
    agent = Agent(ScriptedModel(script), instructions="Answer.", tools=[look_up] if script.tool else [])

    async def run() -> int:
        async with agent.run_stream_events("hello") as events:
            return sum([_text(event) async for event in events])

    return run


def _text(event: Any) -> bool:
    match event:
        case PartStartEvent(part=part):
            return part.part_kind == "text"
        case PartDeltaEvent(delta=delta):
            return delta.part_delta_kind == "text"
        case _:
            return False


if __name__ == "__main__":
    serve(prepare)
