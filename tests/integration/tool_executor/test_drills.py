"""A drill meets the faults that were put, nobody else does, and it writes nothing that cannot be taken back."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest

from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.v1 import common_pb2 as common
from pal.v1 import fault_pb2 as faults
from pal.v1 import run_event_pb2 as events
from pal_rpc.identity import bearer, issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.status import from_rpc_error
from tests.fakes import tools as fakes
from tests.integration.tool_executor.conftest import Bench

DRILL = common.EXECUTION_MODE_DRILL
FAILED, UNKNOWN = events.TOOL_CALL_OUTCOME_FAILED, events.TOOL_CALL_OUTCOME_UNKNOWN
SUCCEEDED, SUPPRESSED = events.TOOL_CALL_OUTCOME_SUCCEEDED, events.TOOL_CALL_OUTCOME_SUPPRESSED
STAGED = {"effectClass": "WRITE", "reversibility": "STAGED"}
CALL = ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]
FAULTED = [*CALL[:2], "fault.injected", CALL[2]]


@pytest.mark.parametrize(
    ("kind", "effect", "outcome", "reason", "calls"),
    [
        (faults.FAULT_KIND_TOOL_ERROR, STAGED, FAILED, "TOOL_FAILED", 0),
        (faults.FAULT_KIND_TOOL_WRONG_TYPE, STAGED, FAILED, "TOOL_OUTPUT_INVALID", 0),
        (faults.FAULT_KIND_TOOL_TIMEOUT, STAGED, UNKNOWN, "TOOL_TIMEOUT", 0),
        (faults.FAULT_KIND_TOOL_ANSWER_LOST, STAGED, UNKNOWN, "TOOL_UNAVAILABLE", 1),
        (faults.FAULT_KIND_TOOL_ANSWER_LOST, {"effectClass": "READ"}, FAILED, "TOOL_UNAVAILABLE", 1),
    ],
)
async def test_a_fault_comes_between_the_call_and_its_back_end(
    bench: Bench, kind: faults.FaultKind, effect: dict[str, str], outcome: int, reason: str, calls: int
) -> None:
    output = {"type": "object", "required": ["got"]}
    # Only who meets a silence waits to the end of its time.
    timeout = "0.1s" if kind == faults.FAULT_KIND_TOOL_TIMEOUT else "20s"
    tool = await bench.tool("remember", effect=effect, output=output, timing={"timeout": timeout})
    fault = await bench.drills.put(kind, tool="remember")
    lease = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id)
    called = len(fakes.CALLS)

    response = await bench.call(lease, tool)

    assert (response.finished.outcome, response.finished.failure.reason) == (outcome, reason)
    assert len(fakes.CALLS) == called + calls
    recorded = await bench.events(lease)
    assert [event.type for event in recorded] == FAULTED
    receipt = recorded[2].fault_injected
    assert (receipt.fault_id, receipt.kind, receipt.target, receipt.call) == (fault.fault_id, kind, "c1", 1)
    assert recorded[2].advisory


async def test_a_live_run_and_another_drill_meet_nothing(bench: Bench) -> None:
    tool = await bench.tool("remember")
    fault = await bench.drills.put(faults.FAULT_KIND_TOOL_ERROR)
    live = await bench.run(tool)
    claims = await bench.run(tool, drill_id=fault.drill_id)
    other = await bench.run(tool, mode=DRILL, drill_id="another")

    answers = await asyncio.gather(*(bench.call(lease, tool) for lease in (live, claims, other)))

    assert [answer.finished.outcome for answer in answers] == [SUCCEEDED] * 3


async def test_the_calls_are_hit_that_the_fault_matches(bench: Bench) -> None:
    tool, other = await bench.tool("remember"), await bench.tool("remember-async")
    fault = await bench.drills.put(faults.FAULT_KIND_TOOL_ERROR, tool="remember", first_call=2, calls=1)
    lease = await bench.run(tool, other, mode=DRILL, drill_id=fault.drill_id)

    called = [(tool, "c1"), (other, "c2"), (tool, "c3"), (tool, "c4")]
    answers = [await bench.call(lease, asked, call_id=call_id) for asked, call_id in called]

    assert [answer.finished.outcome for answer in answers] == [SUCCEEDED, SUCCEEDED, FAILED, SUCCEEDED]


async def test_a_chance_is_the_same_for_the_same_seed(bench: Bench) -> None:
    tool = await bench.tool("remember")
    hits = []
    for _ in range(2):
        fault = await bench.drills.put(faults.FAULT_KIND_TOOL_ERROR, probability_ppm=500_000, seed=7)
        lease = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id)
        answers = [await bench.call(lease, tool, call_id=f"c{number}") for number in range(12)]
        hits.append([answer.finished.outcome == FAILED for answer in answers])

    assert hits[0] == hits[1]
    assert 0 < sum(hits[0]) < 12


async def test_a_fault_ends_when_it_is_healed(bench: Bench) -> None:
    tool = await bench.tool("remember")
    fault = await bench.drills.put(faults.FAULT_KIND_TOOL_ERROR)
    lease = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id)
    before = await bench.call(lease, tool, call_id="c1")

    healed = await bench.drills.heal(fault.drill_id)

    after = await bench.call(lease, tool, call_id="c2")
    assert [known.fault_id for known in healed] == [fault.fault_id]
    assert (before.finished.outcome, after.finished.outcome) == (FAILED, SUCCEEDED)


async def test_a_fault_whose_controller_is_gone_heals_by_itself(bench: Bench) -> None:
    tool = await bench.tool("remember")
    fault = await bench.drills.put(faults.FAULT_KIND_TOOL_ERROR, ttl_seconds=1)
    lease = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id)

    outcomes, in_time = [], []
    async with asyncio.timeout(30):
        while SUCCEEDED not in outcomes:
            answer = await bench.call(lease, tool, call_id=f"c{len(outcomes)}")
            outcomes.append(answer.finished.outcome)
            in_time += outcomes[-1:] if time.time_ns() < fault.expires_at.ToNanoseconds() else []

    assert in_time == [FAILED] * len(in_time)


@pytest.mark.parametrize("kind", [faults.FAULT_KIND_EVENT_DUPLICATED, faults.FAULT_KIND_ACK_DROPPED])
async def test_what_is_recorded_twice_is_in_the_log_once(bench: Bench, kind: faults.FaultKind) -> None:
    tool = await bench.tool("remember", effect=STAGED)
    fault = await bench.drills.put(kind, delay_seconds=0)
    lease = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id)
    called = len(fakes.CALLS)

    response = await bench.call(lease, tool)

    recorded = await bench.events(lease)
    assert [event.type for event in recorded] == FAULTED
    assert (response.finished.outcome, response.seq) == (SUCCEEDED, recorded[-1].seq)
    assert len(fakes.CALLS) == called + 1


@pytest.mark.parametrize("backward", [False, True])
async def test_a_clock_that_is_off_within_the_lease_changes_times_and_nothing_else(
    bench: Bench, backward: bool
) -> None:
    tool = await bench.tool("remember", effect=STAGED)
    fault = await bench.drills.put(faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=30, backward=backward)
    lease = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id)

    response = await bench.call(lease, tool)

    recorded = await bench.events(lease)
    off = [(event.occurred_at.ToNanoseconds() - event.recorded_at.ToNanoseconds()) / 1e9 for event in recorded]
    assert [event.type for event in recorded] == ["fault.injected", *CALL]
    assert response.finished.outcome == SUCCEEDED
    assert off == [pytest.approx(0, abs=10), *[pytest.approx(-30 if backward else 30, abs=10)] * 3]


async def test_a_clock_ahead_of_the_lease_has_the_call_refused_by_name_and_nothing_done(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=STAGED)
    fault = await bench.drills.put(faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=90, service="tool_executor")
    lease = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id)
    called = len(fakes.CALLS)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await bench.call(lease, tool)

    known = from_rpc_error(refused.value)
    assert known is not None and known.reason_name == "LEASE_EXPIRED"
    assert [event.type for event in await bench.events(lease)] == ["fault.injected"]
    assert len(fakes.CALLS) == called


async def test_a_clock_behind_does_not_have_an_expired_lease_live_beyond_the_skew(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=STAGED)
    fault = await bench.drills.put(faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=30, backward=True)
    within = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id, seconds=-20)
    beyond = await bench.run(tool, mode=DRILL, drill_id=fault.drill_id, seconds=-40)

    answered = await bench.call(within, tool)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await bench.call(beyond, tool)

    known = from_rpc_error(refused.value)
    assert answered.finished.outcome == SUCCEEDED
    assert known is not None and known.reason_name == "LEASE_EXPIRED"


@pytest.mark.parametrize(
    ("effect", "outcome", "reason"),
    [
        (STAGED, SUCCEEDED, ""),
        ({"effectClass": "WRITE", "reversibility": "COMPENSATABLE"}, SUCCEEDED, ""),
        ({"effectClass": "WRITE", "reversibility": "IRREVERSIBLE"}, SUPPRESSED, "EFFECT_NOT_REVERSIBLE"),
        ({"effectClass": "WRITE"}, SUPPRESSED, "EFFECT_NOT_REVERSIBLE"),
    ],
)
async def test_a_drill_writes_only_what_can_be_taken_back(
    bench: Bench, effect: dict[str, str], outcome: int, reason: str
) -> None:
    tool = await bench.tool("remember", effect=effect)
    lease = await bench.run(tool, mode=DRILL, drill_id="careful")
    called = len(fakes.CALLS)

    response = await bench.call(lease, tool)

    assert (response.finished.outcome, response.finished.failure.reason) == (outcome, reason)
    assert len(fakes.CALLS) == called + (outcome == SUCCEEDED)


async def test_only_an_operator_puts_a_fault(bench: Bench) -> None:
    order = faults.FaultOrder(kind=faults.FAULT_KIND_TOOL_ERROR)
    request = registry_pb.PutFaultRequest(fault_id="f", drill_id="d", order=order)
    codes = []
    for metadata in ((), bearer(issue_token(private_key(bench.config.keys_dir, MESH), "router"))):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await bench.registry.PutFault(request, metadata=metadata)
        codes.append(refused.value.code())

    assert codes == [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED]
