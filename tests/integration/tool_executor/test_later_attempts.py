"""Calls of a run that goes on after a loss or a wait: nothing happens twice, and what nobody knows a person decides."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.service.v1 import tool_executor_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.canonical import canonical_digest
from pal_log.events import ROUTER, TOOL_EXECUTOR, EventWriter
from pal_log.payload import content_text, json_payload, text_payload
from pal_rpc.channels import channel
from pal_rpc.lease import sign_lease
from pal_tool_executor.__main__ import tool_executor
from tests.fakes import tools as fakes
from tests.fakes.cut_proxy import cut_proxy
from tests.integration.tool_executor.conftest import LIVE, Bench

ARGUMENTS = '{"order": "A-1"}'
ACCEPTED, DECLINED, AMENDED = (
    events.INPUT_DECISION_ACCEPTED,
    events.INPUT_DECISION_DECLINED,
    events.INPUT_DECISION_AMENDED,
)
WRITE = {"effectClass": "WRITE"}
NEEDS = {"needsApproval": True}


@dataclass
class Run:
    """A run that goes through several attempts."""

    bench: Bench
    tool: common.SpecRef
    accepted: events.RunAccepted
    run_id: str
    epoch: int = 1

    def lease(self) -> shared.RunLease:
        grant = shared.RunGrant(accepted=self.accepted, tool_terms=[shared.ToolGrantTerms()])
        return sign_lease(self.bench.key, self.run_id, self.epoch, LIVE, time.time() + 60, grant)

    async def again(self, **body: Any) -> None:
        """Begin the next attempt, after the router has recorded *body*."""
        self.epoch += 1
        writer = EventWriter(ROUTER)
        facts = [writer.event(self.run_id, LIVE, self.epoch, **{name: fact}) for name, fact in body.items()]
        started = writer.event(self.run_id, LIVE, self.epoch, run_started=events.RunStarted(attempt=self.epoch))
        await self.bench.router.append(self.run_id, [*facts, started])

    async def answered(self, input_id: str, decision: Any, answer: common.Payload | None = None) -> None:
        """Begin the next attempt, after a person has answered."""
        await self.again(input_received=events.InputReceived(input_id=input_id, decision=decision, answer=answer))

    async def lost(self, *, dispatched: bool) -> None:
        """Leave behind what an executor had written when it was lost in the middle of call c1."""
        requested = events.ToolCallRequested(
            call_id="c1",
            tool=self.tool,
            arguments=json_payload(ARGUMENTS),
            arguments_digest=canonical_digest(ARGUMENTS),
            effect_class=0,
        )
        writer = EventWriter(TOOL_EXECUTOR)
        batch = [writer.event(self.run_id, LIVE, 1, tool_call_requested=requested)]
        if dispatched:
            fact = events.ToolCallDispatched(call_id="c1", attempt=1)
            batch.append(writer.event(self.run_id, LIVE, 1, tool_call_dispatched=fact))
        await self.bench.executor.append(self.run_id, batch)
        await self.again()

    async def call(self, *, may_wait: bool = True, arguments: str = ARGUMENTS) -> pb.ExecuteToolResponse:
        request = pb.ExecuteToolRequest(
            lease=self.lease(), call_id="c1", tool=self.tool, arguments=json_payload(arguments), may_wait=may_wait
        )
        return await self.bench.tools.ExecuteTool(request, timeout=30)

    async def types(self) -> list[str]:
        return [event.type for event in await self.bench.events(self.lease()) if event.type.startswith("tool.")]


async def run(bench: Bench, name: str = "remember", **spec: Any) -> Run:
    fakes.CALLS.clear()
    tool = await bench.tool(name, **spec)
    accepted = events.RunAccepted(agent=common.SpecRef(name="desk"), tools=[tool])
    lease = await bench.run(tool)
    return Run(bench, tool, accepted, lease.run_id)


@pytest.mark.parametrize(
    ("effect", "dispatched"), [({"effectClass": "READ"}, True), (WRITE, False), ({"effectClass": "PURE"}, False)]
)
async def test_what_had_no_effect_is_done_under_the_same_name(
    bench: Bench, effect: dict[str, str], dispatched: bool
) -> None:
    going = await run(bench, effect=effect)
    await going.lost(dispatched=dispatched)

    response = await going.call()

    assert response.finished.outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED
    assert (await going.types()).count("tool.call.requested") == 1
    assert (await going.types())[-1] == "tool.call.finished"
    assert response.finished.attempts == (2 if dispatched else 1)


async def test_an_executor_that_was_started_again_knows_the_calls_of_an_attempt_that_goes_on(bench: Bench) -> None:
    going = await run(bench, effect=WRITE)
    before = await going.call()

    async with tool_executor(bench.config) as server, channel(server.address) as opened:
        bench = dataclasses.replace(bench, tools=rpc.ToolExecutorServiceStub(opened))
        after = await dataclasses.replace(going, bench=bench).call()

    assert (after.finished, after.seq) == (before.finished, before.seq)
    assert len(fakes.CALLS) == 1
    assert (await going.types()).count("tool.call.requested") == 1


async def test_a_write_that_its_back_end_takes_once_is_sent_again_with_the_same_key(bench: Bench) -> None:
    fakes.KEYS[:] = ["earlier"]
    going = await run(bench, "keyed", effect={**WRITE, "idempotency": "KEYED"})
    await going.lost(dispatched=True)

    response = await going.call()

    assert response.finished.outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED
    assert fakes.KEYS[1:] == [hashlib.sha256(f"{going.run_id}/c1".encode()).hexdigest()]


@pytest.mark.parametrize(("done", "calls"), [(True, 1), (False, 1)])
async def test_a_write_is_looked_up_where_a_tool_can_tell(bench: Bench, done: bool, calls: int) -> None:
    await bench.tool("look-up")
    going = await run(bench, effect={**WRITE, "reconcile": "look-up"})
    if done:
        fakes.CALLS.append(json.loads(ARGUMENTS))
    await going.lost(dispatched=True)

    response = await going.call()

    assert len(fakes.CALLS) == calls
    assert json.loads(content_text(response.result)) == (
        {"found": {"order": "A-1"}} if done else {"got": {"order": "A-1"}}
    )


@pytest.mark.parametrize(("choice", "calls", "words"), [("done", 0, "confirmed"), ("not done", 1, "got")])
async def test_a_write_that_nobody_knows_of_waits_for_a_person(
    bench: Bench, choice: str, calls: int, words: str
) -> None:
    going = await run(bench, effect=WRITE)
    await going.lost(dispatched=True)

    waiting = (await going.call()).waits_for
    await going.answered(waiting.input_id, ACCEPTED, text_payload(choice))
    response = await going.call()

    assert (waiting.kind, list(waiting.choices)) == (events.INPUT_KIND_CHOICE, ["done", "not done"])
    assert len(fakes.CALLS) == calls
    assert words in content_text(response.result)


async def test_a_write_that_nobody_knows_of_stays_unknown_where_nobody_can_wait(bench: Bench) -> None:
    going = await run(bench, effect=WRITE)
    await going.lost(dispatched=True)

    response = await going.call(may_wait=False)

    assert response.finished.outcome == events.TOOL_CALL_OUTCOME_UNKNOWN
    assert response.finished.failure.reason == "TOOL_OUTCOME_UNKNOWN"
    assert fakes.CALLS == []


async def test_an_approved_call_is_carried_out_once(bench: Bench) -> None:
    going = await run(bench, effect=WRITE, permissions=NEEDS)

    waiting = (await going.call()).waits_for
    repeated = (await going.call()).waits_for
    await going.answered(waiting.input_id, ACCEPTED)
    response = await going.call()
    again = await going.call()

    assert waiting.tool_call_id == "c1" and waiting.input_id == repeated.input_id
    assert ARGUMENTS in content_text(waiting.prompt)
    assert response.finished == again.finished
    assert [json.loads(ARGUMENTS)] == fakes.CALLS
    assert await going.types() == ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]


async def test_a_declined_call_is_told_to_the_model_with_what_was_said(bench: Bench) -> None:
    going = await run(bench, effect=WRITE, permissions=NEEDS)

    waiting = (await going.call()).waits_for
    await going.answered(waiting.input_id, DECLINED, text_payload("too expensive"))
    response = await going.call()

    assert response.finished.failure.reason == "INPUT_DECLINED"
    assert "too expensive" in content_text(response.result)
    assert fakes.CALLS == []


async def test_a_person_may_amend_the_arguments(bench: Bench) -> None:
    going = await run(bench, effect=WRITE, permissions=NEEDS)

    waiting = (await going.call()).waits_for
    await going.answered(waiting.input_id, AMENDED, json_payload('{"order": "B-2"}'))
    await going.call()

    assert fakes.CALLS == [{"order": "B-2"}]


async def test_nobody_answering_in_time_is_a_no(bench: Bench) -> None:
    going = await run(bench, effect=WRITE, permissions=NEEDS)

    waiting = (await going.call()).waits_for
    await going.again(input_expired=events.InputExpired(input_id=waiting.input_id))
    response = await going.call()

    assert response.finished.failure.reason == "INPUT_EXPIRED"
    assert fakes.CALLS == []


async def test_a_question_is_answered_by_a_person(bench: Bench) -> None:
    going = await run(bench, "ask-person")
    asking = '{"question": "Which colour?", "choices": ["red", "blue"]}'

    waiting = (await going.call(arguments=asking)).waits_for
    await going.answered(waiting.input_id, ACCEPTED, text_payload("blue"))
    response = await going.call(arguments=asking)

    assert (waiting.kind, content_text(waiting.prompt)) == (events.INPUT_KIND_CHOICE, "Which colour?")
    assert content_text(response.result) == '"blue"'


async def test_what_the_model_was_told_is_told_again(bench: Bench) -> None:
    going = await run(bench, "reports")
    first = await going.call()
    await going.again()

    again = await going.call()

    assert content_text(again.result) == content_text(first.result)
    assert again.finished == first.finished


async def test_an_end_that_waits_for_the_recorder_is_recorded_for_the_attempt_that_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for event in (fakes.REACHED, fakes.LEFT, fakes.GO_ON, fakes.DONE):
        event.clear()
    # Who reads is back before who writes.
    monkeypatch.setattr("pal_rpc.appender._FIRST_BACKOFF_SECONDS", 0.5)
    going = await run(bench, "waits", effect=WRITE)
    async with cut_proxy(bench.config.recorder_address) as proxy:
        config = dataclasses.replace(bench.config, recorder_address=proxy.address)
        async with tool_executor(config) as server, channel(server.address) as opened:
            going.bench = dataclasses.replace(bench, tools=rpc.ToolExecutorServiceStub(opened))
            lost = asyncio.create_task(going.call())
            await fakes.REACHED.wait()
            proxy.cut()
            fakes.GO_ON.set()
            lost.cancel()
            await going.again()

            response = await going.call()

    assert content_text(response.result) == '"done"'
    assert (await going.types()) == ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]


async def test_a_call_whose_end_waits_for_the_recorder_is_not_stopped_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for event in (fakes.REACHED, fakes.LEFT, fakes.GO_ON, fakes.DONE):
        event.clear()
    monkeypatch.setattr("pal_rpc.appender._FIRST_BACKOFF_SECONDS", 0.5)
    going = await run(bench, "waits")
    async with cut_proxy(bench.config.recorder_address) as proxy:
        config = dataclasses.replace(bench.config, recorder_address=proxy.address)
        async with tool_executor(config) as server, channel(server.address) as opened:
            going.bench = dataclasses.replace(bench, tools=rpc.ToolExecutorServiceStub(opened))
            lost = asyncio.create_task(going.call())
            await fakes.REACHED.wait()
            proxy.cut()
            fakes.GO_ON.set()
            await fakes.DONE.wait()
            lost.cancel()
            response = await going.call()

    assert content_text(response.result) == '"done"'
    assert (await going.types()) == ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]


async def test_who_leaves_does_not_stop_a_call_that_another_waits_for(bench: Bench) -> None:
    for event in (fakes.REACHED, fakes.LEFT, fakes.GO_ON, fakes.DONE):
        event.clear()
    going = await run(bench, "waits")
    first = asyncio.create_task(going.call())
    await fakes.REACHED.wait()
    second = asyncio.create_task(going.call())
    await asyncio.wait([second], timeout=0.1)

    first.cancel()
    await asyncio.wait([second], timeout=0.1)
    fakes.GO_ON.set()
    response = await second

    assert content_text(response.result) == '"done"'
    assert not fakes.LEFT.is_set()


@pytest.mark.parametrize("while_it_runs", [True, False])
async def test_a_write_that_outlives_its_attempt_is_done_once_and_its_end_is_kept(
    bench: Bench, while_it_runs: bool
) -> None:
    for event in (fakes.REACHED, fakes.LEFT, fakes.GO_ON, fakes.DONE):
        event.clear()
    going = await run(bench, "waits", effect=WRITE)
    lost = asyncio.create_task(going.call())
    await fakes.REACHED.wait()
    lost.cancel()
    fakes.REACHED.clear()
    await going.again()

    if while_it_runs:
        asked = asyncio.create_task(going.call())
        await asyncio.wait([asked], timeout=0.1)
        fakes.GO_ON.set()
    else:
        fakes.GO_ON.set()
        # The executor tries to record the end meanwhile, and is refused.
        await going.types()
        asked = asyncio.create_task(going.call())
    response = await asked

    assert content_text(response.result) == '"done"'
    assert not fakes.REACHED.is_set()
    assert (await going.types()) == ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]
