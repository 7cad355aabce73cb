"""Rollouts go on when their gates hold, come back when something is wrong, and leave what others changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import rollout_service_pb2_grpc as rpc
from pal.v1 import error_reason_pb2 as reasons
from pal_migration.__main__ import Config, migration
from pal_rpc.channels import channel
from tests.integration.migration.conftest import Bench, refusal
from tests.integration.migration.rollouts import applied, at, labels, revisions, rollout, shares, state, until, wave

QUICK = {"rollout_interval_seconds": 0.05, "rollout_figures_seconds": 0.05}


@asynccontextmanager
async def serving(bench: Bench, path: Path, **settings: Any) -> AsyncIterator[rpc.RolloutServiceStub]:
    config = Config(**{**vars(bench.config), "data_dir": path, **QUICK, **settings})
    async with migration(config) as server, channel(server.address) as opened:
        yield rpc.RolloutServiceStub(opened)


async def test_waves_go_on_by_the_runs_that_ended_and_end_with_the_candidate_of_record(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary, prod_a, prod_b = agents
    plan = rollout(
        f"to-{canary}",
        wave("canary", {"weight": 100, "gates": {"minRuns": 2}}, **labels(canary)),
        wave("prod", {"weight": 100}, **labels(prod_a)),
    )
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        untouched = await shares(bench, prod_a)
        for _ in range(2):
            await bench.live(canary)
        second = await until(service, begun, at(1, 0))
        for agent in (prod_a, prod_b):
            await bench.live(agent)
        done = await until(service, second, state(pb.ROLLOUT_STATE_DONE))

    assert untouched == []
    for agent in agents:
        assert await shares(bench, agent) == [("echo", "other", 10_000), ("other", "", 0)]
    concluded = (await revisions(bench, canary))[-1]
    assert list(concluded.fallbacks) == ["echo"] and not concluded.hold
    assert concluded.author == f"rollout to-{canary}" and begun.rollout_id in concluded.reason
    assert [entry.what for entry in done.history if entry.what.startswith("step")] == [
        "step canary/100%",
        "step prod/100%",
    ]


async def test_an_abort_puts_back_every_agent_that_was_moved_by_one_revision_each(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary, prod_a, prod_b = agents
    await bench.registry.SetRoute(registry_pb.SetRouteRequest(route=registry_pb.Route(agent=canary, stable="echo")))
    plan = rollout(
        f"to-{canary}",
        wave("canary", {"weight": 100}, **labels(canary)),
        wave("prod", {"weight": 10, "gates": {"minRuns": 1000}}, {"weight": 100}, **labels(prod_a)),
    )
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        await bench.live(canary)
        await until(service, begun, at(1, 0))
        selector = pb.RolloutSelector(name=f"to-{canary}")
        aborted = (await service.AbortRollout(pb.AbortRolloutRequest(rollout=selector, reason="enough"))).status
        promoted = await refusal(service.PromoteRollout(pb.PromoteRolloutRequest(rollout=selector)))
        again = await refusal(service.AbortRollout(pb.AbortRolloutRequest(rollout=selector)))

    assert aborted.state == pb.ROLLOUT_STATE_ABORTED and aborted.reason == "enough"
    assert await shares(bench, canary) == [("echo", "", 0), ("echo", "other", 10_000), ("echo", "", 0)]
    for agent in (prod_a, prod_b):
        assert await shares(bench, agent) == [("echo", "other", 1000), ("echo", "", 0)]
    for error in (promoted, again):
        assert error.reason == reasons.ERROR_REASON_ROLLOUT_OVER and "was aborted" in error.message
    assert "apply its plan again" in promoted.message and "nothing is in progress" in again.message


async def test_a_route_that_somebody_else_changed_pauses_the_rollout_and_is_left(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    plan = rollout(
        f"to-{canary}",
        wave("canary", {"weight": 5, "gates": {"minRuns": 1000}}, {"weight": 100}, **labels(canary)),
    )
    mine = registry_pb.Route(agent=canary, stable="echo", author="somebody", reason="by hand")
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        await bench.registry.SetRoute(registry_pb.SetRouteRequest(route=mine))
        paused = await until(service, begun, state(pb.ROLLOUT_STATE_PAUSED))
        selector = pb.RolloutSelector(rollout_id=begun.rollout_id)
        aborted = (await service.AbortRollout(pb.AbortRolloutRequest(rollout=selector))).status

    assert "somebody changed the route" in paused.reason and "by hand" in paused.reason
    assert aborted.state == pb.ROLLOUT_STATE_ABORTED and "somebody changed" in aborted.agents[0].left
    assert [one.author for one in await revisions(bench, canary)] == [f"rollout to-{canary}", "somebody"]
