"""Required against declared capabilities."""

from __future__ import annotations

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import runtime_capability_pb2 as capabilities

# Names as teams write them in declarations.
_FLAGS = {
    "tool_calling": "toolCalling",
    "human_in_loop": "humanInLoop",
    "multimodal": "multimodal",
    "streaming": "streaming",
    "parallel_tool_calls": "parallelToolCalls",
    "structured_output": "structuredOutput",
}


def missing(agent: agents.AgentDefinition, declared: capabilities.RuntimeCapability) -> list[str]:
    """Return what *agent* needs and *declared* lacks, in the words of declarations; empty when it is eligible.

    What is not declared counts as absent. An agent with tools needs toolCalling whether it says so or not.
    """
    has = declared.capabilities
    needs = agent.requires
    lacking = [
        word
        for field, word in _FLAGS.items()
        if (getattr(needs, field) or (field == "tool_calling" and agent.tools)) and not getattr(has, field)
    ]
    if agent.plan.stages and "workflow" not in has.modes:
        lacking.append("modes: workflow, for spec.plan")
    elif needs.modes and not set(needs.modes) & set(has.modes):
        lacking.append("modes: " + " or ".join(needs.modes))
    if needs.min_context_tokens > has.max_context_tokens:
        lacking.append(f"maxContextTokens: {needs.min_context_tokens}")
    return lacking
