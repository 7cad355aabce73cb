"""Calls that may not be made: who asks, for what, and how much."""

from __future__ import annotations

import time

import pytest

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import reason_name
from tests.integration.llm_provider.conftest import Bench, apply, tool

POLICY = """
apiVersion: pal/v1
kind: PolicySpec
metadata: {name: %(name)s, version: 1.0.0}
spec:
  defaultVerdict: ALLOW
  rules:
    - {id: models, verdict: %(verdict)s, match: {actions: [model.call], models: ["%(models)s"]}}
"""


async def test_without_a_lease_nothing_is_asked(bench: Bench) -> None:
    error = await bench.refusal(None)

    assert error.reason == reasons.ERROR_REASON_LEASE_MISSING
    assert error.metadata == {"field": "lease.token"}


async def test_a_forged_lease_is_refused(bench: Bench) -> None:
    lease = await bench.run()
    lease.token = lease.token[:-8] + "AAAAAAAA"

    error = await bench.refusal(lease)

    assert error.reason == reasons.ERROR_REASON_LEASE_INVALID
    assert await bench.types(lease) == []


async def test_the_lease_of_another_run_is_refused(bench: Bench) -> None:
    lease, other = await bench.run(), await bench.run()
    lease.token = other.token

    error = await bench.refusal(lease)

    assert error.reason == reasons.ERROR_REASON_LEASE_INVALID


async def test_an_expired_lease_is_refused(bench: Bench) -> None:
    lease = await bench.run(seconds=-1)

    error = await bench.refusal(lease)

    assert error.reason == reasons.ERROR_REASON_LEASE_EXPIRED
    assert int(error.metadata["expired_at"]) < time.time()


async def test_an_unknown_profile_is_refused_with_the_nearest(bench: Bench) -> None:
    lease = await bench.run()

    error = await bench.refusal(lease, profile="defualt")

    assert error.reason == reasons.ERROR_REASON_PROFILE_NOT_FOUND
    assert error.metadata == {"profile": "defualt", "nearest": "default"}


async def test_a_request_without_messages_is_refused(bench: Bench) -> None:
    lease = await bench.run()

    error = await bench.refusal(lease, messages=[])

    assert (error.reason, error.metadata["field"]) == (reasons.ERROR_REASON_INVALID_FIELD, "request.messages")


async def test_a_call_id_is_not_used_for_two_questions(bench: Bench) -> None:
    lease = await bench.run()
    await bench.ask(lease, "one", call_id="model-1")

    error = await bench.refusal(lease, "two", call_id="model-1")

    assert error.reason == reasons.ERROR_REASON_CALL_ID_REUSED
    assert error.metadata == {"run_id": lease.run_id, "call_id": "model-1"}


async def test_a_reached_limit_is_recorded_once_and_refused_every_time(bench: Bench) -> None:
    lease = await bench.run(limits=common.RunLimits(max_model_calls=1))
    await bench.ask(lease)

    refused = [await bench.refusal(lease) for _ in range(2)]

    assert [error.reason for error in refused] == [reasons.ERROR_REASON_LIMIT_REACHED] * 2
    assert refused[0].metadata == {"limit": "max_model_calls", "observed": "1", "allowed": "1"}
    assert (await bench.types(lease))[2:] == ["run.limit.reached"]


async def test_tokens_count_towards_the_limit(bench: Bench) -> None:
    lease = await bench.run(limits=common.RunLimits(max_total_tokens=2))
    await bench.ask(lease, "many words, many tokens")

    error = await bench.refusal(lease)

    assert (error.reason, error.metadata["limit"]) == (reasons.ERROR_REASON_LIMIT_REACHED, "max_total_tokens")


async def test_a_later_attempt_counts_what_earlier_ones_used(bench: Bench) -> None:
    lease = await bench.run(limits=common.RunLimits(max_model_calls=2))
    await bench.ask(lease, call_id="model-1")
    accepted = (await bench.events(lease))[0].run_accepted
    second = bench.lease(lease.run_id, accepted, epoch=2)

    answer = await bench.ask(second)
    error = await bench.refusal(second)

    assert answer.call_id == "m2"
    assert error.reason == reasons.ERROR_REASON_LIMIT_REACHED


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("DENY", reasons.ERROR_REASON_POLICY_DENIED),
        ("REQUIRE_APPROVAL", reasons.ERROR_REASON_APPROVAL_REQUIRED),
    ],
)
async def test_a_policy_that_says_no_is_recorded_and_obeyed(
    bench: Bench, verdict: str, reason: reasons.ErrorReason
) -> None:
    name = f"no-{verdict.lower().replace('_', '-')}"
    ref = await apply(bench, POLICY % {"name": name, "verdict": verdict, "models": "script*"})
    lease = await bench.run(policies=[ref])

    error = await bench.refusal(lease)

    (decided,) = [event.policy_decided.decision for event in (await bench.events(lease))[1:]]
    assert reason_name(error.reason) == reason_name(reason)
    assert error.metadata["action"] == decided.action == "model.call"
    assert (decided.decided_by[0].policy.name, decided.decided_by[0].rule_id) == (name, "models")


async def test_a_policy_that_allows_is_recorded_with_the_call(bench: Bench) -> None:
    ref = await apply(bench, POLICY % {"name": "no-gpt", "verdict": "DENY", "models": "gpt-*"})
    lease = await bench.run(policies=[ref])

    await bench.ask(lease)

    recorded = await bench.events(lease)
    assert [event.type for event in recorded[1:]] == ["policy.decided", "model.call.started", "model.call.finished"]
    assert recorded[1].policy_decided.decision.verdict == policies.POLICY_VERDICT_ALLOW


async def test_a_client_that_leaves_closes_its_call(bench: Bench) -> None:
    lease = await bench.run()
    call = bench.models.StreamComplete(
        pb.StreamCompleteRequest(request=pb.ModelRequest(lease=lease, profile="stall", messages=[pb.ModelMessage()]))
    )
    await call.read()

    call.cancel()

    finished = (await bench.closed(lease))[-1].model_call_finished
    assert finished.failure.reason == "RUN_CANCELLED"
    assert finished.stop_reason == events.MODEL_STOP_REASON_CANCELLED


async def test_the_call_of_a_client_whose_time_is_up_is_closed(bench: Bench) -> None:
    lease = await bench.run()

    error = await bench.refusal(lease, profile="stall", timeout={"nanos": 50_000_000})

    assert (error.reason, error.metadata["timeout_seconds"]) == (reasons.ERROR_REASON_MODEL_TIMEOUT, "0.05")
    assert await bench.types(lease) == ["model.call.started", "model.call.finished"]


async def test_a_tool_loop_ends_at_the_limit(bench: Bench) -> None:
    lease = await bench.run(limits=common.RunLimits(max_model_calls=3))

    answers = [await bench.ask(lease, profile="loop_tool", tools=[tool("lookup_order")]) for _ in range(3)]
    error = await bench.refusal(lease, profile="loop_tool")

    ids = [answer.message.tool_calls[0].call_id for answer in answers]
    assert ids == ["m1.t1", "m2.t1", "m3.t1"]
    assert error.reason == reasons.ERROR_REASON_LIMIT_REACHED


async def test_a_mode_that_was_changed_is_refused_and_recorded(bench: Bench) -> None:
    lease = await bench.run(drill_id="d1")
    lease.mode = common.EXECUTION_MODE_LIVE

    error = await bench.refusal(lease)

    finished = (await bench.events(lease))[-1].model_call_finished
    assert error.reason_name == finished.failure.reason == "MODE_FORGED"
    assert await bench.types(lease) == ["model.call.started", "model.call.finished"]
