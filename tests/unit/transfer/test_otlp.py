"""Spans that carry content are read as trajectories, strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pal_transfer.otlp import read
from pal_transfer.trajectories import BrokenLine

ASKED = {"role": "user", "parts": [{"type": "text", "content": "Where is order 7?"}]}
CALLS = {
    "role": "assistant",
    "parts": [{"type": "tool_call", "id": "c1", "name": "get_order", "arguments": {"id": 7}}],
    "finish_reason": "tool_call",
}
RESULT = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"state": "sent"}}]}
SAID = {"role": "assistant", "parts": [{"type": "text", "content": "It was sent."}], "finish_reason": "stop"}


def span(trace: str = "t1", ended: int = 1, name: str = "chat gpt", **known: Any) -> dict[str, Any]:
    attributes = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
    for key, value in known.items():
        attributes.append({"key": "gen_ai." + key.replace("__", "."), "value": {"stringValue": value}})
    return {"traceId": trace, "spanId": "s", "name": name, "endTimeUnixNano": str(ended), "attributes": attributes}


def chat(given: list[Any], answer: Any, **more: Any) -> dict[str, Any]:
    return span(input__messages=json.dumps(given), output__messages=json.dumps([answer]), **more)


def line(*spans: dict[str, Any]) -> str:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})


def test_the_fullest_call_of_a_trace_tells_the_conversation() -> None:
    instructions = json.dumps([{"type": "text", "content": "Be brief."}])
    last = chat([ASKED, CALLS, RESULT], SAID, ended=2, system_instructions=instructions, request__model="gpt")

    (told,) = read(line(last, chat([ASKED], CALLS, ended=1))).trajectories

    (turn,) = told.turns
    assert (told.system, turn.text, turn.answers[-1].text) == ("Be brief.", "Where is order 7?", "It was sent.")
    (call,) = turn.answers[0].calls
    assert (call.name, json.loads(call.arguments), json.loads(call.result or "")) == (
        "get_order",
        {"id": 7},
        {"state": "sent"},
    )
    assert told.labels == {"trace": "t1", "model": "gpt"}


def test_a_result_that_no_message_has_comes_from_the_span_of_the_tool() -> None:
    tool = span(name="execute_tool get_order", tool__call__id="c1", tool__call__result="gone")

    (told,) = read(line(chat([ASKED], CALLS), tool)).trajectories

    assert told.turns[0].answers[0].calls[0].result == "gone"


def test_content_may_be_structured_and_in_an_event() -> None:
    text = {"kvlistValue": {"values": [{"key": "type", "value": {"stringValue": "text"}},
                                       {"key": "content", "value": {"stringValue": "Hello"}}]}}  # fmt: skip
    message = {"kvlistValue": {"values": [{"key": "role", "value": {"stringValue": "user"}},
                                          {"key": "parts", "value": {"arrayValue": {"values": [text]}}}]}}  # fmt: skip
    carried = {"key": "gen_ai.input.messages", "value": {"arrayValue": {"values": [message]}}}
    plain = span(output__messages=json.dumps([SAID]))
    plain["events"] = [{"name": "gen_ai.client.inference.operation.details", "attributes": [carried]}]

    (told,) = read(line(plain)).trajectories

    assert (told.turns[0].text, told.turns[0].answers[0].text) == ("Hello", "It was sent.")


def test_conversations_span_traces() -> None:
    first = chat([ASKED], SAID, trace="t1", conversation__id="talk")
    second = chat([ASKED, SAID, ASKED], SAID, trace="t2", ended=2, conversation__id="talk")

    (told,) = read(line(first) + "\n" + line(second) + "\n").trajectories

    assert len(told.turns) == 2


def test_spans_without_content_are_counted() -> None:
    found = read(line(span(), span()))

    assert (found.trajectories, found.silent) == ([], 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (line(span()) + "\n{oops", "line 2: not JSON"),
        ('{\n"resourceSpans": [\n', "line 3: not JSON"),
        ('{"spans": []}', "line 1: resourceSpans is missing"),
        (
            line(span()) + '\n{"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]}',
            "line 2: a span is not as OTLP has it",
        ),
        (
            line(span()) + "\n" + line(span(input__messages="[")),
            "line 2: span chat gpt: gen_ai.input.messages is not JSON",
        ),
        (line(span(input__messages='{"a": 1}')), "line 1: span chat gpt: gen_ai.input.messages is no list"),
        (line(span(input__messages='[{"role": "user"}]')), "line 1: span chat gpt: a message has no parts"),
        (line(chat([RESULT], SAID)), "line 1: message 0"),
    ],
)
def test_a_broken_line_is_named_by_its_number(text: str, words: str) -> None:
    with pytest.raises(BrokenLine) as caught:
        read(text)

    assert words in str(caught.value)
