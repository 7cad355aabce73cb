"""An adapter that breaks the contract ends its run as FAILED, with the rule it broke, and nobody else's."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from pal_log.payload import text_payload
from pal_router import attempt
from pal_router.breakers import IN_A_ROW
from tests.fakes.bad_adapter import BadAdapter, bad_adapter
from tests.fakes.seams import Say
from tests.integration.router.conftest import Bench

RESULT = rt.RunFrame(result=rt.RuntimeResult(outcome=events.RUN_OUTCOME_SUCCEEDED, output=text_payload("done")))
SUSPENDED = rt.RunFrame(result=rt.RuntimeResult())


def event(**fields: object) -> rt.RunFrame:
    return rt.RunFrame(event=events.RunEvent(**fields))  # type: ignore[arg-type]


FOREIGN = event(type="tool.call.finished", tool_call_finished=events.ToolCallFinished(call_id="c1"))
ENDING = event(type="run.finished", run_finished=events.RunFinished())
MISNAMED = event(type="message.added", note_added=events.NoteAdded(name="x"))
NAMELESS = event(note_added=events.NoteAdded(name="x"))
STRANGER = event(type="note.added", run_id="another", note_added=events.NoteAdded(name="x"))


@pytest.fixture(scope="module")
async def bad(bench: Bench) -> AsyncIterator[BadAdapter]:
    async with bad_adapter(bench.registry) as adapter:
        yield adapter


@pytest.mark.parametrize(
    ("frames", "reason", "words"),
    [
        ((FOREIGN, RESULT), "ADAPTER_PROTOCOL", "tool.call.finished"),
        ((ENDING, RESULT), "ADAPTER_PROTOCOL", "run.finished"),
        ((MISNAMED, RESULT), "ADAPTER_PROTOCOL", "message.added"),
        ((NAMELESS, RESULT), "ADAPTER_PROTOCOL", "without a type"),
        ((STRANGER, RESULT), "ADAPTER_PROTOCOL", "another"),
        ((RESULT, RESULT), "ADAPTER_PROTOCOL", "followed the result"),
        ((SUSPENDED,), "ADAPTER_PROTOCOL", "it has none"),
        ((), "ADAPTER_LOST", "without a result"),
    ],
)
async def test_a_broken_rule_is_named(
    bench: Bench, bad: BadAdapter, frames: tuple[rt.RunFrame, ...], reason: str, words: str
) -> None:
    bad.says(*frames)

    log = await bench.run(str(uuid.uuid4()), pinned_runtime="bad")
    finished = log[-1].run_finished

    assert (finished.outcome, finished.failure.reason) == (events.RUN_OUTCOME_FAILED, reason)
    assert words in finished.failure.message
    assert violations(log) == []


async def test_bytes_that_are_no_message_end_the_run(bench: Bench, bad: BadAdapter) -> None:
    bad.messages = [b"\xff\xff\xff not a message"]

    log = await bench.run(str(uuid.uuid4()), pinned_runtime="bad")

    assert log[-1].run_finished.failure.reason == "ADAPTER_PROTOCOL"


async def test_an_adapter_that_says_nothing_is_lost(
    bench: Bench, bad: BadAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "SILENCE_SECONDS", 0.1)
    bad.messages, bad.hangs = [], True

    log = await bench.run(str(uuid.uuid4()), pinned_runtime="bad")
    bad.hangs = False

    assert log[-1].run_finished.failure.reason == "ADAPTER_LOST"
    assert "no sign of life" in log[-1].run_finished.failure.message


async def test_the_next_run_is_not_harmed(bench: Bench, bad: BadAdapter) -> None:
    bad.says(FOREIGN)
    await bench.run(str(uuid.uuid4()), pinned_runtime="bad")
    request_id = str(uuid.uuid4())
    bench.script(request_id, Say(chunks=["fine"]))

    log = await bench.run(request_id)

    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED


async def routed_runs(bench: Bench, count: int) -> list[list[events.RunEvent]]:
    logs = []
    for _ in range(count):
        request_id = str(uuid.uuid4())
        bench.script(request_id, Say(chunks=["fine"]))
        logs.append(await bench.run(request_id))
    return logs


async def test_a_run_falls_over_and_after_some_no_run_comes_any_more(bench: Bench, bad: BadAdapter) -> None:
    bad.says(FOREIGN, RESULT)
    route = registry.Route(agent="desk", stable="bad", fallbacks=["echo"])
    within = duration_pb2.Duration(seconds=10)
    await bench.registry.SetRoute(registry.SetRouteRequest(route=route, acknowledged_within=within))

    logs = await routed_runs(bench, IN_A_ROW + 1)
    (breaker,) = (await bench.router.ListBreakers(pb.ListBreakersRequest(agent="desk"))).breakers
    await bench.registry.SetRoute(
        registry.SetRouteRequest(route=registry.Route(agent="desk", stable="echo"), acknowledged_within=within)
    )

    choices = [[event.run_routed for event in log if event.type == "run.routed"] for log in logs]
    assert {log[-1].run_finished.outcome for log in logs} == {events.RUN_OUTCOME_SUCCEEDED}
    assert [choice.runtime for choice in choices[0]] == ["bad", "echo"]
    assert (choices[-1][0].runtime, choices[-1][0].rule_id, len(choices[-1])) == ("echo", "fallback", 1)
    assert {one.runtime: one.reason for one in choices[-1][0].rejected}["bad"] == "BREAKER_OPEN"
    assert (breaker.runtime, breaker.state, breaker.cause) == ("bad", pb.BREAKER_STATE_OPEN, "ADAPTER_PROTOCOL")
    assert all(violations(log) == [] for log in logs)


async def test_a_frame_of_an_unknown_kind_is_skipped(bench: Bench, bad: BadAdapter) -> None:
    bad.says(RESULT)
    bad.messages.insert(0, b"\x0a\x04\xfa\x3e\x01x")

    log = await bench.run(str(uuid.uuid4()), pinned_runtime="bad")

    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
