"""What two runs are compared by: the documents they pin, the prices, the check of a team, and the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_diff.prices import PINNED, PriceTable
from pal_diff.rules import NO_RULES, Rules, compiled, with_defaults
from pal_diff.values import read

Log = Sequence[events.RunEvent]
# True for reached, False for missed, None where the run says nothing about it.
Check = Callable[[Log], bool | None]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How two runs are compared.

    A tool without a ToolSpec in *tools* counts as an irreversible write, as its record says or worse. *contents* holds
    what the log keeps elsewhere, by digest; what is missing there is compared by digest alone.
    """

    agent: agents.AgentSpec | None = None
    tools: Mapping[str, tools.ToolSpec] = field(default_factory=dict)
    prices: PriceTable = PINNED
    check: Check | None = None
    check_name: str = "check"
    contents: Mapping[str, bytes] = field(default_factory=dict)
    max_findings: int = 200
    max_calls: int = 2000
    max_fields: int = 2000
    # Larger content is compared as bytes: parsed JSON takes about ten times its size in memory.
    max_parsed_bytes: int = 16 * 1024 * 1024

    @cached_property
    def output_rules(self) -> Rules:
        """Return what of outputs and artifacts may differ."""
        return compiled(self.agent.spec.comparison.output) if self.agent else NO_RULES

    @cached_property
    def argument_rules(self) -> Mapping[str, Rules]:
        """Return what of the arguments may differ, by tool."""
        return {
            name: with_defaults(compiled(tool.spec.equivalence.input), tool.spec.input.text)
            for name, tool in self.tools.items()
        }

    @cached_property
    def argument_schemas(self) -> Mapping[str, Any]:
        """Return the schemas of the arguments, by tool; what cannot be read is absent."""
        found = {name: read(tool.spec.input.text or "{}") for name, tool in self.tools.items()}
        return {name: schema for name, schema in found.items() if isinstance(schema, dict)}

    @cached_property
    def result_rules(self) -> Mapping[str, Rules]:
        """Return what of the results may differ, by tool."""
        return {name: compiled(tool.spec.equivalence.output) for name, tool in self.tools.items()}

    @cached_property
    def irreversible(self) -> Mapping[str, bool]:
        """Return whether a write of each known tool cannot be taken back."""
        reversible = (tools.REVERSIBILITY_COMPENSATABLE, tools.REVERSIBILITY_STAGED)
        return {name: tool.spec.effect.reversibility not in reversible for name, tool in self.tools.items()}

    @cached_property
    def repeatable(self) -> frozenset[str]:
        """Return the tools of which a second call with the same arguments is harmless."""
        natural = tools.IDEMPOTENCY_KIND_NATURAL
        return frozenset(name for name, tool in self.tools.items() if tool.spec.effect.idempotency == natural)
