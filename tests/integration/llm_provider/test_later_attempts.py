"""A later attempt of a run is answered from the record, and asks a model only for what nobody answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import LLM_PROVIDER, ROUTER, EventWriter
from pal_log.grammar import violations
from pal_rpc.appender import Appender
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, private_key
from tests.integration.llm_provider.conftest import LIVE, Bench, apply

AGENT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {{name: {name}, version: 1.0.0}}
spec: {{objective: Help., runtime: {{onDivergence: {word}}}}}
"""


async def accepted(bench: Bench, word: str = "STOP") -> tuple[str, events.RunAccepted]:
    ref = await apply(bench, AGENT.format(name=f"desk-{word.lower().replace('_', '-')}", word=word))
    lease = await bench.run()
    grant = events.RunAccepted(agent=ref, requester=common.Principal(id="ada"))
    return lease.run_id, grant


async def begun(bench: Bench, run_id: str, grant: events.RunAccepted, epoch: int) -> shared.RunLease:
    """Begin attempt *epoch* as the router does: the record knows it first."""
    started = EventWriter(ROUTER).event(run_id, LIVE, epoch, run_started=events.RunStarted(attempt=epoch))
    await bench.router.append(run_id, [started])
    return bench.lease(run_id, grant, epoch=epoch)


def calls(log: Sequence[events.RunEvent]) -> list[str]:
    return [event.model_call_started.call_id for event in log if event.type == "model.call.started"]


async def test_an_answer_is_given_again_and_nothing_is_asked(bench: Bench) -> None:
    run_id, grant = await accepted(bench)
    first = await bench.ask(await begun(bench, run_id, grant, 1), call_id="model-1")
    lease = await begun(bench, run_id, grant, 2)

    again = await bench.ask(lease, call_id="model-1")

    assert again.replayed
    assert (again.message, again.stop_reason, again.usage) == (first.message, first.stop_reason, first.usage)
    assert calls(await bench.events(lease)) == ["model-1"]


async def test_tool_calls_come_back_character_for_character(bench: Bench) -> None:
    run_id, grant = await accepted(bench)
    ask = {"call_id": "model-1", "profile": "gpt-tools"}
    first = await bench.ask(await begun(bench, run_id, grant, 1), **ask)

    again = await bench.ask(await begun(bench, run_id, grant, 2), **ask)

    assert first.message.tool_calls
    assert again.message.tool_calls == first.message.tool_calls


async def test_what_was_not_answered_is_asked_again_under_a_name_of_its_own(bench: Bench) -> None:
    run_id, grant = await accepted(bench)
    await begun(bench, run_id, grant, 1)
    asked = events.ModelCallStarted(call_id="model-1", profile="default", request_digest="sha256:x", attempt=1)
    token = issue_token(private_key(_keys(bench), MESH), "llm_provider")
    async with Appender(bench.recorder, token) as seam:
        await seam.append(run_id, [EventWriter(LLM_PROVIDER).event(run_id, LIVE, 1, model_call_started=asked)])
    lease = await begun(bench, run_id, grant, 2)

    answer = await bench.ask(lease, call_id="model-1")

    log = await bench.events(lease)
    lost = next(event.model_call_finished for event in log if event.type == "model.call.finished")
    assert (answer.call_id, answer.replayed) == ("model-1~2", False)
    assert (lost.call_id, lost.failure.reason) == ("model-1", "ATTEMPT_LOST")
    ended = EventWriter(ROUTER).event(run_id, LIVE, 2, run_finished=events.RunFinished())
    await bench.router.append(run_id, [ended])
    assert violations(await bench.events(lease)) == []


async def test_a_third_attempt_finds_the_answer_of_the_second(bench: Bench) -> None:
    run_id, grant = await accepted(bench)
    await bench.refusal(await begun(bench, run_id, grant, 1), call_id="model-1", profile="error_500")
    second = await bench.ask(await begun(bench, run_id, grant, 2), call_id="model-1")

    third = await bench.ask(await begun(bench, run_id, grant, 3), call_id="model-1")

    assert (third.replayed, third.call_id) == (True, second.call_id)


async def test_another_request_in_the_same_place_stops_the_run(bench: Bench) -> None:
    run_id, grant = await accepted(bench)
    await bench.ask(await begun(bench, run_id, grant, 1), call_id="model-1")
    lease = await begun(bench, run_id, grant, 2)

    error = await bench.refusal(lease, "something else", call_id="model-1")

    diverged = (await bench.events(lease))[-1].replay_diverged
    assert error.reason_name == "DIVERGED"
    assert (diverged.fatal, diverged.call_id, diverged.reason) == (True, "model-1", "MODEL_REQUEST_DIFFERS")


async def test_an_agent_may_go_on_without_its_record(bench: Bench) -> None:
    run_id, grant = await accepted(bench, "GO_ON")
    first = await begun(bench, run_id, grant, 1)
    for number in (1, 2):
        await bench.ask(first, call_id=f"model-{number}")
    lease = await begun(bench, run_id, grant, 2)

    other = await bench.ask(lease, "something else", call_id="model-1")
    same = await bench.ask(lease, call_id="model-2")

    assert not other.replayed and not same.replayed
    assert [other.call_id, same.call_id] == ["model-1~2", "model-2~2"]


def _keys(bench: Bench) -> Path:
    return Path(bench.settings["PAL_KEYS_DIR"])
