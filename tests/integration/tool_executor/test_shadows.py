"""A shadow run is answered from the run that it shadows; nothing it does reaches a back end with an effect."""

from __future__ import annotations

import asyncio

import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from pal_log.payload import text_payload
from tests.fakes import tools as fakes
from tests.integration.tool_executor.conftest import LIVE, Bench

SHADOW = common.EXECUTION_MODE_SHADOW
WRITE, READ, PURE = ({"effectClass": word} for word in ("WRITE", "READ", "PURE"))
REPLAYED, SIMULATED = events.CALL_DISPOSITION_REPLAYED, events.CALL_DISPOSITION_SIMULATED
ITEM, OTHER = '{"item": 1}', '{"item": 2}'


async def shadow_of(bench: Bench, primary: shared.RunLease, *tools: common.SpecRef) -> shared.RunLease:
    return await bench.run(*tools, mode=SHADOW, source_run_id=primary.run_id)


async def end(bench: Bench, lease: shared.RunLease) -> None:
    finished = events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)
    await bench.router.append(lease.run_id, [EventWriter(ROUTER).event(lease.run_id, LIVE, 1, run_finished=finished)])


@pytest.mark.parametrize("effect", [WRITE, READ])
async def test_what_the_primary_did_is_given_again_and_not_done_again(bench: Bench, effect: dict[str, str]) -> None:
    tool = await bench.tool("remember", effect=effect)
    primary = await bench.run(tool)
    first = await bench.call(primary, tool, ITEM)
    await end(bench, primary)
    called = len(fakes.CALLS)
    shadow = await shadow_of(bench, primary, tool)

    response = await bench.call(shadow, tool, ITEM, call_id="of-another-runtime")

    assert (response.finished.disposition, response.result.json) == (REPLAYED, first.result.json)
    assert len(fakes.CALLS) == called
    dispatched = (await bench.events(shadow))[1].tool_call_dispatched
    assert dispatched.recorded_result == events.RecordedResult(run_id=primary.run_id, seq=first.seq)


async def test_what_only_computes_is_done(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=PURE)
    primary = await bench.run(tool)
    await end(bench, primary)
    called = len(fakes.CALLS)
    shadow = await shadow_of(bench, primary, tool)

    response = await bench.call(shadow, tool, ITEM)

    assert response.finished.disposition == events.CALL_DISPOSITION_EXECUTED
    assert len(fakes.CALLS) == called + 1


@pytest.mark.parametrize("effect", [WRITE, READ, {"effectClass": "WRITE", "idempotency": "NATURAL"}])
async def test_what_the_primary_did_not_do_ends_the_shadow(bench: Bench, effect: dict[str, str]) -> None:
    tool = await bench.tool("remember", effect=effect)
    primary = await bench.run(tool)
    await bench.call(primary, tool, ITEM)
    await end(bench, primary)
    called = len(fakes.CALLS)
    shadow = await shadow_of(bench, primary, tool)

    error = await bench.refusal(shadow, tool, arguments=OTHER)

    finished = (await bench.events(shadow))[-1].tool_call_finished
    assert error.reason_name == "SHADOW_HORIZON" and "other arguments" in error.message
    assert finished.outcome == events.TOOL_CALL_OUTCOME_SUPPRESSED
    assert finished.failure.reason == "SHADOW_HORIZON" and len(fakes.CALLS) == called
    assert await bench.types(shadow) == ["tool.call.requested", "replay.diverged", "tool.call.finished"]


async def test_an_effect_twice_is_no_effect_of_the_primary(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=WRITE)
    primary = await bench.run(tool)
    await bench.call(primary, tool, ITEM)
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, tool)
    await bench.call(shadow, tool, ITEM)

    error = await bench.refusal(shadow, tool, arguments=ITEM, call_id="c2")

    assert error.reason_name == "SHADOW_HORIZON"


async def test_a_read_is_answered_as_often_as_it_is_made(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=READ)
    primary = await bench.run(tool)
    await bench.call(primary, tool, ITEM)
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, tool)

    given = [(await bench.call(shadow, tool, ITEM, call_id=f"c{n}")).finished.disposition for n in range(3)]

    assert given == [REPLAYED] * 3


async def test_a_read_is_not_answered_from_before_a_write(bench: Bench) -> None:
    read, write = await bench.tool("remember", effect=READ), await bench.tool("keyed", effect=WRITE)
    primary = await bench.run(read, write)
    await bench.call(primary, read, ITEM, model_call_id="m1")
    await bench.call(primary, write, ITEM, call_id="c2", model_call_id="m2")
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, read, write)
    await bench.call(shadow, write, ITEM, call_id="c0", model_call_id="m1")

    error = await bench.refusal(shadow, read, arguments=ITEM, model_call_id="m2")

    assert error.reason_name == "SHADOW_HORIZON" and "at another place" in error.message


async def test_a_read_is_made_where_its_spec_allows_that(bench: Bench) -> None:
    tool = await bench.tool("remember", effect={**READ, "shadowReads": True})
    primary = await bench.run(tool)
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, tool)
    called = len(fakes.CALLS)

    response = await bench.call(shadow, tool, ITEM)

    assert response.finished.disposition == events.CALL_DISPOSITION_EXECUTED and len(fakes.CALLS) == called + 1


