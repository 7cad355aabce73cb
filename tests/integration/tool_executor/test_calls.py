"""Tool calls through the executor: written down before they happen, checked, bounded, and closed whatever happens."""

from __future__ import annotations

import asyncio
import json

import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.payload import content_text
from tests.fakes import tools as fakes
from tests.integration.tool_executor.conftest import Bench

DONE = ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]
NOT_DONE = ["tool.call.requested", "tool.call.finished"]
WRITE = {"effectClass": "WRITE"}


@pytest.mark.parametrize("name", ["remember", "remember-async"])
async def test_a_call_is_written_down_before_and_after(bench: Bench, name: str) -> None:
    tool = await bench.tool(name)
    lease = await bench.run(tool)

    response = await bench.call(lease, tool, '{"order": "A-1"}')
    log = await bench.events(lease)

    assert json.loads(content_text(response.result)) == {"got": {"order": "A-1"}}
    assert [event.type for event in log] == DONE
    assert response.seq == log[-1].seq and response.finished == log[-1].tool_call_finished
    assert log[0].tool_call_requested.effect_class == 2


async def test_numbers_and_strings_arrive_as_the_model_wrote_them(bench: Bench) -> None:
    tool = await bench.tool("remember")
    lease = await bench.run(tool)

    await bench.call(lease, tool, '{"id": 9007199254740993, "share": 5.0, "word": "true"}')

    assert fakes.CALLS[-1] == {"id": 9007199254740993, "share": 5.0, "word": "true"}
    assert (await bench.events(lease))[0].tool_call_requested.arguments.json.count("5.0") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{", "not JSON"),
        ("[1]", "an object belongs here"),
        ('{"order": 7}', "/order"),
        ("{}", "order"),
        ('{"order": "A", "more": 1}', "more"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model_and_nothing_is_done(
    bench: Bench, arguments: str, words: str
) -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["order"],
        "properties": {"order": {"type": "string"}},
    }
    tool = await bench.tool("remember", input=schema)
    lease = await bench.run(tool)
    called = len(fakes.CALLS)

    response = await bench.call(lease, tool, arguments)

    assert response.finished.failure.reason == "INVALID_TOOL_ARGUMENTS"
    assert words in content_text(response.result)
    assert await bench.types(lease) == NOT_DONE and len(fakes.CALLS) == called


async def test_arguments_over_the_limit_are_refused(bench: Bench) -> None:
    tool = await bench.tool("remember")

    error = await bench.refusal(await bench.run(tool), tool, arguments=json.dumps({"x": "y" * 1_100_000}))

    assert error.reason_name == "TOO_LARGE"


@pytest.mark.parametrize(
    ("name", "spec", "reason"),
    [
        ("wrong-shape", {"output": {"type": "object"}}, "TOOL_OUTPUT_INVALID"),
        ("unspeakable", {}, "TOOL_OUTPUT_INVALID"),
        ("huge", {}, "TOOL_OUTPUT_TOO_LARGE"),
        ("large", {"data": {"maxOutputBytes": 1000}}, "TOOL_OUTPUT_TOO_LARGE"),
        ("reports", {}, "TOOL_FAILED"),
        ("raises", {}, "TOOL_FAILED"),
        ("unbound", {}, "TOOL_NOT_BOUND"),
    ],
)
async def test_a_tool_that_fails_is_a_failure_with_its_reason(
    bench: Bench, name: str, spec: dict[str, object], reason: str
) -> None:
    tool = await bench.tool(name, **spec)
    lease = await bench.run(tool)

    response = await bench.call(lease, tool)
    log = await bench.events(lease)

    assert response.finished.outcome == events.TOOL_CALL_OUTCOME_FAILED
    assert response.finished.failure.reason == reason
    assert log[-1].tool_call_finished == response.finished


async def test_what_a_tool_reports_reaches_the_model_and_what_it_raises_does_not(bench: Bench) -> None:
    reporting, raising = await bench.tool("reports"), await bench.tool("raises")
    lease = await bench.run(reporting, raising)

    reported = await bench.call(lease, reporting, call_id="c1")
    raised = await bench.call(lease, raising, call_id="c2")
    recorded = str(await bench.events(lease))

    assert "the shelf is empty" in content_text(reported.result)
    for secret in (fakes.SECRET, "RuntimeError", "Traceback", ".py"):
        assert secret not in content_text(raised.result) and secret not in recorded


async def test_a_result_that_fits_no_event_is_whole_for_the_model(bench: Bench) -> None:
    tool = await bench.tool("large")
    lease = await bench.run(tool)

    response = await bench.call(lease, tool)

    assert len(content_text(response.result)) > 100_000
    assert (await bench.events(lease))[-1].tool_call_finished.result.ref.uri.startswith("artifact:sha256:")


async def test_masked_values_are_in_no_record(bench: Bench) -> None:
    data = {"maskInput": ["/card"], "maskOutput": ["/got/card"]}
    tool = await bench.tool("remember", data=data)
    lease = await bench.run(tool)

    response = await bench.call(lease, tool, '{"card": "4111-1111"}')
    log = await bench.events(lease)

    assert "4111-1111" in content_text(response.result) and fakes.CALLS[-1]["card"] == "4111-1111"
    assert "4111-1111" not in str(log)
    assert log[0].tool_call_requested.arguments.masked_paths == ["/card"]


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [({"effectClass": "READ"}, events.TOOL_CALL_OUTCOME_FAILED), (WRITE, events.TOOL_CALL_OUTCOME_UNKNOWN)],
)
@pytest.mark.parametrize("name", ["hangs", "waits"])
async def test_a_tool_that_hangs_ends_at_its_timeout(
    bench: Bench, name: str, effect: dict[str, str], outcome: events.ToolCallOutcome
) -> None:
    tool = await bench.tool(name, effect=effect, timing={"timeout": "100ms"})
    lease = await bench.run(tool)

    response = await bench.call(lease, tool)

    assert (response.finished.outcome, response.finished.failure.reason) == (outcome, "TOOL_TIMEOUT")
    unknown = common.FAILURE_DISPOSITION_OUTCOME_UNKNOWN
    assert (response.finished.failure.disposition == unknown) == (outcome == events.TOOL_CALL_OUTCOME_UNKNOWN)


