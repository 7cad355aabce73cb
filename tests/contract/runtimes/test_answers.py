"""Every runtime: what the model is asked, and what becomes of its answers."""

from __future__ import annotations

import asyncio

import pytest

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.payload import text_payload
from pal_rpc.errors import MeshError
from tests.contract.runtimes.driver import TRACEPARENT, Driver, agent, say
from tests.fakes.seams import GARBAGE, Say, Script, said

SCHEMA = '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}'
JSON_AGENT = agent(schema=SCHEMA, filename="answer.json")


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


async def test_the_model_gets_instructions_conversation_and_input_untouched(driver: Driver) -> None:
    script = say("fine")
    earlier = [
        llm.ModelMessage(role=events.MESSAGE_ROLE_USER, parts=[text_payload("first {x}")]),
        llm.ModelMessage(role=events.MESSAGE_ROLE_AGENT, parts=[text_payload("one")]),
        llm.ModelMessage(role=events.MESSAGE_ROLE_AGENT, parts=[text_payload("two")]),
        llm.ModelMessage(role=events.MESSAGE_ROLE_USER, parts=[text_payload("second")]),
    ]

    await driver.run(script, conversation=earlier)

    (request,) = script.asked
    assert said(request) == [
        ("PLATFORM", "Say what {is} so.\n\nYou must follow these rules:\n- Be short."),
        ("USER", "first {x}"),
        ("AGENT", "one"),
        ("AGENT", "two"),
        ("USER", "second"),
        ("USER", "hello {name}"),
    ]
    assert (request.profile, request.call_id, request.lease.token) == ("default", "model-1", "token")
    assert script.metadata[0]["traceparent"] == TRACEPARENT


async def test_a_second_run_equals_the_first(driver: Driver) -> None:
    first, second = say("same"), say("same")

    runs = [await driver.run(first), await driver.run(second)]

    assert runs[0].shape == runs[1].shape
    assert list(first.asked[0].messages) == list(second.asked[0].messages)


async def test_runs_side_by_side_do_not_mix(driver: Driver) -> None:
    scripts = [say(f"answer {n}") for n in range(20)]

    runs = await asyncio.gather(*(driver.run(s, text=f"question {n}") for n, s in enumerate(scripts)))

    assert [run.result.output.text for run in runs] == [f"answer {n}" for n in range(20)]
    assert [said(s.asked[0])[-1] for s in scripts] == [("USER", f"question {n}") for n in range(20)]


async def test_output_that_satisfies_the_schema_is_json_and_a_file(driver: Driver) -> None:
    script = say('\n {"n": 9007199254740993} ')

    run = await driver.run(script, spec=JSON_AGENT)

    assert run.result.output.json == '{"n": 9007199254740993}'
    assert [event.type for event in run.events] == ["message.added", "artifact.added"]
    assert run.events[1].artifact_added.content.filename == "answer.json"
    assert script.asked[0].answer_schema.text == SCHEMA


@pytest.mark.parametrize(
    ("text", "path"),
    [('{"n": "7"}', "/n"), ("{}", ""), ("seven", ""), ('```json\n{"n": 7}\n```', ""), ('{"n": NaN}', "")],
)
async def test_output_that_violates_the_schema_fails_the_run(driver: Driver, text: str, path: str) -> None:
    run = await driver.run(say(text), spec=JSON_AGENT)

    assert run.result.outcome == events.RUN_OUTCOME_FAILED
    assert run.reason == "OUTPUT_INVALID"
    assert run.result.failure.metadata["path"] == path
    assert [event.type for event in run.events] == ["message.added"]


@pytest.mark.parametrize("text", ["", " \n"])
async def test_an_empty_answer_fails_the_run_and_is_not_asked_for_again(driver: Driver, text: str) -> None:
    script = say(text, "second thoughts")

    run = await driver.run(script)

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_FAILED, "OUTPUT_EMPTY")
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        (events.MODEL_STOP_REASON_LENGTH, "MODEL_TRUNCATED"),
        (events.MODEL_STOP_REASON_REFUSED, "MODEL_REFUSED"),
        (events.MODEL_STOP_REASON_FILTERED, "MODEL_FILTERED"),
    ],
)
async def test_how_the_model_stopped_decides(driver: Driver, stop_reason: events.ModelStopReason, reason: str) -> None:
    script = Script(says=[Say(chunks=["part"], stop_reason=stop_reason), Say(chunks=["more"])])

    run = await driver.run(script)

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_FAILED, reason)
    assert [event.message_added.parts[0].text for event in run.events] == ["part"]
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (reasons.ERROR_REASON_MODEL_UNAVAILABLE, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_MODEL_CREDENTIALS, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_MODEL_RATE_LIMITED, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_MODEL_OUTPUT_MALFORMED, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_MODEL_TIMEOUT, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_PROFILE_NOT_FOUND, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_POLICY_DENIED, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_RECORDER_UNAVAILABLE, events.RUN_OUTCOME_FAILED),
        (reasons.ERROR_REASON_LIMIT_REACHED, events.RUN_OUTCOME_LIMITED),
        (reasons.ERROR_REASON_DEADLINE_EXCEEDED, events.RUN_OUTCOME_LIMITED),
    ],
)
async def test_an_error_of_the_model_seam_ends_the_run_as_it_is(
    driver: Driver, reason: reasons.ErrorReason, outcome: events.RunOutcome
) -> None:
    script = Script(says=[Say(error=MeshError(reason, "as it is", limit="max_model_calls")), Say(chunks=["again"])])

    run = await driver.run(script)

    assert run.result.outcome == outcome
    assert run.reason == reasons.ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
    assert (run.result.failure.message, run.result.failure.metadata["limit"]) == ("as it is", "max_model_calls")
    assert len(script.asked) == 1


async def test_a_lease_is_the_seams_to_judge(driver: Driver) -> None:
    run = await driver.run(say("never"), token=GARBAGE)

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_FAILED, "LEASE_INVALID")


async def test_empty_input_and_odd_messages_are_passed_on(driver: Driver) -> None:
    script = say("fine")
    earlier = [
        llm.ModelMessage(role=events.MESSAGE_ROLE_USER, parts=[text_payload("who?")]),
        llm.ModelMessage(role=events.MESSAGE_ROLE_AGENT),
    ]

    run = await driver.run(script, text="", conversation=earlier)

    roles = [events.MessageRole.Name(m.role).removeprefix("MESSAGE_ROLE_") for m in script.asked[0].messages]
    assert roles == ["PLATFORM", "USER", "AGENT", "USER"]
    assert run.result.output.text == "fine"
