"""The order of a plan's stages."""

from __future__ import annotations

import pytest

from pal.v1 import agent_spec_pb2 as agents
from pal_log.plans import cycle, last_stages


def plan(**after: str) -> list[agents.PlanStage]:
    """Return stages; the value of each names those it comes after."""
    return [agents.PlanStage(id=name, after=names.split()) for name, names in after.items()]


@pytest.mark.parametrize(
    ("stages", "around"),
    [
        (plan(a="", b="a", c="a", d="b c"), []),
        (plan(a="a"), ["a"]),
        (plan(a="c", b="a", c="b"), ["a", "c", "b"]),
        (plan(a="", b="a d", c="b", d="c"), ["b", "d", "c"]),
        (plan(a="missing"), []),
        ([], []),
    ],
)
def test_stages_that_wait_for_each_other_are_found(stages: list[agents.PlanStage], around: list[str]) -> None:
    assert cycle(stages) == around


def test_the_last_stages_are_those_that_nothing_comes_after() -> None:
    assert [stage.id for stage in last_stages(plan(a="", b="a", c="a"))] == ["b", "c"]
    assert [stage.id for stage in last_stages(plan(a="", b="a"))] == ["b"]