async def test_attempts_carry_one_key(bench: Bench) -> None:
    fakes.KEYS.clear()
    timing = {"timeout": "5s", "maxAttempts": 3, "initialBackoff": "1ms"}
    tool = await bench.tool("keyed", timing=timing, effect={**WRITE, "idempotency": "KEYED"})
    lease = await bench.run(tool)

    response = await bench.call(lease, tool)
    requested = (await bench.events(lease))[0].tool_call_requested

    assert response.finished.attempts == 2
    assert [requested.idempotency_key] * 2 == fakes.KEYS
    assert (await bench.types(lease)).count("tool.call.dispatched") == 2


async def test_a_write_that_happens_twice_when_sent_twice_is_sent_once(bench: Bench) -> None:
    fakes.KEYS.clear()
    tool = await bench.tool("keyed", timing={"timeout": "5s", "maxAttempts": 3}, effect=WRITE)

    response = await bench.call(await bench.run(tool), tool)

    assert response.finished.outcome == events.TOOL_CALL_OUTCOME_FAILED and len(fakes.KEYS) == 1


async def policy(bench: Bench, name: str, verdict: str, **rule: object) -> common.SpecRef:
    return await bench.apply(
        {
            "apiVersion": "pal/v1",
            "kind": "PolicySpec",
            "metadata": {"name": name, "version": "1.0.0"},
            "spec": {"defaultVerdict": "ALLOW", "rules": [{"id": "r", "verdict": verdict, **rule}]},
        }
    )


@pytest.mark.parametrize(
    ("name", "verdict", "condition", "reason"),
    [
        ("no", "DENY", "true", "POLICY_DENIED"),
        ("ask", "REQUIRE_APPROVAL", "true", "APPROVAL_REQUIRED"),
        ("args", "DENY", "args.amount > 100", "POLICY_DENIED"),
        ("broken", "ALLOW", "args.missing.field == 1", "POLICY_DENIED"),
    ],
)
async def test_a_policy_decides_and_the_record_says_so(
    bench: Bench, name: str, verdict: str, condition: str, reason: str
) -> None:
    rule = await policy(bench, name, verdict, condition=condition, match={"actions": ["tool.call"]})
    tool = await bench.tool("remember")
    lease = await bench.run(tool, policies=[rule])
    called = len(fakes.CALLS)

    response = await bench.call(lease, tool, '{"amount": 101}')

    assert response.finished.outcome == events.TOOL_CALL_OUTCOME_DENIED
    assert response.finished.failure.reason == reason
    assert await bench.types(lease) == ["tool.call.requested", "policy.decided", "tool.call.finished"]
    assert len(fakes.CALLS) == called


async def test_a_tool_that_needs_approval_is_held_back(bench: Bench) -> None:
    needing = await bench.tool("remember", permissions={"needsApproval": True})
    asking = await bench.tool("remember-async")

    by_spec = await bench.call(await bench.run(needing), needing)
    by_grant = await bench.call(await bench.run(asking, terms=shared.ToolGrantTerms(always_ask=True)), asking)

    assert by_spec.finished.failure.reason == by_grant.finished.failure.reason == "APPROVAL_REQUIRED"
    assert "needs the approval of a person" in content_text(by_spec.result)


