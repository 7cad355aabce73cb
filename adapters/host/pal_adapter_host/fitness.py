"""What stands in the way of an agent on a runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import jsonschema_rs

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import tool_spec_pb2 as tool_specs
from pal_adapter_host.runtime import Runtime

_SWITCHES = (
    "tool_calling",
    "human_in_loop",
    "multimodal",
    "streaming",
    "parallel_tool_calls",
    "structured_output",
)


def problems(runtime: Runtime, agent: agents.AgentSpec, tools: Sequence[tool_specs.ToolSpec]) -> list[rt.AgentProblem]:
    """Return everything that keeps *runtime* from carrying out *agent* with *tools*."""
    return [*_missing(runtime, agent), *_unsound(agent, tools), *runtime.problems(agent, tools)]


def _missing(runtime: Runtime, agent: agents.AgentSpec) -> Iterator[rt.AgentProblem]:
    requires, has, name = agent.spec.requires, runtime.capability.capabilities, runtime.capability.runtime
    if agent.spec.plan.stages and "workflow" not in has.modes:
        yield _lacks("modes", f"runtime {name} carries out no spec.plan: it works in {', '.join(has.modes)} only")
    elif requires.modes and not set(requires.modes) & set(has.modes):
        yield _lacks("modes", f"runtime {name} works in {', '.join(has.modes)} only")
    for switch in _SWITCHES:
        if getattr(requires, switch) and not getattr(has, switch):
            yield _lacks(switch, f"runtime {name} does not declare {switch}")
    if requires.min_context_tokens > has.max_context_tokens:
        yield _lacks("min_context_tokens", f"runtime {name} hands a model {has.max_context_tokens} tokens at most")


def _unsound(agent: agents.AgentSpec, tools: Sequence[tool_specs.ToolSpec]) -> Iterator[rt.AgentProblem]:
    names = [tool.metadata.name for tool in tools]
    for name in sorted({name for name in names if names.count(name) > 1}):
        message = f"two tools are called {name}; a model cannot tell them apart"
        yield rt.AgentProblem(field="spec.tools", reason="INVALID_DOCUMENT", message=message)
    schemas = [("spec.output.schema", agent.spec.output.schema.text)]
    schemas += [(f"tools[{place}].spec.input", tool.spec.input.text) for place, tool in enumerate(tools)]
    for field, text in schemas:
        if text and not _is_schema(text):
            yield rt.AgentProblem(field=field, reason="INVALID_DOCUMENT", message=f"{field} is no JSON Schema")


def _is_schema(text: str) -> bool:
    try:
        jsonschema_rs.validator_for(text)
    except ValueError:
        return False
    return True


def _lacks(field: str, message: str) -> rt.AgentProblem:
    return rt.AgentProblem(field=f"spec.requires.{field}", reason="CAPABILITY_MISSING", message=message)
