"""Runs that wait for people: they hold no runtime, and go on wherever the route then leads."""

from __future__ import annotations

import uuid

import pytest

from pal_log.grammar import violations
from tests.e2e.conftest import Cli
from tests.e2e.test_crashes import recorded

pytestmark = pytest.mark.drill

REFUND = "Refund order A-1002, it is broken"


async def waiting(pal: Cli, text: str = REFUND) -> str:
    """Start a run that needs a person and return its id."""
    started = await pal("run", "support-desk", "-i", text, "-c", str(uuid.uuid4()), "-r", "agno", "-o", "json")
    assert started.code == 7, started.err
    return str(next(frame["event"]["runId"] for frame in started.lines if "event" in frame))


async def test_a_run_that_pauses_on_one_runtime_ends_on_another(pal: Cli) -> None:
    started = await pal("run", "support-desk", "-i", REFUND, "-o", "json")
    run_id = next(frame["event"]["runId"] for frame in started.lines if "event" in frame)
    assert (await pal("route", "set", "support-desk", "pydantic-ai")).code == 0

    approved = await pal("inputs", "approve", run_id, "-m", "fine with me")
    log = await recorded(pal, run_id)

    assert (started.code, approved.code) == (7, 0), approved.err
    assert [event.run_routed.runtime for event in log if event.type == "run.routed"] == ["agno", "pydantic-ai"]
    assert "refunded" in log[-1].run_finished.output.text
    assert violations(log) == []
    assert (await pal("route", "set", "support-desk", "agno")).code == 0


async def test_a_declined_call_is_not_carried_out_and_the_agent_is_told_why(pal: Cli) -> None:
    run_id = await waiting(pal)

    declined = await pal("inputs", "decline", run_id, "-m", "not covered")
    log = await recorded(pal, run_id)

    (finished,) = [event.tool_call_finished for event in log if event.tool_call_finished.failure.reason]
    assert declined.code == 0, declined.err
    assert finished.failure.reason == "INPUT_DECLINED"
    assert "not covered" in finished.result.text
    assert not any(event.type == "tool.call.dispatched" and "refund" in event.run_id for event in log)


async def test_the_first_answer_counts(pal: Cli) -> None:
    run_id = await waiting(pal)
    listed = await pal("inputs", "list", run_id, "-o", "json")
    input_id = listed.json["inputs"][0]["input"]["inputId"]

    first = await pal("inputs", "approve", run_id, input_id)
    second = await pal("inputs", "decline", run_id, input_id)

    assert (first.code, second.code) == (0, 4), second.out + second.err
    assert "settled before" in second.err
    assert (await recorded(pal, run_id))[-1].run_finished.outcome == 1


async def test_wrong_answers_are_named_and_change_nothing(pal: Cli) -> None:
    run_id = await waiting(pal)

    unknown = await pal("inputs", "approve", run_id, "nothing")
    amended = await pal("inputs", "approve", run_id, "--amend", '{"order_id": 7, "reason": "x"}')
    nobody = await pal("inputs", "approve", "no-such-run")
    # An order that is not there: what the other tests of this mesh have refunded stays refunded.
    good = await pal("inputs", "approve", run_id, "--amend", '{"order_id": "A-9999", "reason": "half of it"}')
    log = await recorded(pal, run_id)
    late = await pal("inputs", "approve", run_id)

    assert (unknown.code, amended.code, nobody.code, late.code) == (3, 2, 3, 3)
    assert "does not wait for input nothing" in unknown.err
    assert "answer/order_id" in amended.err
    assert good.code == 0, good.err
    assert "there is no order A-9999" in log[-1].run_finished.output.text


async def test_a_run_that_waits_can_be_cancelled(pal: Cli) -> None:
    run_id = await waiting(pal)

    await pal("runs", "cancel", run_id)
    log = await recorded(pal, run_id)

    assert log[-1].run_finished.failure.reason == "RUN_CANCELLED"
    assert violations(log) == []