async def test_a_grant_may_limit_the_calls_of_a_tool(bench: Bench) -> None:
    tool = await bench.tool("remember")
    lease = await bench.run(tool, terms=shared.ToolGrantTerms(max_calls=1))

    first = await bench.call(lease, tool, call_id="c1")
    second = await bench.call(lease, tool, call_id="c2")

    assert first.finished.outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED
    assert second.finished.failure.reason == "LIMIT_REACHED"


async def test_the_ceiling_of_a_run_ends_it_and_is_recorded_once(bench: Bench) -> None:
    tool = await bench.tool("remember")
    lease = await bench.run(tool, limits=common.RunLimits(max_tool_calls=1))

    await bench.call(lease, tool, call_id="c1")
    errors = [await bench.refusal(lease, tool, call_id=call_id) for call_id in ("c2", "c3")]
    types = await bench.types(lease)

    assert [error.reason_name for error in errors] == ["LIMIT_REACHED"] * 2
    assert types.count("run.limit.reached") == 1 and types.count("tool.call.finished") == 3


async def test_outside_of_a_live_run_nothing_is_written_to_the_world(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=WRITE)
    lease = await bench.run(tool, mode=common.EXECUTION_MODE_DRILL)
    called = len(fakes.CALLS)

    response = await bench.call(lease, tool)

    assert response.finished.outcome == events.TOOL_CALL_OUTCOME_SUPPRESSED and len(fakes.CALLS) == called


@pytest.mark.parametrize("problem", ["missing", "garbage", "expired", "other run"])
async def test_a_call_without_a_good_lease_is_refused(bench: Bench, problem: str) -> None:
    tool = await bench.tool("remember")
    lease = await bench.run(tool, seconds=-5 if problem == "expired" else 60)
    match problem:
        case "missing":
            lease.token = ""
        case "garbage":
            lease.token = lease.token[:-9] + "AAAAAAAAA"
        case "other run":
            lease.run_id = "somebody else's"

    error = await bench.refusal(lease, tool)

    expected = {"missing": "LEASE_MISSING", "expired": "LEASE_EXPIRED"}
    assert error.reason_name == expected.get(problem, "LEASE_INVALID")


async def test_a_tool_that_was_not_granted_is_refused(bench: Bench) -> None:
    granted, other = await bench.tool("remember"), await bench.tool("raises")

    error = await bench.refusal(await bench.run(granted), other)

    assert error.reason_name == "TOOL_NOT_GRANTED"


async def test_one_call_id_is_one_call(bench: Bench) -> None:
    tool = await bench.tool("remember-async")
    lease = await bench.run(tool)
    called = len(fakes.CALLS)

    at_once = await asyncio.gather(bench.call(lease, tool), bench.call(lease, tool))
    again = await bench.call(lease, tool)
    error = await bench.refusal(lease, tool, arguments='{"other": 1}')

    assert at_once[0] == at_once[1] and again.finished == at_once[0].finished
    assert len(fakes.CALLS) == called + 1
    assert error.reason_name == "CALL_ID_REUSED"


async def test_a_later_attempt_is_answered_from_the_record(bench: Bench) -> None:
    tool = await bench.tool("remember")
    lease = await bench.run(tool)
    first = await bench.call(lease, tool, '{"a": 1}')
    called = len(fakes.CALLS)

    again = await bench.call(bench.later(lease, tool), tool, '{"a": 1}')

    assert again.finished == first.finished and again.seq == first.seq
    assert content_text(again.result) == content_text(first.result)
    assert len(fakes.CALLS) == called


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [({"effectClass": "READ"}, events.TOOL_CALL_OUTCOME_CANCELLED), (WRITE, events.TOOL_CALL_OUTCOME_SUCCEEDED)],
)
async def test_a_call_is_closed_when_whoever_asked_leaves(
    bench: Bench, effect: dict[str, str], outcome: events.ToolCallOutcome
) -> None:
    for event in (fakes.REACHED, fakes.LEFT, fakes.GO_ON):
        event.clear()
    tool = await bench.tool("waits", effect=effect)
    lease = await bench.run(tool)
    calling = asyncio.create_task(bench.call(lease, tool))
    await fakes.REACHED.wait()

    calling.cancel()
    if effect == WRITE:
        fakes.GO_ON.set()
    else:
        await fakes.LEFT.wait()
    closed = await _closed(bench, lease)

    assert closed.outcome == outcome


async def _closed(bench: Bench, lease: shared.RunLease) -> events.ToolCallFinished:
    async for frame in bench.record.follow(lease.run_id, 0):
        if frame.event.HasField("tool_call_finished"):
            return frame.event.tool_call_finished
    raise AssertionError("the run ended first")


async def test_a_call_can_be_looked_up(bench: Bench) -> None:
    tool = await bench.tool("remember")
    lease = await bench.run(tool)
    await bench.call(lease, tool)

    found = await bench.tools.GetToolCall(pb.GetToolCallRequest(run_id=lease.run_id, call_id="c1"))

    assert found.requested.tool == tool and found.finished.outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED
