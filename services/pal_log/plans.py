"""The order of a plan's stages."""

from __future__ import annotations

from collections.abc import Sequence

from pal.v1 import agent_spec_pb2 as agents


def last_stages(stages: Sequence[agents.PlanStage]) -> list[agents.PlanStage]:
    """Return the stages that no other comes after; a sound plan has one."""
    followed = {name for stage in stages for name in stage.after}
    return [stage for stage in stages if stage.id not in followed]


def cycle(stages: Sequence[agents.PlanStage]) -> list[str]:
    """Return stages that wait for each other, each before one that it comes after; empty when there are none.

    Names that no stage has are left aside. Goes as deep as there are stages.
    """
    waits = {stage.id: stage.after for stage in stages}
    over: set[str] = set()

    def follow(stage: str, way: list[str]) -> list[str]:
        if stage in way:
            return way[way.index(stage) :]
        if stage in over or stage not in waits:
            return []
        for name in waits[stage]:
            if found := follow(name, [*way, stage]):
                return found
        over.add(stage)
        return []

    return next((found for stage in waits if (found := follow(stage, []))), [])
