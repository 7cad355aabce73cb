"""Rollouts go on when their gates hold, come back when something is wrong, and leave what others changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import router_service_pb2 as router_pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from tests.fakes.seams import Say
from tests.integration.migration.conftest import Bench, refusal
from tests.integration.migration.rollouts import (
    Failing,
    applied,
    at,
    labels,
    revisions,
    rollout,
    serving,
    shares,
    standby,
    state,
    until,
    wave,
)


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
    assert concluded.author == f"rollout to-{canary}" and concluded.mark.startswith(f"{begun.rollout_id}/")
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
    begun_ns, ordered_ns, over_ns = (
        moment.ToNanoseconds() for moment in (aborted.applied_at, aborted.back_ordered_at, aborted.ended_at)
    )
    assert begun_ns < ordered_ns < over_ns
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


@pytest.mark.drill
async def test_what_an_agent_went_by_before_comes_back_after_a_resume_over_a_foreign_route(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    plan = rollout(
        f"to-{canary}",
        wave("canary", {"weight": 5, "gates": {"minRuns": 1000}}, {"weight": 100}, **labels(canary)),
    )
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        selector = pb.RolloutSelector(rollout_id=begun.rollout_id)
        await bench.registry.SetRoute(registry_pb.SetRouteRequest(route=registry_pb.Route(agent=canary, stable="echo")))
        await until(service, begun, state(pb.ROLLOUT_STATE_PAUSED))
        early = await refusal(service.PromoteRollout(pb.PromoteRolloutRequest(rollout=selector)))
        await service.ResumeRollout(pb.ResumeRolloutRequest(rollout=selector, author="somebody"))
        await until(service, begun, lambda status: status.agents[0].present.revision == 3)
        await service.PromoteRollout(pb.PromoteRolloutRequest(rollout=selector, author="somebody", reason="seen"))
        promoted = await until(service, begun, at(0, 1))
        await service.AbortRollout(pb.AbortRolloutRequest(rollout=selector))

    five, whole = ("echo", "other", 500), ("echo", "other", 10_000)
    assert await shares(bench, canary) == [five, ("echo", "", 0), five, whole, ("echo", "", 0)]
    assert "resume it first" in early.message
    assert ("somebody", "seen") in {(entry.who, entry.reason) for entry in promoted.history}


async def test_a_rollout_that_is_done_is_taken_back_but_for_what_somebody_has_set_since(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary, prod_a, prod_b = agents
    plan = rollout(
        f"to-{canary}",
        wave("canary", {"weight": 100}, **labels(canary)),
        wave("prod", {"weight": 100}, **labels(prod_a)),
    )
    selector = pb.RolloutSelector(name=f"to-{canary}")
    asked = pb.RollbackRolloutRequest(rollout=selector, author="somebody", reason="customers call")
    mine = registry_pb.Route(agent=prod_b, stable="other", author="somebody", reason="it stays")
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        early = await refusal(service.RollbackRollout(asked))
        await bench.live(canary)
        await until(service, begun, at(1, 0))
        for agent in (prod_a, prod_b):
            await bench.live(agent)
        done = await until(service, begun, state(pb.ROLLOUT_STATE_DONE))
        await bench.registry.SetRoute(registry_pb.SetRouteRequest(route=mine))
        back = (await service.RollbackRollout(asked)).status
        again = await refusal(service.RollbackRollout(asked))
        unknown = await refusal(
            service.RollbackRollout(pb.RollbackRolloutRequest(rollout=pb.RolloutSelector(name=f"too-{canary}")))
        )

    assert back.state == pb.ROLLOUT_STATE_ROLLED_BACK and back.reason == "customers call"
    assert not done.HasField("back_ordered_at")
    assert done.ended_at.ToNanoseconds() < back.back_ordered_at.ToNanoseconds() < back.ended_at.ToNanoseconds()
    moved = [("echo", "other", 10_000), ("other", "", 0)]
    for agent in (canary, prod_a):
        assert await shares(bench, agent) == [*moved, ("echo", "", 0)]
        last = (await revisions(bench, agent))[-1]
        assert last.author == f"rollout to-{canary}" and "customers call" in last.reason and not last.fallbacks
    assert (await revisions(bench, prod_b))[-1].author == "somebody"
    assert {one.agent: one.left for one in back.agents if one.left}.keys() == {prod_b}
    assert not [watcher for one in back.agents for watcher in one.unacknowledged]
    assert "`pal rollout abort" in early.message and "was rolled back at" in again.message
    assert unknown.reason == reasons.ERROR_REASON_ROLLOUT_NOT_FOUND and f"did you mean to-{canary}?" in unknown.message


@pytest.mark.drill
async def test_what_another_rollout_has_is_not_taken_back_and_what_is_taken_back_may_be_applied_again(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    there = rollout(f"to-{canary}", wave("canary", {"weight": 100}, **labels(canary)))
    back = rollout(f"fro-{canary}", wave("canary", {"weight": 100}, **labels(canary)), candidate="echo")
    asked = pb.RollbackRolloutRequest(rollout=pb.RolloutSelector(name=f"to-{canary}"))
    async with serving(bench, tmp_path) as service:
        for _ in range(2):
            begun = await until(service, await applied(service, there), at(0, 0))
            await bench.live(canary)
            await until(service, begun, state(pb.ROLLOUT_STATE_DONE))
            await service.RollbackRollout(asked)
        third = await until(service, await applied(service, there), at(0, 0))
        await bench.live(canary)
        await until(service, third, state(pb.ROLLOUT_STATE_DONE))
        other = await until(service, await applied(service, back), at(0, 0))
        busy = await refusal(service.RollbackRollout(asked))
        await service.AbortRollout(pb.AbortRolloutRequest(rollout=pb.RolloutSelector(rollout_id=other.rollout_id)))
        left = (await service.RollbackRollout(asked)).status

    assert busy.reason == reasons.ERROR_REASON_ROLLOUT_ACTIVE and f"`pal rollout abort fro-{canary}`" in busy.message
    assert f"rollout fro-{canary} changed the route" in left.agents[0].left
    forth = [("echo", "other", 10_000), ("other", "", 0)]
    assert await shares(bench, canary) == [
        *(*forth, ("echo", "", 0)) * 2,
        *forth,
        ("other", "echo", 10_000),
        ("other", "", 0),
    ]


@pytest.mark.drill
async def test_an_aborted_plan_is_applied_again_and_a_rollout_of_its_own_begins(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    plan = rollout(f"to-{canary}", wave("canary", {"weight": 100}, **labels(canary)))
    async with serving(bench, tmp_path) as service:
        first = await until(service, await applied(service, plan), at(0, 0))
        same = await applied(service, plan)
        await service.AbortRollout(pb.AbortRolloutRequest())
        second = await until(service, await applied(service, plan), at(0, 0))
        await bench.live(canary)
        done = await until(service, second, state(pb.ROLLOUT_STATE_DONE))
        over = await refusal(service.AbortRollout(pb.AbortRolloutRequest()))

    assert same.rollout_id == first.rollout_id != second.rollout_id == done.rollout_id
    whole = ("echo", "other", 10_000)
    assert await shares(bench, canary) == [whole, ("echo", "", 0), whole, ("other", "", 0)]
    assert f"`pal rollout rollback to-{canary}` takes every agent back ({canary} to echo)" in over.message


async def test_an_open_breaker_of_the_candidate_puts_everything_back_by_itself(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    plan = rollout(
        f"to-{canary}",
        wave("canary", {"weight": 100, "gates": {"minRuns": 1000}}, **labels(canary)),
    )
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        for _ in range(60):
            await bench.live(canary, says=[Say(chunks=[])] * 2)
            found = (await service.GetRollout(pb.GetRolloutRequest())).status
            if found.state != pb.ROLLOUT_STATE_RUNNING:
                break
        selector = pb.RolloutSelector(rollout_id=begun.rollout_id)
        frames = [frame.status async for frame in service.WatchRollout(pb.WatchRolloutRequest(rollout=selector))]

    assert frames[-1].state == pb.ROLLOUT_STATE_ABORTED
    # Runs go on until the rollout has seen it.
    assert re.search(r"open breaker: (\d+) of the newest \1 runs failed, last with OUTPUT_EMPTY", frames[-1].reason)
    assert await shares(bench, canary) == [("echo", "other", 10_000), ("echo", "", 0)]


@pytest.mark.drill
async def test_too_few_runs_are_made_up_for_by_replays_that_are_counted_apart(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    for _ in range(4):
        await bench.live(canary)
    gates = {"minRuns": 4, "fill": "ROLLOUT_FILL_REPLAY"}
    plan = rollout(f"to-{canary}", wave("canary", {"weight": 100, "gates": gates}, **labels(canary)))
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        filled = await until(service, begun, lambda status: status.agents[0].counts.replayed >= 4)
        await bench.live(canary)
        await until(service, begun, state(pb.ROLLOUT_STATE_DONE))

    assert filled.state == pb.ROLLOUT_STATE_RUNNING and filled.agents[0].counts.ended == 0
    query = router_pb.ListRunsRequest()
    query.query.labels["pal.rollout"] = begun.rollout_id
    replays = (await bench.router.ListRuns(query)).runs
    assert len(replays) == 4 and {run.runtime for run in replays} == {"other"}


@pytest.mark.drill
async def test_a_shadow_comes_first_and_ends_with_the_rollout(bench: Bench, agents: list[str], tmp_path: Path) -> None:
    canary = agents[0]
    plan = rollout(
        f"to-{canary}",
        wave("canary", {"shadow": {}, "gates": {"minRuns": 2}}, {"weight": 100}, **labels(canary)),
    )
    async with serving(bench, tmp_path, rollout_figures_seconds=60.0) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        routes = await shares(bench, canary)
        for _ in range(2):
            await bench.live(canary)
        moved = await until(service, begun, at(0, 1))
        await service.AbortRollout(pb.AbortRolloutRequest())
        over = (await service.GetRollout(pb.GetRolloutRequest())).status

    assert routes == [] and moved.agents[0].shadow_id and not over.agents[0].shadow_id
    assert f"shadow of {canary} ended" in [entry.what for entry in over.history]


REFUSED = [
    ({"labels": {"tier": "none-such"}}, {}, reasons.ERROR_REASON_INVALID_FIELD, "no agent has tier: none-such"),
    ({}, {"candidate": "othr"}, reasons.ERROR_REASON_RUNTIME_NOT_FOUND, "did you mean other?"),
    ({"labels": {"tier": "canary"}}, {}, reasons.ERROR_REASON_CAPABILITY_MISSING, "agent seer requires: multimodal"),
    ({"steps": [{"weight": 90}]}, {}, reasons.ERROR_REASON_INVALID_FIELD, "write 100"),
    ({"steps": []}, {}, reasons.ERROR_REASON_INVALID_FIELD, "write at least one step"),
]


@pytest.mark.parametrize(("change", "spec", "reason", "said"), REFUSED)
async def test_a_plan_that_does_not_fit_the_mesh_is_refused_with_field_and_fix(
    bench: Bench,
    agents: list[str],
    tmp_path: Path,
    change: dict[str, Any],
    spec: dict[str, Any],
    reason: reasons.ErrorReason,
    said: str,
) -> None:
    only = {**wave("canary", {"weight": 100}, **labels(agents[0])), **change}
    async with serving(bench, tmp_path) as service:
        request = pb.ApplyRolloutRequest(rollout=rollout("wrong", only, **spec))
        error = await refusal(service.ApplyRollout(request))
        listed = await service.ListRollouts(pb.ListRolloutsRequest())

    assert error.reason == reason and said in error.message
    assert error.metadata["field"].startswith("spec.") and not listed.rollouts


async def test_one_rollout_has_an_agent_at_a_time(bench: Bench, agents: list[str], tmp_path: Path) -> None:
    canary = agents[0]
    only = wave("canary", {"weight": 100}, **labels(canary))
    async with serving(bench, tmp_path) as service:
        await until(service, await applied(service, rollout("first", only)), at(0, 0))
        second = await refusal(service.ApplyRollout(pb.ApplyRolloutRequest(rollout=rollout("second", only))))
        await service.AbortRollout(pb.AbortRolloutRequest())
    trial = registry_pb.Route(agent=canary, stable="echo", candidate="other", candidate_basis_points=100)
    await bench.registry.SetRoute(registry_pb.SetRouteRequest(route=trial))
    async with serving(bench, tmp_path) as service:
        on_trial = await refusal(service.ApplyRollout(pb.ApplyRolloutRequest(rollout=rollout("second", only))))

    assert second.reason == on_trial.reason == reasons.ERROR_REASON_ROLLOUT_ACTIVE
    assert "pal rollout abort first" in second.message
    assert f"pal route rollback {canary}" in on_trial.message


@pytest.mark.drill
async def test_a_rollback_while_a_share_is_being_set_comes_right_behind_it(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    plan = rollout(f"to-{canary}", wave("canary", {"weight": 50}, {"weight": 100}, **labels(canary)))
    # A router that follows and does not say so keeps the controller waiting.
    watcher = f"silent-{canary}"
    silent = bench.registry.Watch(registry_pb.RegistryServiceWatchRequest(watcher=watcher))
    told = await silent.read()
    async with serving(bench, tmp_path) as service:
        begun = await applied(service, plan)
        while not await shares(bench, canary):
            told = await silent.read()
        setting = (await service.GetRollout(pb.GetRolloutRequest())).status
        aborting = service.AbortRollout(pb.AbortRolloutRequest(reason="at once"))
        await until(service, begun, state(pb.ROLLOUT_STATE_ABORTING))
        while not any(route.agent == canary and not route.candidate_basis_points for route in told.routes):
            told = await silent.read()
        await bench.registry.Acknowledge(registry_pb.AcknowledgeRequest(watcher=watcher, position=told.position))
        over = (await aborting).status
        await bench.registry.Acknowledge(registry_pb.AcknowledgeRequest(watcher=watcher))
        silent.cancel()

    assert setting.agents[0].placing.mark and not setting.HasField("step_began_at")
    assert any(f"not yet by silent-{canary}" in entry.what for entry in over.history)
    assert not over.agents[0].unacknowledged
    assert over.state == pb.ROLLOUT_STATE_ABORTED
    assert await shares(bench, canary) == [("echo", "other", 5000), ("echo", "", 0)]


async def test_a_run_that_the_candidate_failed_counts_against_it_although_production_finished_it(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary, failing = agents[0], f"failing-{agents[0]}"
    only = wave("canary", {"weight": 100, "gates": {"minRuns": 1000}}, **labels(canary))
    plan = rollout(f"to-{canary}", only, candidate=failing, abort={"breaker": False})
    async with serving(bench, tmp_path) as service, standby(bench, failing, Failing()):
        begun = await until(service, await applied(service, plan), at(0, 0))
        for _ in range(3):
            run_id = await bench.live(canary)
        counted = await until(service, begun, lambda status: status.agents[0].counts.ended == 3)
        selector = pb.RolloutSelector(rollout_id=begun.rollout_id)
        await service.AbortRollout(pb.AbortRolloutRequest(rollout=selector))

    assert counted.agents[0].counts.succeeded == 0
    finished = [event async for event in bench.record.log(run_id)][-1].run_finished
    assert finished.outcome == events.RUN_OUTCOME_SUCCEEDED


@pytest.mark.drill
async def test_a_candidate_that_is_lost_puts_everything_back(bench: Bench, agents: list[str], tmp_path: Path) -> None:
    canary, lost = agents[0], f"lost-{agents[0]}"
    only = wave("canary", {"weight": 50}, {"weight": 100}, **labels(canary))
    plan = rollout(f"to-{canary}", only, candidate=lost, abort={"adapterGrace": "0.1s"})
    async with serving(bench, tmp_path) as service:
        async with standby(bench, lost, EchoRuntime()):
            begun = await until(service, await applied(service, plan), at(0, 0))
        over = await until(service, begun, state(pb.ROLLOUT_STATE_ABORTED))
        again = await refusal(service.ApplyRollout(pb.ApplyRolloutRequest(rollout=plan)))

    assert (again.reason, again.metadata["field"]) == (reasons.ERROR_REASON_RUNTIME_UNAVAILABLE, "spec.candidate")
    assert f"lost adapter: {lost} has taken no runs for" in over.reason
    assert await shares(bench, canary) == [("echo", lost, 5000), ("echo", "", 0)]
