"""Bare LangGraph: one compiled agent, a model that answers at once, streamed."""

from __future__ import annotations

import os

os.environ["LANGSMITH_TRACING"] = "false"

from collections.abc import AsyncIterator
from typing import Any, NoReturn

from bare import ARGUMENTS, RESULT, TOOL, Run, Script, serve
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable


class ScriptedModel(BaseChatModel):
    """Says what the script says."""

    script: Script

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, *, tool_choice: Any = None, **_: Any) -> Runnable[Any, AIMessage]:
        """Take the tools along, as every model does."""
        return self.bind(tools=tools)

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Call the tool first, then answer."""
        if self.script.tool and messages[-1].type != "tool":
            call = tool_call_chunk(name=TOOL, args=ARGUMENTS, id="call-1", index=0)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))
            return
        async for word in self.script.words():
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))

    def _generate(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError


async def look_up(number: int) -> str:
    """Look a number up."""
    return RESULT


def prepare(script: Script) -> Run:
    """Return a run of the agent."""
    agent = create_agent(ScriptedModel(script=script), [look_up] if script.tool else [], system_prompt="Answer.")
    opening = {"messages": [{"role": "user", "content": "hello"}]}

    async def run() -> int:
        return sum([_text(said) async for said, _ in agent.astream(opening, stream_mode="messages")])

    return run


def _text(said: Any) -> bool:
    return isinstance(said, AIMessageChunk) and bool(said.content)


if __name__ == "__main__":
    serve(prepare)
