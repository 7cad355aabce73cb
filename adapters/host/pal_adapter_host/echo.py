"""The reference loop: one model call, then tools until none are asked for. No SDK, so it shows what the host costs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import runtime_capability_pb2 as capability
from pal.v1 import tool_spec_pb2 as tools
from pal_adapter_host import host
from pal_adapter_host.dialogue import AGENT, USER, Turn, text_of
from pal_adapter_host.runtime import CarryOut, Ports, Stage, Task
from pal_log.payload import content_text

VERSION = "0.1.0"
CAPABILITY = capability.RuntimeCapability(
    runtime="echo",
    version=">=0.1.0 <0.2.0",
    adapter_version=VERSION,
    capabilities=capability.RuntimeFeatures(
        modes=["conversational", "workflow"],
        tool_calling=True,
        human_in_loop=True,
        multimodal=False,
        streaming=True,
        max_context_tokens=128_000,
        parallel_tool_calls=True,
        structured_output=True,
    ),
    limits=capability.RuntimeLimits(concurrent_runs=64),
)


class EchoRuntime:
    """Does what the ports say and nothing else."""

    capability = CAPABILITY
    installed_version = VERSION

    def problems(self, agent: agents.AgentSpec, tools: Sequence[tools.ToolSpec]) -> list[rt.AgentProblem]:
        """Return nothing: it takes whatever it declares."""
        return []

    async def warm_up(self) -> None:
        """Do nothing: the first run is as fast as the second."""

    async def run(self, task: Task, ports: Ports) -> str:
        """Ask, call what is asked for, ask again."""
        turns = list(task.opening)
        offered = [tool.name for tool in task.tools]
        while True:
            answer = await ports.model.ask(turns, offered)
            text, calls = text_of(answer.message.parts), answer.message.tool_calls
            if not calls:
                return text
            results = await asyncio.gather(*(ports.tools.call(call.call_id) for call in calls))
            turns.append(Turn(role=AGENT, text=text, call_ids=[call.call_id for call in calls]))
            turns.append(Turn(role=USER, results={r.call_id: content_text(r.result) for r in results}))

    async def workflow(self, stages: Sequence[Stage], carry_out: CarryOut) -> None:
        """Begin every stage as soon as those it comes after are over."""
        over = {stage.id: asyncio.Event() for stage in stages}

        async def go(stage: Stage) -> None:
            for name in stage.after:
                await over[name].wait()
            await carry_out(stage.id)
            over[stage.id].set()

        async with asyncio.TaskGroup() as group:
            for stage in stages:
                group.create_task(go(stage))


if __name__ == "__main__":
    host.run(EchoRuntime)
