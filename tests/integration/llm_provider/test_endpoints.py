"""Endpoints that speak the chat completions protocol, well and badly."""

from __future__ import annotations

import json

import pytest

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.payload import text_payload
from pal_rpc.errors import parse_reason
from tests.integration.llm_provider.conftest import SECRET, Bench, said, tool


async def test_an_endpoint_answers(bench: Bench) -> None:
    lease = await bench.run()

    answer = await bench.ask(lease, profile="gpt-answer")

    finished = (await bench.events(lease))[-1].model_call_finished
    assert answer.message.parts[0].text == "Hello"
    assert (answer.model, answer.provider) == ("gpt-4o-mini-2024-07-18", "openai")
    assert answer.stop_reason == events.MODEL_STOP_REASON_COMPLETE
    assert finished.usage == common.TokenUsage(
        input_tokens=1000,
        output_tokens=10,
        cached_input_tokens=200,
        reasoning_output_tokens=4,
        source=common.MEASUREMENT_SOURCE_REPORTED,
    )
    # An endpoint of one's own has its own prices.
    assert not finished.HasField("cost")


async def test_a_request_reaches_the_endpoint_unchanged(bench: Bench) -> None:
    lease = await bench.run()
    schema = '{"type": "object", "properties": {"zeta": {"const": 5.0}, "alpha": {}}}'
    asking = pb.ModelMessage(
        role=events.MESSAGE_ROLE_AGENT,
        tool_calls=[pb.ModelToolCall(call_id="m1.t1", name="lookup", arguments_json='{"b": 1, "a": 5.0}')],
    )
    result = pb.ModelToolResult(call_id="m1.t1", result=text_payload('{"n": 1e400}'))
    messages = [
        said("Be kind.", events.MESSAGE_ROLE_PLATFORM),
        said("Where is it?"),
        asking,
        pb.ModelMessage(role=events.MESSAGE_ROLE_USER, tool_results=[result]),
    ]

    await bench.ask(
        lease,
        profile="gpt-answer",
        messages=messages,
        tools=[tool("lookup", schema)],
        tool_choice=pb.TOOL_CHOICE_REQUIRED,
        answer_schema=common.JsonSchema(text=schema),
        max_output_tokens=77,
        temperature_ppm=250_000,
        stop_sequences=["END"],
    )

    asked = bench.endpoint.asked[-1]
    function = {"name": "lookup", "arguments": '{"b": 1, "a": 5.0}'}
    assert asked["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Where is it?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "m1.t1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "m1.t1", "content": '{"n": 1e400}'},
    ]
    parameters = asked["tools"][0]["function"]["parameters"]
    assert json.dumps(parameters) == schema
    assert asked["response_format"]["json_schema"]["schema"] == json.loads(schema)
    assert (asked["tool_choice"], asked["max_tokens"], asked["temperature"], asked["stop"]) == (
        "required",
        77,
        0.25,
        ["END"],
    )
    assert bench.endpoint.keys[-1] == f"bearer {SECRET}"


async def test_twin_identifiers_of_an_endpoint_become_unique(bench: Bench) -> None:
    lease = await bench.run()

    answer = await bench.ask(lease, profile="gpt-tools")

    assert answer.stop_reason == events.MODEL_STOP_REASON_TOOL_CALLS
    assert [(call.call_id, call.name, call.arguments_json) for call in answer.message.tool_calls] == [
        ("m1.t1", "lookup_order", '{"order_id": "A-1001", "n": 5.0}'),
        ("m1.t2", "list_orders", "{}"),
    ]


async def test_usage_is_estimated_where_none_is_reported(bench: Bench) -> None:
    lease = await bench.run()

    answer = await bench.ask(lease, profile="gpt-uncounted")

    assert answer.usage.source == common.MEASUREMENT_SOURCE_ESTIMATED
    assert answer.usage.output_tokens == 3
    assert answer.usage.input_tokens > 0


@pytest.mark.parametrize(
    ("model", "stop_reason"),
    [
        ("length", events.MODEL_STOP_REASON_LENGTH),
        ("content_filter", events.MODEL_STOP_REASON_FILTERED),
        ("refusal", events.MODEL_STOP_REASON_REFUSED),
    ],
)
async def test_the_reason_to_stop_is_kept(bench: Bench, model: str, stop_reason: events.ModelStopReason) -> None:
    lease = await bench.run()

    answer = await bench.ask(lease, profile=f"gpt-{model}")

    assert answer.stop_reason == stop_reason
    assert (await bench.events(lease))[-1].model_call_finished.stop_reason == stop_reason


