"""The digest of a request: equal for equal questions, whatever the run."""

from __future__ import annotations

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.transcript import request_digest, request_text
from pal_log.payload import text_payload


def question(tool_call_id: str = "m1.t1", text: str = "hello", **fields: object) -> pb.ModelRequest:
    """Return a request in the second turn of a run."""
    call = pb.ModelToolCall(call_id=tool_call_id, name="a", arguments_json="{}")
    result = pb.ModelToolResult(call_id=tool_call_id, result=text_payload("done"))
    messages = [
        pb.ModelMessage(role=events.MESSAGE_ROLE_USER, parts=[text_payload(text)]),
        pb.ModelMessage(role=events.MESSAGE_ROLE_AGENT, tool_calls=[call]),
        pb.ModelMessage(role=events.MESSAGE_ROLE_USER, tool_results=[result]),
    ]
    return pb.ModelRequest(messages=messages, **fields)  # type: ignore[arg-type]


def test_lease_and_identifiers_do_not_count() -> None:
    other = question("m9.t9", lease=shared.RunLease(run_id="other"), call_id="model-7")

    assert request_digest(question(), "default") == request_digest(other, "default")


def test_everything_else_counts() -> None:
    others = [
        question(text="hallo"),
        question(max_output_tokens=5),
        question(temperature_ppm=0),
        question(tool_choice=pb.TOOL_CHOICE_NONE),
        question(stop_sequences=["END"]),
        question(tools=[pb.ModelTool(name="a")]),
    ]
    digests = {request_digest(other, "default") for other in [question(), *others]}

    assert len(digests) == len(others) + 1
    assert request_digest(question(), "gpt") not in digests


def test_a_role_from_the_future_is_read() -> None:
    message = pb.ModelMessage()
    message.MergeFromString(b"\x08\x63")

    assert request_digest(pb.ModelRequest(messages=[message]), "default")


def test_the_text_at_hand_makes_no_difference() -> None:
    first_turn = pb.ModelRequest(messages=[pb.ModelMessage(role=events.MESSAGE_ROLE_USER, parts=[text_payload("é")])])

    for request in (first_turn, question()):
        assert request_digest(request, "gpt", request_text(request, "gpt")) == request_digest(request, "gpt")
