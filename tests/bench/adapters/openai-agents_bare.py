"""The bare OpenAI Agents SDK: one agent, a model that answers at once, streamed."""

from __future__ import annotations

import os

os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"

import itertools
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from agents import Agent, RunConfig, Runner, function_tool
from agents.models.interface import Model
from bare import ARGUMENTS, RESULT, TOOL, WORD, Run, Script, serve
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
)

_CONFIG = RunConfig(tracing_disabled=True)


class ScriptedModel(Model):
    """Says what the script says."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def get_response(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError

    async def stream_response(
        self, system_instructions: str | None, input: str | list[Any], *_: Any, **__: Any
    ) -> AsyncIterator[ResponseStreamEvent]:
        """Call the tool first, then answer."""
        if self._script.tool and input[-1].get("type") != "function_call_output":
            call = ResponseFunctionToolCall(type="function_call", call_id="call-1", name=TOOL, arguments=ARGUMENTS)
            yield _completed(call, 0)
            return
        numbers = itertools.count()
        async for word in self._script.words():
            yield ResponseTextDeltaEvent(
                type="response.output_text.delta",
                content_index=0,
                output_index=0,
                item_id="message-1",
                delta=word,
                logprobs=[],
                sequence_number=next(numbers),
            )
        text = ResponseOutputText(type="output_text", text=WORD * self._script.chunks, annotations=[])
        said = ResponseOutputMessage(
            type="message", id="message-1", role="assistant", status="completed", content=[text]
        )
        yield _completed(said, next(numbers))


def _completed(said: ResponseOutputMessage | ResponseFunctionToolCall, number: int) -> ResponseCompletedEvent:
    response = Response(
        id="response-1",
        object="response",
        created_at=0,
        model="scripted",
        output=[said],
        parallel_tool_calls=True,
        tool_choice="auto",
        tools=[],
    )
    return ResponseCompletedEvent(type="response.completed", response=response, sequence_number=number)


@function_tool
async def look_up(number: int) -> str:
    """Look a number up."""
    return RESULT


def prepare(script: Script) -> Run:
    """Return a run of the agent."""
    agent = Agent(
        name="bench", instructions="Answer.", model=ScriptedModel(script), tools=[look_up] if script.tool else []
    )

    async def run() -> int:
        result = Runner.run_streamed(agent, "hello", run_config=_CONFIG)
        return sum([_text(event) async for event in result.stream_events()])

    return run


def _text(event: Any) -> bool:
    return event.type == "raw_response_event" and event.data.type == "response.output_text.delta"


if __name__ == "__main__":
    serve(prepare)
