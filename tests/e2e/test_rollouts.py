"""Rollouts from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES, Cli

pytestmark = pytest.mark.slow
AGENT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: rolled, version: 1.0.0, labels: {roll: cli}}
spec: {objective: Answer.}
"""
PLAN = """
apiVersion: pal/v1
kind: Rollout
metadata: {name: from-the-cli, version: 1.0.0}
spec:
  candidate: pydantic-ai
  waves:
    - name: only
      labels: {roll: cli}
      steps:
        - {weight: 50, gates: {minRuns: 1000, approval: true}}
        - {weight: 100}
"""


@pytest.fixture
async def plan(pal: Cli, tmp_path: Path) -> str:
    (tmp_path / "agent.yaml").write_text(AGENT)
    applied = await pal("apply", "-f", str(tmp_path / "agent.yaml"))
    assert applied.code == 0, applied.err
    (tmp_path / "plan.yaml").write_text(PLAN)
    return str(tmp_path / "plan.yaml")


async def test_an_operator_steers_a_rollout_to_its_end(pal: Cli, plan: str) -> None:
    checked = await pal("rollout", "apply", plan, "--check")
    begun = await pal("rollout", "apply", plan, "--author", "somebody", "-o", "json")
    under_way = await pal("rollout", "status", "from-the-cli")
    paused = await pal("rollout", "pause", "from-the-cli", "--reason", "lunch")
    watched = await pal("rollout", "watch", "from-the-cli")
    refused = await pal("rollout", "promote", "from-the-cli")
    await pal("rollout", "resume", "from-the-cli")
    approved = await pal("rollout", "approve", "from-the-cli", "-o", "json", "--author", "somebody")
    promoted = await pal("rollout", "promote", "from-the-cli", "--reason", "seen enough")
    for _ in range(2):
        await pal("run", "rolled", "--input", "hello")
    done = await pal("rollout", "watch", "from-the-cli", "-o", "json")
    history = await pal("rollout", "history", "from-the-cli")
    routed = await pal("route", "get", "rolled", "-o", "json")
    back = await pal("rollout", "rollback", "from-the-cli", "--reason", "customers call")
    again = await pal("rollout", "rollback", "from-the-cli")
    over = await pal("rollout", "status", "from-the-cli")
    restored = await pal("route", "get", "rolled", "-o", "json")

    assert checked.code == begun.code == paused.code == promoted.code == 0, begun.err
    assert "1 agent would move to pydantic-ai" in checked.out
    assert under_way.code == watched.code == 8 and "min-runs" in under_way.out and "lunch" in watched.out
    assert refused.code == 4 and "resume it first" in refused.err
    assert approved.json["approvedBy"] == "somebody"
    assert done.code == 0 and done.lines[-1]["state"] == "ROLLOUT_STATE_DONE"
    assert "promoted without min-runs" in history.out and "seen enough" in history.out
    assert routed.json["routes"][0]["stable"] == "pydantic-ai"
    assert back.code == 0 and "rolled back" in back.out and "customers call" in back.out, back.err
    assert again.code == 4 and "was rolled back at" in again.err and over.code == 1
    assert restored.json["routes"][0]["stable"] == "agno"


async def test_what_is_over_is_not_aborted_and_what_is_wrong_is_named(pal: Cli, plan: str) -> None:
    route = await pal("route", "set", "rolled", "agno")
    begun = await pal("rollout", "apply", plan)
    aborted = await pal("rollout", "abort", "from-the-cli", "--reason", "enough")
    status = await pal("rollout", "status", "from-the-cli")
    again = await pal("rollout", "abort", "from-the-cli")
    unknown = await pal("rollout", "status", "from-the-clo")
    Path(plan).write_text(PLAN.replace("weight: 50", "weight: 500"))
    wrong = await pal("rollout", "apply", plan)
    early = await pal("rollout", "rollback", "from-the-cli")
    shipped = await pal("rollout", "apply", str(EXAMPLES / "rollouts" / "to-pydantic-ai.yaml"), "--check")

    assert route.code == begun.code == aborted.code == 0, begun.err + aborted.err
    assert "enough" in aborted.out and status.code == 1
    assert again.code == 4 and "nothing is in progress that could be aborted" in again.err
    assert early.code == 4 and "was aborted" in early.err
    assert unknown.code == 3 and "did you mean from-the-cli?" in unknown.err
    assert wrong.code == 2 and f"{plan}:11: spec.waves[0].steps[0].weight: 500" in wrong.err
    assert shipped.code == 0 and "3 agents would move" in shipped.out
