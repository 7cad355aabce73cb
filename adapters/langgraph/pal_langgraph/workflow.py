"""Stages on a graph: a node for each, and an edge wherever one comes after others."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from pal_adapter_host.runtime import CarryOut, Stage
from pal_langgraph.model import UNLIMITED

_CACHED_PLANS = 256
# What has to be over first, by stage.
Plan = tuple[tuple[str, tuple[str, ...]], ...]


class Nothing(TypedDict):
    """What nodes hand to each other: the host knows what a stage is given and what it handed on."""

    nothing: None


@dataclass(frozen=True, kw_only=True)
class Engagement:
    """What one run adds to the graph that all runs of a plan share."""

    carry_out: CarryOut


async def carry_out_in_order(stages: Sequence[Stage], carry_out: CarryOut) -> None:
    """Carry out *stages*, those side by side that LangGraph has in one step.

    What a stage raises ends the step: LangGraph cancels the others and takes no further one.
    """
    plan = tuple((stage.id, tuple(stage.after)) for stage in stages)
    await graph(plan).ainvoke({"nothing": None}, UNLIMITED, context=Engagement(carry_out=carry_out))


@functools.lru_cache(_CACHED_PLANS)
def graph(plan: Plan) -> CompiledStateGraph[Any, Engagement, Any, Any]:
    """Return the graph of *plan*."""
    built: StateGraph[Any, Engagement, Any, Any] = StateGraph(Nothing, Engagement)
    for stage_id, _ in plan:
        built.add_node(_name(stage_id), _node(stage_id))
    for stage_id, after in plan:
        built.add_edge([_name(name) for name in after] or START, _name(stage_id))
    for stage_id in {stage_id for stage_id, _ in plan}.difference(*(after for _, after in plan)):
        built.add_edge(_name(stage_id), END)
    return built.compile()


def _node(stage_id: str) -> Any:
    async def node(state: Nothing, runtime: Runtime[Engagement]) -> None:
        await runtime.context.carry_out(stage_id)

    return node


def _name(stage_id: str) -> str:
    # A stage may have a name that LangGraph keeps for itself.
    return f"stage {stage_id}"
