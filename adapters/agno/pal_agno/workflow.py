"""Stages on agno's own workflow engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pal_adapter_host.runtime import CarryOut, Stage

try:
    # Before 3.0 it cannot be imported without a web framework that agno does not bring along.
    from agno import workflow as engine
except ImportError:
    engine = None  # type: ignore[assignment]


def available() -> bool:
    """Tell whether the installed agno has a workflow engine."""
    return engine is not None


async def carry_out_in_order(stages: Sequence[Stage], carry_out: CarryOut) -> None:
    """Carry out *stages*: one step for each, level by level, those of a level side by side."""
    steps = [_side_by_side(level, carry_out) for level in levels(stages)]
    # agno takes a failed step for a step; the host ends the run, and begins nothing more.
    await engine.Workflow(name="plan", steps=steps, telemetry=False).arun(input="begin")


def levels(stages: Sequence[Stage]) -> list[list[str]]:
    """Return the ids of *stages* in levels: each stage right after the last level that it comes after."""
    waits = {stage.id: set(stage.after) for stage in stages}
    found: list[list[str]] = []
    while waits:
        ready = [stage_id for stage_id, after in waits.items() if not after & waits.keys()]
        found.append(ready)
        waits = {stage_id: after for stage_id, after in waits.items() if stage_id not in ready}
    return found


def _side_by_side(level: Sequence[str], carry_out: CarryOut) -> Any:
    steps: list[Any] = [
        engine.Step(name=stage_id, executor=_executor(stage_id, carry_out), max_retries=0) for stage_id in level
    ]
    return steps[0] if len(steps) == 1 else engine.Parallel(*steps, name=" and ".join(level))


def _executor(stage_id: str, carry_out: CarryOut) -> Callable[[Any], Awaitable[Any]]:
    async def execute(step_input: Any) -> Any:
        await carry_out(stage_id)
        return engine.StepOutput(content=stage_id)

    return execute
