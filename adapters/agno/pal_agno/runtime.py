"""Runs on agno: an agent and a model of its own for every run, and nothing that outlives it."""

from __future__ import annotations

import importlib.metadata
import logging
import os
from collections.abc import Sequence
from contextvars import ContextVar

# The environment wins over what an agent says, so it has to say the same. Read when agno is imported.
os.environ["AGNO_TELEMETRY"] = "false"
os.environ["AGNO_DEBUG"] = "false"

from agno.agent import Agent
from agno.run.base import RunStatus
from agno.tools.function import Function

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import tool_spec_pb2 as tool_specs
from pal_adapter_host.declaration import declared
from pal_adapter_host.rehearsal import rehearse
from pal_adapter_host.runtime import CarryOut, Ports, Stage, Task, ToolPort
from pal_agno import workflow
from pal_agno.model import PortModel, message
from pal_log.payload import content_text

# Where the one entrypoint of all tools finds the run that it is called in.
_port: ContextVar[ToolPort] = ContextVar("port")


class AgnoFailed(Exception):
    """agno reported an error instead of raising it."""


class AgnoRuntime:
    """Hands each run to agno."""

    installed_version = importlib.metadata.version("agno")

    def __init__(self) -> None:
        """Declare what was measured, as far as this version of agno has it."""
        self.capability = declared("pal_agno")
        if not workflow.available():
            self.capability.capabilities.modes.remove("workflow")

    def problems(self, agent: agents.AgentSpec, tools: Sequence[tool_specs.ToolSpec]) -> list[rt.AgentProblem]:
        """Return nothing: agno sees neither the schemas nor the arguments, so none can trouble it."""
        return []

    async def warm_up(self) -> None:
        """Load what agno loads at the first run and the first tool call."""
        for name in ("agno", "agno-workflow"):
            # What agno has to say about a run is in the result of the run.
            logging.getLogger(name).disabled = True
        await rehearse(self)
        if workflow.available():
            await self.workflow([Stage(id="rehearse", after=())], _nothing)

    async def run(self, task: Task, ports: Ports) -> str:
        """Carry out *task*."""
        _port.set(ports.tools)
        agent = Agent(
            model=PortModel(port=ports.model),
            tools=[_function(tool) for tool in task.tools],
            # The opening is complete: agno adds nothing and fills in no templates.
            build_context=False,
            resolve_in_context=False,
            retries=0,
            telemetry=False,
        )
        output = await agent.arun([message(turn) for turn in task.opening], stream=False, run_id=task.run_id)
        if output.status is not RunStatus.completed:
            raise AgnoFailed(f"{output.status}: {output.content}")
        # Not output.content, which glues the text of all answers together.
        last = output.messages[-1] if output.messages else None
        return str(last.content or "") if last and last.role == "assistant" else ""

    async def workflow(self, stages: Sequence[Stage], carry_out: CarryOut) -> None:
        """Carry out *stages*."""
        await workflow.carry_out_in_order(stages, carry_out)


async def _nothing(stage_id: str) -> None:
    return


async def _entrypoint(call_id: str) -> str:
    return content_text((await _port.get().call(call_id)).result)


def _function(tool: llm.ModelTool) -> Function:
    # agno examines an entrypoint when it first meets it: one for each run would cost as much as the rest of the run.
    return Function(name=tool.name, description=tool.purpose, entrypoint=_entrypoint, skip_entrypoint_processing=True)
