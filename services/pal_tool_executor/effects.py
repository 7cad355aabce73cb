"""What a ToolSpec says about effects."""

from __future__ import annotations

from pal.v1 import tool_spec_pb2 as tools

EFFECTLESS = frozenset({tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ})


def harmless(tool: tools.ToolSpec) -> bool:
    """Tell whether *tool* changes nothing outside; what states nothing is a WRITE."""
    return tool.spec.effect.effect_class in EFFECTLESS
