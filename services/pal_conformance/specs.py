"""The agents and tools of the cases."""

from __future__ import annotations

from collections.abc import Sequence

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OBJECTIVE, DIRECTIVE = "Say what {is} so.", "Be short."
SCHEMA = '{"type": "object", "properties": {"zeta": {"type": "integer"}, "alpha": {"const": 5.0}}, "required": []}'


def agent(
    *, schema: str = "", filename: str = "", profile: str = "", plan: Sequence[agents.PlanStage] = ()
) -> agents.AgentSpec:
    """Return an agent; with *schema* it has to answer in JSON, with *plan* it works in stages."""
    return agents.AgentSpec(
        metadata=common.SpecMeta(name="tester", version="1.0.0"),
        spec=agents.AgentDefinition(
            objective=OBJECTIVE,
            directives=[agents.Directive(id="short", text=DIRECTIVE)],
            output=agents.IoContract(schema=common.JsonSchema(text=schema), filename=filename),
            model_needs=agents.ModelNeeds(profile=profile),
            plan=agents.Plan(stages=plan) if plan else None,
        ),
    )


def tool(name: str, schema: str = SCHEMA) -> tools.ToolSpec:
    """Return a tool."""
    return tools.ToolSpec(
        metadata=common.SpecMeta(name=name, version="1.2.3", digest=f"sha256:{name}"),
        spec=tools.ToolDefinition(purpose=f"Does {name}.", input=common.JsonSchema(text=schema)),
    )


ADD, FIND = tool("add"), tool("find")