async def test_a_dry_run_answers_for_a_write_that_the_primary_did_not_make(bench: Bench) -> None:
    await bench.tool("remember-async", effect=PURE)
    tool = await bench.tool("remember", effect={**WRITE, "dryRun": "remember-async"})
    primary = await bench.run(tool)
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, tool)

    response = await bench.call(shadow, tool, OTHER)

    assert (response.finished.disposition, response.result.json) == (SIMULATED, '{"got": {"item": 2}}')
    log = await bench.events(shadow)
    assert [event.type for event in log] == ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]
    assert log[1].tool_call_dispatched.disposition == SIMULATED


async def test_a_dry_run_with_effects_is_none(bench: Bench) -> None:
    await bench.tool("remember-async", effect=WRITE)
    tool = await bench.tool("remember", effect={**WRITE, "dryRun": "remember-async"})
    primary = await bench.run(tool)
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, tool)
    called = len(fakes.CALLS)

    error = await bench.refusal(shadow, tool)

    assert error.reason_name == "SHADOW_HORIZON" and len(fakes.CALLS) == called


async def test_wrong_arguments_fail_as_they_would_live(bench: Bench) -> None:
    schema = {"type": "object", "required": ["item"]}
    tool = await bench.tool("remember", effect=WRITE, input=schema)
    primary = await bench.run(tool)
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, tool)

    response = await bench.call(shadow, tool, "{}")

    assert response.finished.failure.reason == "INVALID_TOOL_ARGUMENTS"


async def test_what_a_person_agreed_to_is_intended_and_answered_as_then(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=WRITE, permissions={"needsApproval": True})
    primary = await bench.run(tool)
    asked = await bench.call(primary, tool, ITEM, may_wait=True)
    writer = EventWriter(ROUTER)
    answer = events.InputReceived(
        input_id=asked.waits_for.input_id, decision=events.INPUT_DECISION_ACCEPTED, answer=text_payload("go on")
    )
    facts = [
        writer.event(primary.run_id, LIVE, 1, input_requested=asked.waits_for),
        writer.event(primary.run_id, LIVE, 1, input_received=answer),
    ]
    await bench.router.append(primary.run_id, facts)
    later = bench.later(primary, tool)
    done = await bench.call(later, tool, ITEM, may_wait=True)
    finished = events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)
    await bench.router.append(primary.run_id, [writer.event(primary.run_id, LIVE, 2, run_finished=finished)])
    shadow = await shadow_of(bench, primary, tool)
    called = len(fakes.CALLS)

    response = await bench.call(shadow, tool, ITEM, may_wait=True)
    error = await bench.refusal(shadow, tool, arguments=OTHER, call_id="c2")

    intended = response.finished.intended_input
    assert not response.HasField("waits_for") and response.result.json == done.result.json
    assert intended.answer.answer.text == "go on" and intended.recorded.run_id == primary.run_id
    assert intended.request.kind == events.INPUT_KIND_APPROVAL and len(fakes.CALLS) == called
    unanswered = (await bench.events(shadow))[-1].tool_call_finished.intended_input
    assert error.reason_name == "SHADOW_HORIZON"
    assert unanswered.HasField("request") and not unanswered.HasField("answer")


async def test_a_shadow_waits_for_what_the_primary_has_not_done_yet(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=WRITE)
    primary = await bench.run(tool)
    shadow = await shadow_of(bench, primary, tool)
    called = len(fakes.CALLS)
    asking = asyncio.create_task(bench.call(shadow, tool, ITEM))
    while "tool.call.requested" not in await bench.types(shadow) and not asking.done():
        await asyncio.wait([asking], timeout=0.02)

    first = await bench.call(primary, tool, ITEM)

    assert (await asking).result.json == first.result.json and len(fakes.CALLS) == called + 1


async def test_a_shadow_that_waits_hears_of_the_primarys_end(bench: Bench) -> None:
    tool = await bench.tool("remember", effect=WRITE)
    primary = await bench.run(tool)
    shadow = await shadow_of(bench, primary, tool)
    asking = asyncio.create_task(bench.refusal(shadow, tool))
    await end(bench, primary)

    assert (await asking).reason_name == "SHADOW_HORIZON"


@pytest.mark.parametrize("stated", [LIVE, common.EXECUTION_MODE_UNSPECIFIED])
async def test_a_mode_that_was_changed_is_refused_and_recorded(bench: Bench, stated: common.ExecutionMode) -> None:
    tool = await bench.tool("remember", effect=WRITE)
    primary = await bench.run(tool)
    await end(bench, primary)
    shadow = await shadow_of(bench, primary, tool)
    shadow.mode = stated
    called = len(fakes.CALLS)

    error = await bench.refusal(shadow, tool)

    finished = (await bench.events(shadow))[-1].tool_call_finished
    assert error.reason_name == "MODE_FORGED" and len(fakes.CALLS) == called
    assert finished.failure.metadata["signed"] == "EXECUTION_MODE_SHADOW"
    assert finished.outcome == events.TOOL_CALL_OUTCOME_DENIED
