"""The one agent: a compiled graph for all runs, and what makes it the agent of one of them.

Building a graph costs as much as several runs. So it is built once, without tools, and finds what a run adds in the
context of the run.
"""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import langsmith
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import BaseMessage, ToolMessage
from langgraph.graph.state import CompiledStateGraph

from pal_adapter_host.runtime import Ports, Task
from pal_langgraph.model import UNLIMITED, PortModel, Work, message
from pal_log.payload import content_text

_T = TypeVar("_T")


class PortTools(AgentMiddleware[AgentState[Any], Work]):
    """Puts the tool port of the run in the place of tools."""

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> ToolMessage:
        """Call the port and never the handler, which knows no tools and would read their arguments."""
        call_id = request.tool_call["id"] or ""
        work = cast("Work", request.runtime.context)
        result = await work.ports.tools.call(call_id)
        return ToolMessage(content=content_text(result.result), tool_call_id=call_id)


class PortAgent:
    """The agent that every run shares."""

    def __init__(self) -> None:
        """Build the graph."""
        langsmith.set_runtime_overrides(aio_to_thread=_here)
        self._graph: CompiledStateGraph[Any, Work, Any, Any] = create_agent(
            PortModel(), middleware=[PortTools()], context_schema=Work
        )

    async def answer(self, task: Task, ports: Ports) -> str:
        """Return what the agent answers to the opening of *task*."""
        opening = {"messages": [message(turn) for turn in task.opening]}
        work = Work(ports=ports, tools=[tool.name for tool in task.tools])
        state = await self._graph.ainvoke(opening, UNLIMITED, context=work)
        last: BaseMessage = state["messages"][-1]
        return str(last.content)


async def _here(
    default: Callable[..., Any], context: contextvars.Context, call: Callable[..., _T], /, *args: Any, **rest: Any
) -> _T:
    """Return what *call* gives, at once.

    LangGraph has every call of a middleware traced, which langsmith does on two trips through a pool of threads. With
    tracing off there is nothing to do there.
    """
    return context.run(call, *args, **rest)
