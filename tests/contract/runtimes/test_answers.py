"""Every runtime: what the model is asked, and what becomes of its answers."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events
from tests.contract.runtimes.driver import Driver
from tests.fakes.seams import Say, Script

SUCCEEDED = events.RUN_OUTCOME_SUCCEEDED


async def test_an_answer_is_streamed_recorded_and_handed_over(driver: Driver) -> None:
    run = await driver.run(Script(says=[Say(chunks=["Grüß ", "dich ", "{name}"])]))

    assert run.shape == [
        ("live", "0", "0", "Grüß "),
        ("live", "0", "7", "dich "),
        ("live", "0", "12", "{name}"),
        ("message.added", "model-1", "Grüß dich {name}"),
        ("RUN_OUTCOME_SUCCEEDED", "Grüß dich {name}", ""),
    ]
    live = {frame.live_output.message_id for frame in run.frames if frame.HasField("live_output")}
    assert live == {run.events[0].message_added.message_id}
