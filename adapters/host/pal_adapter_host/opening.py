"""What a model is told first: instructions from the agent, and the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal_adapter_host.dialogue import PLATFORM, USER, Turn
from pal_adapter_host.runtime import Task
from pal_log.payload import content_text


def task(request: rt.RuntimeServiceRunRequest) -> Task:
    """Return the run that *request* asks for, as its runtime sees it."""
    opening = [Turn(role=PLATFORM, text=instructions(request.agent.spec))]
    opening.append(Turn(role=USER, text=content_text(request.input)))
    return Task(
        run_id=request.lease.run_id,
        opening=opening,
        tools=[
            # The schema is passed on as text: key order and number spelling stay what the owner wrote.
            llm.ModelTool(name=tool.metadata.name, purpose=tool.spec.purpose, input=tool.spec.input)
            for tool in request.tools
        ],
    )


def in_stage(agent: agents.AgentDefinition, stage: agents.PlanStage, *, last: bool) -> agents.AgentDefinition:
    """Return *agent* as it works in *stage*: it hands back what the stage hands on, which of the *last* is its own."""
    part = agents.AgentDefinition()
    part.CopyFrom(agent)
    part.ClearField("plan")
    part.objective = f"{agent.objective}\n\nYou work on one stage of this, {stage.id}: {stage.objective}"
    if not last:
        part.output.CopyFrom(stage.output)
        part.ClearField("success_criteria")
    return part


def stage_task(
    request: rt.RuntimeServiceRunRequest,
    part: agents.AgentDefinition,
    stage: agents.PlanStage,
    earlier: Mapping[str, str],
) -> Task:
    """Return *stage* of the run that *request* asks for, whose agent is *part* in it.

    *earlier* are the outputs of the stages it comes after, in the order of the plan.
    """
    whole = task(request)
    opening = [Turn(role=PLATFORM, text=instructions(part)), *whole.opening[1:]]
    opening.extend(Turn(role=USER, text=f"Output of stage {name}:\n\n{text}") for name, text in earlier.items())
    offered = [tool for tool in whole.tools if not stage.tools or tool.name in stage.tools]
    return Task(run_id=whole.run_id, opening=opening, tools=offered)


def instructions(agent: agents.AgentDefinition) -> str:
    """Return what an agent is for and what binds it, in words for a model."""
    return "\n\n".join("\n".join(section) for section in _sections(agent))


def _sections(agent: agents.AgentDefinition) -> Iterator[list[str]]:
    yield [agent.objective]
    preferred = [d.text for d in agent.directives if d.strength == agents.DIRECTIVE_STRENGTH_PREFERRED]
    required = [d.text for d in agent.directives if d.strength != agents.DIRECTIVE_STRENGTH_PREFERRED]
    if required:
        yield ["You must follow these rules:", *_listed(required)]
    if preferred:
        yield ["Follow these rules unless that costs something essential:", *_listed(preferred)]
    if agent.input.description:
        yield [f"You are given: {agent.input.description}"]
    if agent.output.description:
        yield [f"You hand back: {agent.output.description}"]
    if agent.output.schema.text:
        yield ["Answer with JSON that satisfies this schema, and with nothing else:", agent.output.schema.text]
    if agent.success_criteria:
        yield ["The work is done when:", *_listed([criterion.statement for criterion in agent.success_criteria])]


def _listed(texts: list[str]) -> list[str]:
    return [f"- {text}" for text in texts]
