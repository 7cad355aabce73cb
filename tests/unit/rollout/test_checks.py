"""A plan that does not hold is refused with the field and the fix."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from pal.v1 import rollout_pb2 as pb
from pal_cli.rollout_plan import drafted
from pal_rollout.checks import problems
from pal_rpc.errors import MeshError

ROOT = Path(__file__).parents[3]
PLAN = """\
apiVersion: pal/v1
kind: Rollout
metadata: {name: move, version: 1.0.0}
spec:
  candidate: langgraph
  waves:
    - name: canary
      labels: {tier: canary}
      steps:
        - {shadow: {sample: 20}, gates: {minRuns: 5}}
        - {weight: 10, gates: {minRuns: 5, slo: [{metric: p95, atMost: 3}]}}
        - {weight: 100}
"""


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "rollouts").glob("*.yaml")), ids=lambda path: path.name)
def test_the_plans_that_ship_hold(path: Path) -> None:
    assert drafted(path.read_text(), str(path)).spec.waves


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("weight: 100", "weight: 5", 12, "weight: 5 does not grow after 10"),
        ("weight: 100", "weight: 10", 12, "weight: 10 does not grow after 10"),
        ("weight: 100", "weight: 101", 12, "101 is not above 0 and at most 100 percent"),
        ("weight: 100", "weight: 99", 12, "the last step of a wave moves all runs; write 100"),
        ("weight: 10,", "weight: 0.001,", 11, "more than two decimals"),
        ("weight: 10,", "weight: 10, shadow: {},", 11, "says both weight and shadow"),
        ("{weight: 100}", "{shadow: {}}", 12, "shadow first"),
        ("{weight: 100}", "{name: x}", 12, "write weight or shadow"),
        ("metric: p95", "metric: sucess", 11, 'there is no figure "sucess"; did you mean success?'),
        ("metric: p95", "metric: happiness", 11, 'there is no figure "happiness"; there are: success'),
        (", atMost: 3", "", 11, "has no bound"),
        ("minRuns: 5}}", "minRunz: 5}}", 10, "unknown field; did you mean minRuns?"),
        ("minRuns: 5}}", "minRuns: -5}}", 10, "cannot be negative"),
        ("minRuns: 5}}", "verdict: FAIL}}", 10, "nothing but PASS is a gate"),
        ("sample: 20", "sample: 120", 10, "120 is not within 0 to 100 percent"),
        ("labels: {tier: canary}", "labels: {}", 8, "say which agents the wave is for"),
        ("candidate: langgraph", "candidate: ''", 5, "name the runtime that the agents are moved to"),
        ("kind: Rollout", "kind: Rolout", 2, 'expected Rollout, found the text "Rolout"'),
        ("metric: p95, atMost: 3", "metric: success, atLeast: 99", 11, "99 is above 1; write 0.99 for 99 %"),
        ("atMost: 3", "atMost: -3", 11, "p95 is never negative, found -3"),
        ("version: 1.0.0", "version: one", 3, '"one" is not a version'),
        ("name: move", "name: Move It", 3, '"Move It" is not a name'),
        ("        - {shadow: {sample: 20}, gates: {minRuns: 5}}\n", "", 10, "begins"),
    ],
)
def test_what_is_wrong_is_named_by_line_with_its_fix(old: str, new: str, line: int, said: str) -> None:
    if said == "begins":
        text = PLAN.replace(old, new).replace("minRuns: 5, slo", "verdict: PASS, slo")
        said = "no step of the wave shadows the candidate"
    else:
        text = PLAN.replace(old, new)
    assert text != PLAN

    with pytest.raises(MeshError) as refused:
        drafted(text, "plan.yaml")

    assert said in refused.value.message
    assert f"plan.yaml:{line}:" in refused.value.message


def test_a_document_of_another_kind_is_told_to_be_one() -> None:
    with pytest.raises(MeshError) as refused:
        drafted(PLAN.replace("kind: Rollout", "kind: AgentSpec"), "plan.yaml")

    assert refused.value.message == 'plan.yaml:2: kind: expected Rollout, found the text "AgentSpec"'


def test_steps_that_are_missing_are_asked_for() -> None:
    text = PLAN[: PLAN.index("      steps:")] + "      steps: []\n"

    with pytest.raises(MeshError, match="write at least one step"):
        drafted(text)
    with pytest.raises(MeshError, match=r"spec\.waves: missing; write at least one wave"):
        drafted(PLAN[: PLAN.index("  waves:")])


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda spec: setattr(spec.abort.burn, "rate", math.nan), "spec.abort.burn.rate"),
        (lambda spec: setattr(spec.abort.burn, "rate", math.inf), "spec.abort.burn.rate"),
        (lambda spec: setattr(spec.waves[0].steps[1].gates.slo[0], "at_most", math.nan), "atMost"),
        (lambda spec: setattr(spec.waves[0].steps[1].gates, "fill", 9), "fill"),
    ],
)
def test_a_message_can_say_nothing_that_a_text_could_not(change: Callable[[pb.RolloutPlan], None], path: str) -> None:
    rollout = drafted(PLAN, "plan.yaml")

    change(rollout.spec)

    assert [where.endswith(path) for where, _ in problems(rollout)] == [True]
