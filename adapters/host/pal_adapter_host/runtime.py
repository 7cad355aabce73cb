"""What a runtime has to offer the host, and what the host offers a runtime."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import runtime_capability_pb2 as capability
from pal.v1 import tool_spec_pb2 as tools
from pal_adapter_host.dialogue import Turn


@dataclass(frozen=True, kw_only=True)
class Task:
    """One run as a runtime sees it.

    *opening* is what the model is told first: instructions, conversation so far, input. It is the same for every
    runtime. *tools* are what the model may ask for, in the order of the agent.
    """

    run_id: str
    opening: Sequence[Turn]
    tools: Sequence[llm.ModelTool]


class ModelPort(Protocol):
    """The only way of a run to a model."""

    async def ask(self, turns: Sequence[Turn], tools: Sequence[str]) -> llm.ModelAnswer:
        """Return the answer to *turns*, with the tools of these names on offer.

        The port passes on text while it is produced, adds the message to the record and restores calls and results to
        what they were before the runtime took them apart.

        Raises:
            MeshError: the run cannot go on. Let it through.
        """
        ...


class ToolPort(Protocol):
    """The only way of a run to a tool."""

    async def call(self, call_id: str) -> llm.ModelToolResult:
        """Return what the call that the model asked for under *call_id* gave.

        The arguments are the model's own, character for character; what the runtime made of them does not matter.
        Never raises: a call that failed is a result that says so.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What a run may do."""

    model: ModelPort
    tools: ToolPort


class Runtime(Protocol):
    """A runtime behind the host."""

    @property
    def capability(self) -> capability.RuntimeCapability:
        """The declaration."""
        ...

    @property
    def installed_version(self) -> str:
        """Exact version of the SDK in use."""
        ...

    def problems(self, agent: agents.AgentSpec, tools: Sequence[tools.ToolSpec]) -> list[rt.AgentProblem]:
        """Return what stands in the way of *agent* beyond the declaration."""
        ...

    async def warm_up(self) -> None:
        """Do whatever makes the first run slow."""
        ...

    async def run(self, task: Task, ports: Ports) -> str:
        """Carry out *task* and return the final text.

        Runs side by side with others and may be cancelled at any await. Whatever it raises ends the run.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a plan as a runtime sees it: when it may begin is all there is to know."""

    id: str
    # Stages that have to be over first, each of the same plan.
    after: Sequence[str]


CarryOut = Callable[[str], Awaitable[None]]


@runtime_checkable
class Workflow(Protocol):
    """What a runtime that declares the mode "workflow" can do besides: bring stages into their order."""

    async def workflow(self, stages: Sequence[Stage], carry_out: CarryOut) -> None:
        """Await *carry_out* once for the id of every stage, and return when all are over.

        A stage is carried out as soon as those it comes after are, side by side with whatever else may go on. The host
        knows what a stage is given and what it handed on; *carry_out* comes back to :meth:`Runtime.run` for it. What
        *carry_out* raises ends the run: try nothing again and begin nothing more. May be cancelled at any await.
        """
        ...
