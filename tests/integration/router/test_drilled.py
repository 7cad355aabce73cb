"""A router in drills: an adapter of an old version, and a clock that is off, are met by name and corrupt no log."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import fault_pb2 as faults
from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from pal_router.driver import LEASE_MARGIN_SECONDS
from pal_rpc.identity import OPERATOR, issue_token
from pal_rpc.keys import MESH, private_key
from tests.fakes.drills import Drills
from tests.fakes.seams import Say, Script
from tests.integration.router.conftest import Bench

SUCCEEDED, FAILED, LIMITED = events.RUN_OUTCOME_SUCCEEDED, events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_LIMITED
STAGED = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: staged, version: 1.0.0}
spec:
  objective: Plan.
  plan: {stages: [{id: root, objective: Begin.}, {id: join, objective: Join., after: [root]}]}
"""
MINUTE = common.RunLimits()
MINUTE.max_duration.FromSeconds(60)


@pytest.fixture(scope="module")
def router_options() -> dict[str, Any]:
    return {"drills": True}


@pytest.fixture(scope="module")
def drills(bench: Bench) -> Drills:
    return Drills(bench.registry, issue_token(private_key(bench.keys, MESH), OPERATOR))


async def drilled(bench: Bench, fault: registry.Fault, **fields: object) -> list[events.RunEvent]:
    """Run an agent in the drill of *fault*; it says hello, in every stage that it is asked for."""
    request_id = str(uuid.uuid4())
    script: Script = bench.script(request_id, Say(chunks=["hello"]))
    script.stages = {name: [Say(chunks=[name])] for name in ("root", "join")}
    return await bench.run(request_id, drill_id=fault.drill_id, **fields)


def receipts(log: list[events.RunEvent]) -> list[tuple[int, str]]:
    return [(fact.fault_injected.kind, fact.fault_injected.target) for fact in log if fact.type == "fault.injected"]


async def test_an_old_adapter_carries_out_what_it_knows(bench: Bench, drills: Drills) -> None:
    fault = await drills.put(faults.FAULT_KIND_ADAPTER_OLD)

    log = await drilled(bench, fault)

    assert violations(log) == []
    assert log[-1].run_finished.outcome == SUCCEEDED
    assert receipts(log) == [(faults.FAULT_KIND_ADAPTER_OLD, "attempt 1")]


async def test_an_old_adapter_that_does_not_know_stages_is_refused_by_name(bench: Bench, drills: Drills) -> None:
    await bench.apply(STAGED)
    fault = await drills.put(faults.FAULT_KIND_ADAPTER_OLD)

    log = await drilled(bench, fault, agent="staged")

    ended = log[-1].run_finished
    assert violations(log) == []
    assert (ended.outcome, ended.failure.reason) == (FAILED, "ADAPTER_PROTOCOL")
    assert "it succeeded without stage root" in ended.failure.message


@pytest.mark.parametrize("backward", [False, True])
async def test_a_clock_that_is_off_within_the_time_of_the_run_changes_no_order(
    bench: Bench, drills: Drills, backward: bool
) -> None:
    fault = await drills.put(faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=30, backward=backward, service="router")

    log = await drilled(bench, fault, limits=MINUTE)

    off = [entry.occurred_at.ToNanoseconds() / 1e9 - time.time() for entry in log if entry.type == "message.added"]
    assert violations(log) == []
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    assert log[-1].run_finished.outcome == SUCCEEDED
    assert receipts(log) == [(faults.FAULT_KIND_CLOCK_SKEW, "attempt 1")]
    assert off == [pytest.approx(-30 if backward else 30, abs=10)]


async def test_a_clock_ahead_of_the_time_of_the_run_ends_it_by_name(bench: Bench, drills: Drills) -> None:
    fault = await drills.put(faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=90, service="router")

    log = await drilled(bench, fault, limits=MINUTE)

    ended = log[-1].run_finished
    assert violations(log) == []
    assert (ended.outcome, ended.failure.reason) == (LIMITED, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize(("delay_seconds", "backward"), [(30, False), (300, True)])
async def test_a_lease_lives_neither_longer_nor_shorter_for_a_clock_that_is_off(
    bench: Bench, drills: Drills, delay_seconds: float, backward: bool
) -> None:
    fault = await drills.put(
        faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=delay_seconds, backward=backward, service="router"
    )
    began = time.time()

    log = await drilled(bench, fault, limits=MINUTE)

    (asked,) = bench.fakes.scripts[log[0].run_id].asked
    assert asked.lease.expires_at.seconds - began == pytest.approx(60 + LEASE_MARGIN_SECONDS, abs=10)


async def test_a_clock_of_another_service_is_not_the_routers(bench: Bench, drills: Drills) -> None:
    fault = await drills.put(faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=90, service="tool_executor")

    log = await drilled(bench, fault, limits=MINUTE)

    assert (log[-1].run_finished.outcome, receipts(log)) == (SUCCEEDED, [])