@pytest.mark.parametrize(
    ("model", "reason", "attempts"),
    [
        ("400", reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, 1),
        ("401", reasons.ERROR_REASON_MODEL_CREDENTIALS, 1),
        ("404", reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, 1),
        ("429", reasons.ERROR_REASON_MODEL_RATE_LIMITED, 1),
        ("500", reasons.ERROR_REASON_MODEL_UNAVAILABLE, 2),
        ("stall", reasons.ERROR_REASON_MODEL_TIMEOUT, 1),
        ("silent", reasons.ERROR_REASON_MODEL_TIMEOUT, 1),
        ("cut", reasons.ERROR_REASON_MODEL_UNAVAILABLE, 1),
        ("garbage", reasons.ERROR_REASON_MODEL_OUTPUT_MALFORMED, 1),
        ("broken", reasons.ERROR_REASON_MODEL_OUTPUT_MALFORMED, 1),
    ],
)
async def test_a_bad_endpoint_is_a_recorded_failure_that_keeps_the_key(
    bench: Bench, model: str, reason: reasons.ErrorReason, attempts: int
) -> None:
    lease, before = await bench.run(), len(bench.endpoint.asked)

    error = await bench.refusal(lease, profile=f"gpt-{model}")

    recorded = await bench.events(lease)
    failure = recorded[-1].model_call_finished.failure
    assert error.reason == parse_reason(failure.reason) == reason
    assert [event.type for event in recorded[1:]] == ["model.call.started", "model.call.finished"]
    assert error.message == failure.message
    assert SECRET not in str(recorded) + error.message + str(error.metadata)
    assert [asked["model"] for asked in bench.endpoint.asked[before:]] == [model] * attempts


async def test_a_limited_rate_says_when_to_come_back(bench: Bench) -> None:
    error = await bench.refusal(await bench.run(), profile="gpt-429")

    assert error.metadata["retry_after_seconds"] == "7"
    assert "try again in 7 s" in error.message


async def test_a_stalled_endpoint_is_left(bench: Bench) -> None:
    bench.endpoint.left.clear()

    await bench.refusal(await bench.run(), profile="gpt-stall")

    await bench.endpoint.left.wait()


async def test_one_failure_before_the_first_byte_is_survived(bench: Bench) -> None:
    answer = await bench.ask(await bench.run(), profile="gpt-flaky")

    assert answer.message.parts[0].text == "Hello"


async def test_an_endpoint_that_is_down_is_unavailable(bench: Bench) -> None:
    error = await bench.refusal(await bench.run(), profile="gpt-down")

    assert error.reason == reasons.ERROR_REASON_MODEL_UNAVAILABLE


async def test_a_missing_key_names_its_variable(bench: Bench) -> None:
    error = await bench.refusal(await bench.run(), profile="gpt-keyless")

    assert error.reason == reasons.ERROR_REASON_MODEL_CREDENTIALS
    assert error.metadata["variable"] == "NOBODY_SET_THIS"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("cut", reasons.ERROR_REASON_MODEL_UNAVAILABLE),
        ("error_400", reasons.ERROR_REASON_MODEL_REQUEST_REFUSED),
        ("error_401", reasons.ERROR_REASON_MODEL_CREDENTIALS),
        ("error_429", reasons.ERROR_REASON_MODEL_RATE_LIMITED),
        ("error_500", reasons.ERROR_REASON_MODEL_UNAVAILABLE),
        ("malformed_tool_json", reasons.ERROR_REASON_MODEL_OUTPUT_MALFORMED),
    ],
)
async def test_the_faulty_model_fails_as_told(bench: Bench, fault: str, reason: reasons.ErrorReason) -> None:
    lease = await bench.run()

    error = await bench.refusal(lease, profile=fault)

    assert error.reason == reason
    assert (await bench.types(lease))[-1] == "model.call.finished"


async def test_usage_of_a_malformed_answer_is_recorded(bench: Bench) -> None:
    lease = await bench.run()

    await bench.refusal(lease, profile="malformed_tool_json")

    assert (await bench.events(lease))[-1].model_call_finished.usage.output_tokens == 6


@pytest.mark.parametrize(
    ("fault", "stop_reason"),
    [
        ("empty", events.MODEL_STOP_REASON_COMPLETE),
        ("length", events.MODEL_STOP_REASON_LENGTH),
        ("refusal", events.MODEL_STOP_REASON_REFUSED),
    ],
)
async def test_the_faulty_model_stops_as_told(bench: Bench, fault: str, stop_reason: events.ModelStopReason) -> None:
    answer = await bench.ask(await bench.run(), profile=fault)

    assert answer.stop_reason == stop_reason
