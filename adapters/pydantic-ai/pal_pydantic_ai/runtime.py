"""Runs on pydantic-ai: one agent for all of them, with a model and tools of its own for every run."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence

# Read at the first run: stderr is for log lines.
os.environ["PYDANTIC_AI_NO_BANNER"] = "1"

from pydantic_ai import Agent
from pydantic_ai.usage import UsageLimits

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import tool_spec_pb2 as tool_specs
from pal_adapter_host.declaration import declared
from pal_adapter_host.rehearsal import rehearse
from pal_adapter_host.runtime import Ports, Task
from pal_pydantic_ai.model import UNLIMITED, PortModel, PortToolset, message

# The default of 50 requests would end a run for a reason that nobody configured.
_NO_LIMITS = UsageLimits(request_limit=None)


class PydanticAiRuntime:
    """Hands each run to pydantic-ai."""

    installed_version = importlib.metadata.version("pydantic-ai-slim")

    def __init__(self) -> None:
        """Build the agent. A tool that is not there costs a try; an answer without text must not ask again."""
        self.capability = declared("pal_pydantic_ai")
        self._agent: Agent[None, str] = Agent(output_type=str, retries={"tools": UNLIMITED, "output": 0})

    def problems(self, agent: agents.AgentSpec, tools: Sequence[tool_specs.ToolSpec]) -> list[rt.AgentProblem]:
        """Return nothing: pydantic-ai sees neither the schemas nor the arguments, so none can trouble it."""
        return []

    async def warm_up(self) -> None:
        """Load what pydantic-ai loads at the first run and the first tool call."""
        await rehearse(self)

    async def run(self, task: Task, ports: Ports) -> str:
        """Carry out *task*."""
        *history, last = task.opening
        result = await self._agent.run(
            last.text,
            message_history=[message(turn) for turn in history],
            model=PortModel(ports.model),
            toolsets=[PortToolset(task.tools, ports.tools)],
            usage_limits=_NO_LIMITS,
        )
        return result.output
