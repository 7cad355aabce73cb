"""Instructions say what the agent says, once, in a fixed order."""

from __future__ import annotations

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal_adapter_host.opening import instructions


def test_everything_that_binds_the_agent_is_said() -> None:
    agent = agents.AgentDefinition(
        objective="Write test cases.",
        directives=[
            agents.Directive(text="Cover errors."),
            agents.Directive(text="Be brief.", strength=agents.DIRECTIVE_STRENGTH_PREFERRED),
            agents.Directive(text="Invent nothing.", strength=agents.DIRECTIVE_STRENGTH_REQUIRED),
        ],
        input=agents.IoContract(description="a requirement"),
        output=agents.IoContract(description="test cases", schema=common.JsonSchema(text='{"type": "array"}')),
        success_criteria=[agents.SuccessCriterion(statement="Each rule has a case.")],
    )

    assert instructions(agent).split("\n") == [
        "Write test cases.",
        "",
        "You must follow these rules:",
        "- Cover errors.",
        "- Invent nothing.",
        "",
        "Follow these rules unless that costs something essential:",
        "- Be brief.",
        "",
        "You are given: a requirement",
        "",
        "You hand back: test cases",
        "",
        "Answer with JSON that satisfies this schema, and with nothing else:",
        '{"type": "array"}',
        "",
        "The work is done when:",
        "- Each rule has a case.",
    ]


def test_an_agent_that_says_little_gets_little_said() -> None:
    assert instructions(agents.AgentDefinition(objective="Help.")) == "Help."
