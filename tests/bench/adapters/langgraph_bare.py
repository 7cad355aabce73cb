"""LangGraph by itself, as its own documentation has it: a compiled agent, a model in this process, tools that return.

Run in the environment of the SDK; prints one JSON line:

    .venvs/langgraph/bin/python tests/bench/adapters/langgraph_bare.py --runs 300 --rounds 1 --concurrent 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

import uvloop
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

WARM_UP = 20


class Scripted(BaseChatModel):
    """Asks for a tool *rounds* times, then answers."""

    rounds: int

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, *, tool_choice: Any = None, **_: Any) -> Runnable[Any, AIMessage]:
        """Take the tools along, as every model does."""
        return self.bind(tools=tools)

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        done = sum(isinstance(said, ToolMessage) for said in messages)
        if done < self.rounds:
            call = {"name": "add", "args": {"a": done}, "id": f"c{done}", "type": "tool_call"}
            said = AIMessage(content="", tool_calls=[call])
        else:
            said = AIMessage(content="done")
        return ChatResult(generations=[ChatGeneration(message=said)])

    async def _agenerate(self, *args: Any, **rest: Any) -> ChatResult:
        await asyncio.sleep(0)
        return self._generate(*args, **rest)


async def add(a: int) -> str:
    """Add."""
    await asyncio.sleep(0)
    return f"result of {a}"


async def main(runs: int, rounds: int, concurrent: int) -> None:
    """Measure and print."""
    agent = create_agent(Scripted(rounds=rounds), [add])
    opening = {"messages": [SystemMessage("Be short."), HumanMessage("hello")]}
    turns = asyncio.Semaphore(concurrent)

    async def run() -> None:
        async with turns:
            state = await agent.ainvoke(opening)
        if state["messages"][-1].content != "done":
            raise RuntimeError(f"the run ended with {state['messages'][-1]}")

    await asyncio.gather(*(run() for _ in range(WARM_UP)))
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(run() for _ in range(runs)))
    used, took = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"runs": runs, "cpu_ms_per_run": used * 1000 / runs, "seconds": took}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=0, help="tool calls before the answer")
    parser.add_argument("--concurrent", type=int, default=1)
    uvloop.run(main(**vars(parser.parse_args())))
