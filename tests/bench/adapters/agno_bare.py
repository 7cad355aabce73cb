"""Bare agno: one agent, a model that answers at once, streamed."""

from __future__ import annotations

import os

os.environ["AGNO_TELEMETRY"] = "false"

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NoReturn

from agno.agent import Agent, RunContentEvent
from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse
from bare import ARGUMENTS, RESULT, TOOL, Run, Script, serve


@dataclass
class ScriptedModel(Model):
    """Says what the script says."""

    id: str = "scripted"
    name: str | None = "ScriptedModel"
    provider: str | None = "bench"
    script: Script | None = None

    async def ainvoke_stream(self, messages: list[Message], **_: Any) -> AsyncIterator[ModelResponse]:
        """Call the tool first, then answer."""
        assert self.script
        if self.script.tool and messages[-1].role != "tool":
            call = {"id": "call-1", "type": "function", "function": {"name": TOOL, "arguments": ARGUMENTS}}
            yield ModelResponse(tool_calls=[call])
            return
        async for word in self.script.words():
            yield ModelResponse(content=word)

    def ainvoke(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError

    def invoke(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError

    def invoke_stream(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError

    def _parse_provider_response(self, response: Any, **_: Any) -> Any:
        return response

    def _parse_provider_response_delta(self, response: Any) -> Any:
        return response


async def look_up(number: int) -> str:
    """Look a number up."""
    return RESULT


def prepare(script: Script) -> Run:
    """Return a run of the agent."""
    tools = [look_up] if script.tool else []
    agent = Agent(model=ScriptedModel(script=script), instructions="Answer.", tools=tools, telemetry=False, retries=0)

    async def run() -> int:
        return sum([isinstance(event, RunContentEvent) async for event in agent.arun("hello", stream=True)])

    return run


if __name__ == "__main__":
    serve(prepare)
