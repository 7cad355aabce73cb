"""Everything that holds a rollout back or ends it does so against the services that it is told by."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
import uuid
from collections import defaultdict
from pathlib import Path

import pytest

from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import tool_executor_service_pb2 as tool_pb
from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_adapter_host.echo import EchoRuntime
from pal_gameday.chain import Chain
from pal_log.events import LLM_PROVIDER, TOOL_EXECUTOR, EventWriter
from pal_router.acceptance import run_id_of
from pal_router.split import Affinity, takes_candidate
from pal_rpc.keys import GAMEDAY, private_key
from tests.fakes.seams import Say, Script, seams
from tests.integration.migration.conftest import Bench
from tests.integration.migration.rollouts import (
    Failing,
    applied,
    at,
    labels,
    rollout,
    serving,
    shares,
    standby,
    state,
    until,
    wave,
)
from tests.unit.gameday.seen import evidence, log, receipt

ABORTED = state(pb.ROLLOUT_STATE_ABORTED)
# As many as a defect of a tenth takes; one of all runs is found in far fewer.
MOST_PAIRS = 60
SHADOW_FIRST = ({"shadow": {}, "gates": {"minRuns": 1000}}, {"weight": 100})


def over(status: pb.RolloutStatus) -> bool:
    return status.state != pb.ROLLOUT_STATE_RUNNING


def pairs(status: pb.RolloutStatus) -> int:
    return status.agents[0].counts.pairs


def gate(status: pb.RolloutStatus, name: str) -> pb.RolloutGate:
    return next((one for one in status.gates if one.name.startswith(name)), pb.RolloutGate())


async def test_runs_that_cost_more_than_the_budget_put_everything_back(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    only = wave("canary", {"weight": 100, "gates": {"minRuns": 1000}}, **labels(canary))
    plan = rollout(f"to-{canary}", only, abort={"budget": {"currencyCode": "USD", "nanos": 50_000_000}})
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, plan), at(0, 0))
        await costly(bench, canary, 20_000_000)
        cheap = await until(service, begun, lambda status: status.spent.nanos == 20_000_000)
        await costly(bench, canary, 40_000_000)
        over = await until(service, begun, ABORTED)

    assert cheap.state == pb.ROLLOUT_STATE_RUNNING
    assert over.reason == "budget: 0.06 of 0.05 USD are spent"
    assert await shares(bench, canary) == [("echo", "other", 10_000), ("echo", "", 0)]


async def costly(bench: Bench, agent: str, nanos: int) -> None:
    """Make a live run with a model call that has a price."""
    hold = asyncio.Event()
    run_id = await bench.live(agent, hold=hold)
    cost = common.Money(currency_code="USD", nanos=nanos)
    finished = events.ModelCallFinished(call_id="priced", cost=cost)
    priced = EventWriter(LLM_PROVIDER).event(run_id, common.EXECUTION_MODE_LIVE, 1, model_call_finished=finished)
    await bench.writers[LLM_PROVIDER].append(run_id, [priced])
    hold.set()


async def test_new_runs_that_are_not_shared_as_the_weight_says_put_everything_back(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    only = wave("canary", {"weight": 20, "gates": {"minRuns": 1000}}, {"weight": 100}, **labels(canary))
    async with serving(bench, tmp_path) as service:
        begun = await until(service, await applied(service, rollout(f"to-{canary}", only)), at(0, 0))
        for _ in range(6):
            await bench.live(canary, request_id=drawn(begun.agents[0].present))
        over = await until(service, begun, ABORTED)

    assert "sample-ratio mismatch: 6 of 6 new runs, where the weight is 20 %" in over.reason
    assert await shares(bench, canary) == [("echo", "other", 2000), ("echo", "", 0)]


def drawn(route: registry_pb.Route) -> str:
    """Return the id of a request that *route* sends to its candidate."""
    while True:
        request_id = str(uuid.uuid4())
        if takes_candidate(route, Affinity(run=run_id_of(request_id, "default"))):
            return request_id


async def test_a_figure_out_of_its_bounds_holds_a_step_back_until_it_is_within(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary = agents[0]
    objective = {"metric": "success", "atLeast": 0.6, "minRuns": 2}
    steps = {"weight": 50, "gates": {"minRuns": 1, "slo": [objective]}}, {"weight": 100, "gates": {"minRuns": 1000}}
    async with serving(bench, tmp_path) as service:
        plan = rollout(f"to-{canary}", wave("canary", *steps, **labels(canary)))
        begun = await until(service, await applied(service, plan), at(0, 0))
        route = begun.agents[0].present
        await bench.live(canary, says=[Say(chunks=[])] * 2, request_id=drawn(route))
        few = await until(service, begun, lambda status: "1 of 2 runs" in gate(status, "slo").detail)
        await bench.live(canary, request_id=drawn(route))
        below = await until(service, begun, lambda status: "0.5 of 2" in gate(status, "slo").detail)
        await bench.live(canary, request_id=drawn(route))
        moved = await until(service, begun, at(0, 1))
        await service.AbortRollout(pb.AbortRolloutRequest())

    assert gate(few, "min-runs").holds and not gate(few, "slo").holds and not gate(below, "slo").holds
    assert gate(few, "slo").detail == f"{canary}: no data (1 of 2 runs)"
    assert (gate(below, "slo").name, gate(below, "slo").detail) == (
        "slo success at least 0.6",
        f"{canary}: 0.5 of 2 runs",
    )
    assert moved.state == pb.ROLLOUT_STATE_RUNNING


async def test_only_a_passed_and_fresh_certificate_lets_a_step_go_on(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary, home = agents[0], tmp_path / "home"
    chain, key = Chain(home / "certificates"), private_key(bench.home / "keys", GAMEDAY)
    passed = dataclasses.replace(evidence([log("r1", 10, receipt())]), ended_ns=time.time_ns())
    failed = dataclasses.replace(passed, broken_off="by hand")
    old = dataclasses.replace(passed, ended_ns=passed.ended_ns - 7_200 * 10**9)
    gates = {"certificate": {"plan": "broken-tool", "maxAge": "3600s"}}
    steps = {"weight": 50, "gates": gates}, {"weight": 100, "gates": {"minRuns": 1000}}
    settings = {"certificates_dir": home / "certificates", "keys_dir": bench.home / "keys"}
    held_back = []
    async with serving(bench, tmp_path, **settings) as service:
        plan = rollout(f"to-{canary}", wave("canary", *steps, **labels(canary)))
        begun = await until(service, await applied(service, plan), at(0, 0))
        await bench.live(canary, request_id=drawn(begun.agents[0].present))
        for made, said in ((None, "no certificate"), (failed, "FAIL"), (old, "old")):
            if made is not None:
                chain.add(made, key)
            status = await until(service, begun, lambda status, said=said: said in gate(status, "certificate").detail)
            held_back.append((status.step, gate(status, "certificate").holds))
        chain.add(passed, key)
        moved = await until(service, begun, at(0, 1))
        await service.AbortRollout(pb.AbortRolloutRequest())

    assert held_back == [(0, False)] * 3
    assert moved.state == pb.ROLLOUT_STATE_RUNNING


async def test_a_hard_finding_ends_a_shadow_before_anything_has_moved(bench: Bench, tmp_path: Path) -> None:
    agent, twice = f"payer-{uuid.uuid4().hex[:8]}", f"twice-{uuid.uuid4().hex[:8]}"
    await bench.registry.Apply(registry_pb.ApplyRequest(text=paying(agent)))
    plan = rollout(f"to-{twice}", wave("canary", *SHADOW_FIRST, payer=agent), candidate=twice)
    pays = [Say(calls=[(call, "pay", '{"sum": 5}')]) for call in ("c1", "c2")]
    async with serving(bench, tmp_path) as service, seams() as (own, _), standby(bench, twice, EchoRuntime(), own):
        own.scripts = defaultdict(
            lambda: Script(says=[*pays, Say(chunks=["Paid."])], tools={"pay": lambda call: pay(bench, call)})
        )
        begun = await until(service, await applied(service, plan), at(0, 0))
        await bench.live(agent)
        over = await until(service, begun, ABORTED)

    assert f"{agent}: hard finding in 1 of 1 pairs: pay was done 2 times by B" in over.reason
    assert await shares(bench, agent) == [] and not over.agents[0].shadow_id


def paying(agent: str) -> str:
    """Return an agent of its own that may pay, as a wave finds it by its label."""
    tool = {
        "apiVersion": "pal/v1",
        "kind": "ToolSpec",
        "metadata": {"name": "pay", "version": "1.0.0"},
        "spec": {
            "purpose": "Pays.",
            "input": {"type": "object"},
            "timing": {"timeout": "5s"},
            "effect": {"effectClass": "WRITE"},
        },
    }
    document = {
        "apiVersion": "pal/v1",
        "kind": "AgentSpec",
        "metadata": {"name": agent, "version": "1.0.0", "labels": {"payer": agent}},
        "spec": {"objective": "Pay.", "tools": ["pay"]},
    }
    return f"{json.dumps(tool)}\n---\n{json.dumps(document)}"


async def pay(bench: Bench, call: tool_pb.ExecuteToolRequest) -> str:
    """Pay, and record it as the tool executor does."""
    write, mode = EventWriter(TOOL_EXECUTOR), common.EXECUTION_MODE_SHADOW
    asked = events.ToolCallRequested(
        call_id=call.call_id,
        tool=common.SpecRef(name="pay", version="1.0.0"),
        arguments=common.Payload(json='{"sum": 5}'),
        effect_class=tools.EFFECT_CLASS_WRITE,
    )
    ended = events.ToolCallFinished(call_id=call.call_id, outcome=events.TOOL_CALL_OUTCOME_SUCCEEDED)
    run_id = call.lease.run_id
    recorded = [
        write.event(run_id, mode, 1, tool_call_requested=asked),
        write.event(run_id, mode, 1, tool_call_finished=ended),
    ]
    await bench.writers[TOOL_EXECUTOR].append(run_id, recorded)
    return "paid"


@pytest.mark.drill
async def test_a_candidate_that_reaches_less_fails_the_verdict_and_ends_the_shadow(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary, failing = agents[0], f"failing-{agents[0]}"
    plan = rollout(f"to-{canary}", wave("canary", *SHADOW_FIRST, **labels(canary)), candidate=failing)
    runs = 0
    async with serving(bench, tmp_path) as service, standby(bench, failing, Failing()):
        begun = status = await until(service, await applied(service, plan), at(0, 0))
        while status.state == pb.ROLLOUT_STATE_RUNNING and runs < MOST_PAIRS:
            await bench.live(canary)
            runs += 1
            status = await until(
                service, begun, lambda now, least=runs: over(now) or now.agents[0].counts.pairs >= least
            )
        ended = await until(service, begun, ABORTED)

    assert f"{canary}: verdict FAIL: " in ended.reason and 5 <= runs < MOST_PAIRS
    assert ended.agents[0].verdict == comparisons.VERDICT_OUTCOME_FAIL
    assert await shares(bench, canary) == []
