"""Runs on LangGraph: one compiled graph for all of them, and one for every plan."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence

# Read when LangGraph is imported. The names are looked up in turn, and the first that is set decides.
os.environ["LANGSMITH_TRACING_V2"] = "false"
os.environ["LANGCHAIN_TRACING_V2"] = "false"
os.environ["LANGSMITH_TRACING"] = "false"
os.environ["LANGCHAIN_TRACING"] = "false"
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import tool_spec_pb2 as tool_specs
from pal_adapter_host.declaration import declared
from pal_adapter_host.rehearsal import rehearse
from pal_adapter_host.runtime import CarryOut, Ports, Stage, Task
from pal_langgraph import workflow
from pal_langgraph.agent import PortAgent


class LangGraphRuntime:
    """Hands each run to LangGraph."""

    installed_version = importlib.metadata.version("langgraph")

    def __init__(self) -> None:
        """Declare what was measured."""
        self.capability = declared("pal_langgraph")

    def problems(self, agent: agents.AgentSpec, tools: Sequence[tool_specs.ToolSpec]) -> list[rt.AgentProblem]:
        """Return nothing: LangGraph sees neither the schemas nor the arguments, so none can trouble it."""
        return []

    async def warm_up(self) -> None:
        """Build the graph, and load what LangGraph loads at the first run and the first tool call."""
        self._agent = PortAgent()
        await rehearse(self)
        await self.workflow([Stage(id="rehearse", after=())], _nothing)

    async def run(self, task: Task, ports: Ports) -> str:
        """Carry out *task*."""
        return await self._agent.answer(task, ports)

    async def workflow(self, stages: Sequence[Stage], carry_out: CarryOut) -> None:
        """Carry out *stages*."""
        await workflow.carry_out_in_order(stages, carry_out)


async def _nothing(stage_id: str) -> None:
    return
