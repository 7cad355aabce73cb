"""Runs on the OpenAI Agents SDK: an agent and a model of its own for every run, and nothing that outlives it."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence

# Tracing is on by default and sends what runs said to the vendor. Read when the SDK is imported, or at the first run.
os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"
os.environ["OPENAI_AGENTS_DONT_LOG_MODEL_DATA"] = "1"
os.environ["OPENAI_AGENTS_DONT_LOG_TOOL_DATA"] = "1"

from agents import Agent, ModelSettings, RunConfig, Runner

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as specs
from pal.v1 import tool_spec_pb2 as tool_specs
from pal_adapter_host.declaration import declared
from pal_adapter_host.rehearsal import rehearse
from pal_adapter_host.runtime import Ports, Task
from pal_openai_agents.model import STRAY, NoProvider, PortModel, function, message

_RUN_CONFIG = RunConfig(model_provider=NoProvider(), tracing_disabled=True)
# No retries, and nothing that depends on the name of a model.
_SETTINGS = ModelSettings()


class OpenaiAgentsRuntime:
    """Hands each run to the OpenAI Agents SDK."""

    installed_version = importlib.metadata.version("openai-agents")

    def __init__(self) -> None:
        """Declare what was measured."""
        self.capability = declared("pal_openai_agents")

    def problems(self, agent: specs.AgentSpec, tools: Sequence[tool_specs.ToolSpec]) -> list[rt.AgentProblem]:
        """Return nothing: the SDK sees neither the schemas nor the arguments, so none can trouble it."""
        return []

    async def warm_up(self) -> None:
        """Load what the SDK loads at the first run and the first tool call, a quarter of a second."""
        await rehearse(self)

    async def run(self, task: Task, ports: Ports) -> str:
        """Carry out *task*.

        Not streamed: no task of the SDK outlives a cancelled run, and no stream of it stands between port and router.
        """
        agent = Agent[Ports](
            name="pal",
            model=PortModel(ports.model),
            model_settings=_SETTINGS,
            tools=[STRAY, *(function(tool.name, tool.purpose) for tool in task.tools)],
        )
        result = await Runner.run(
            agent,
            [message(turn) for turn in task.opening],
            context=ports,
            # How often a run may ask is the platform's to limit.
            max_turns=None,
            run_config=_RUN_CONFIG,
        )
        return str(result.final_output)
