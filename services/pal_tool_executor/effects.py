"""What a ToolSpec says about effects."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools

EFFECTLESS = frozenset({tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ})
# Runs whose writes reach the world.
ACTING = frozenset({common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_DRILL})
_REVERSIBLE = frozenset({tools.REVERSIBILITY_COMPENSATABLE, tools.REVERSIBILITY_STAGED})


def harmless(tool: tools.ToolSpec) -> bool:
    """Tell whether *tool* changes nothing outside; what states nothing is a WRITE."""
    return tool.spec.effect.effect_class in EFFECTLESS


def drillable(tool: tools.ToolSpec) -> bool:
    """Tell whether a drill may call *tool*: it changes nothing, or what it changes can be taken back."""
    return harmless(tool) or tool.spec.effect.reversibility in _REVERSIBLE
