"""Every runtime: being taken away from a run, at once and with one result."""

from __future__ import annotations

import asyncio

import pytest

from pal.v1 import run_event_pb2 as events
from tests.contract.runtimes.driver import Driver, say, tool
from tests.fakes.seams import Say, Script, held

CANCELLED = (events.RUN_OUTCOME_CANCELLED, "RUN_CANCELLED")
ADD = tool("add")


def at_the_model() -> Script:
    return Script(says=[Say(chunks=["half an "], hold=asyncio.Event())])


def at_a_tool() -> Script:
    script = Script(says=[Say(calls=[("c1", "add", "{}")]), Say(chunks=["never"])])
    script.tools["add"] = held(script, asyncio.Event())
    return script


STAGES = pytest.mark.parametrize("stage", [at_the_model, at_a_tool])


@STAGES
async def test_cancel_ends_the_run_within_200_ms(driver: Driver, stage: object) -> None:
    script: Script = stage()  # type: ignore[operator]
    run = driver.start(script, tool_specs=[ADD])
    ending = asyncio.ensure_future(run.end())
    await script.reached.wait()

    async with asyncio.timeout(0.2):
        await driver.cancel(run)
        await ending

    assert (run.result.outcome, run.reason) == CANCELLED
    assert "enough" in run.result.failure.message
    await script.left.wait()


@STAGES
async def test_a_router_that_leaves_takes_the_run_along(driver: Driver, stage: object) -> None:
    script: Script = stage()  # type: ignore[operator]
    run = driver.start(script, tool_specs=[ADD])
    ending = asyncio.ensure_future(run.end())
    await script.reached.wait()

    run.call.cancel()  # type: ignore[attr-defined]

    async with asyncio.timeout(0.2):
        await script.left.wait()
    with pytest.raises(asyncio.CancelledError):
        await ending


async def test_cancel_with_grace_lets_open_work_end_and_nothing_begin(driver: Driver) -> None:
    going_on = asyncio.Event()
    script = Script(says=[Say(calls=[("c1", "add", "{}")]), Say(chunks=["never"])])
    script.tools["add"] = held(script, going_on)
    run = driver.start(script, tool_specs=[ADD])
    ending = asyncio.ensure_future(run.end())
    await script.reached.wait()

    cancelling = asyncio.ensure_future(driver.cancel(run, grace_seconds=0.9))
    await asyncio.wait([cancelling], timeout=0.05)
    going_on.set()
    await asyncio.gather(ending, cancelling)

    assert (run.result.outcome, run.reason) == CANCELLED
    assert not script.left.is_set()
    assert len(script.asked) == 1


async def test_cancel_is_safe_to_repeat(driver: Driver) -> None:
    run = await driver.run(say("over"))

    await driver.cancel(run)
    await driver.cancel(run)

    assert run.result.outcome == events.RUN_OUTCOME_SUCCEEDED


async def test_a_run_whose_time_is_up_leaves_its_seams(driver: Driver) -> None:
    script = at_the_model()
    run = driver.start(script, timeout=0.3)
    ending = asyncio.ensure_future(run.end())
    await script.reached.wait()

    await asyncio.wait([ending])

    await script.left.wait()
    assert ending.exception() is not None


async def test_a_runtime_goes_on_after_a_cancelled_run(driver: Driver) -> None:
    script = at_the_model()
    run = driver.start(script)
    ending = asyncio.ensure_future(run.end())
    await script.reached.wait()
    await driver.cancel(run)
    await ending

    after = await driver.run(say("still here"))

    assert after.result.output.text == "still here"
