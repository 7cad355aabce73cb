"""The scripted stand-in: what it says is computed from what it is given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.reading import Reply, counted, read
from pal_llm_provider.scripted import reply
from pal_log.payload import text_payload

DESK = ("lookup_order", "refund_order")
WRITER = ("list_requirements", "get_requirement")
TESTCASES = '{"type": "object", "properties": {"testcases": {"type": "array"}}}'


class Talk:
    """A conversation with the stand-in in which tools answer."""

    def __init__(self, *tools: str, schema: str = "") -> None:
        """Offer *tools*."""
        self.request = pb.ModelRequest(
            tools=[pb.ModelTool(name=name) for name in tools], answer_schema=common.JsonSchema(text=schema)
        )
        self._calls = 0

    def say(self, text: str) -> Reply:
        """Return the answer to *text*."""
        self._add(events.MESSAGE_ROLE_USER, parts=[text_payload(text)])
        return self._reply()

    def give(self, asked: Reply, results: Sequence[Any], *, failed: bool = False) -> Reply:
        """Return what it says to the *results* of what it *asked* for."""
        ids = [f"t{self._calls + n}" for n in range(len(asked.asks))]
        self._calls += len(ids)
        calls = [
            pb.ModelToolCall(call_id=id_, name=ask.name, arguments_json=ask.arguments)
            for id_, ask in zip(ids, asked.asks, strict=True)
        ]
        self._add(events.MESSAGE_ROLE_AGENT, tool_calls=calls)
        texts = [result if isinstance(result, str) else json.dumps(result) for result in results]
        given = [
            pb.ModelToolResult(call_id=id_, result=text_payload(text), is_failure=failed)
            for id_, text in zip(ids, texts, strict=True)
        ]
        self._add(events.MESSAGE_ROLE_USER, tool_results=given)
        return self._reply()

    def _add(self, role: events.MessageRole, **fields: Any) -> None:
        self.request.messages.append(pb.ModelMessage(role=role, **fields))

    def _reply(self) -> Reply:
        return reply(read(self.request))


def asked(answer: Reply) -> list[tuple[str, Any]]:
    """Return what an answer asks for."""
    return [(ask.name, json.loads(ask.arguments)) for ask in answer.asks]


def test_without_a_rule_it_is_an_echo() -> None:
    assert Talk().say("hello").text == "You said: hello"


def test_consecutive_call_lines_are_calls_of_one_answer() -> None:
    talk = Talk("a", "b")

    answer = talk.say('call a {"n": 5.0}\ncall b')
    after = talk.give(answer, [{"x": 1}, "two"])

    assert [(ask.name, ask.arguments) for ask in answer.asks] == [("a", '{"n": 5.0}'), ("b", "{}")]
    assert after.text == 'a returned {"x": 1}\nb returned two'


def test_a_failed_tool_is_told_as_one() -> None:
    talk = Talk("a")

    answer = talk.give(talk.say("call a {}"), ["it is broken"], failed=True)

    assert answer.text == "a failed: it is broken"


def test_a_line_with_broken_json_is_no_call() -> None:
    assert Talk("a").say('call a {"n": }').asks == ()


def test_the_desk_asks_for_the_order_number() -> None:
    assert "order number" in Talk(*DESK).say("Where is my lamp?").text


def test_the_desk_looks_up_and_tells_the_status() -> None:
    talk = Talk(*DESK)

    lookup = talk.say("Where is a-1001?")
    answer = talk.give(lookup, [{"order_id": "A-1001", "status": "shipped", "arrives": "in 2 days", "note": ""}])

    assert asked(lookup) == [("lookup_order", {"order_id": "A-1001"})]
    assert answer.text == "Order A-1001 is shipped. Arrives: in 2 days."


def test_the_desk_remembers_the_order_of_an_earlier_turn() -> None:
    talk = Talk(*DESK)
    talk.give(talk.say("Where is A-1001?"), [{"status": "shipped"}])

    again = talk.say("I want my money back, it is late")
    refund = talk.give(again, [{"status": "shipped"}])

    assert asked(again) == [("lookup_order", {"order_id": "A-1001"})]
    assert asked(refund) == [
        ("refund_order", {"order_id": "A-1001", "reason": "I want my money back, it is late"}),
    ]


def test_the_desk_promises_no_refund_that_needs_a_person() -> None:
    talk = Talk(*DESK)
    refund = talk.give(talk.say("Please refund A-1001"), [{"status": "shipped"}])

    answer = talk.give(refund, ["refund_order needs the approval of a person"], failed=True)

    assert answer.text == "A person has to approve the refund of order A-1001 first. Nothing was refunded."


def test_the_desk_says_when_an_order_cannot_be_looked_up() -> None:
    talk = Talk(*DESK)

    answer = talk.give(talk.say("Please refund A-9999"), ["there is no order A-9999"], failed=True)

    assert answer.text == "I could not look up order A-9999: there is no order A-9999"
    assert answer.asks == ()


def test_the_writer_looks_requirements_up_eight_at_a_time() -> None:
    talk = Talk(*WRITER, schema=TESTCASES)
    listed = {"requirements": [{"id": f"REQ-{n}", "text": f"The door must open for guest {n}."} for n in range(1, 11)]}

    first = talk.say("a document")
    second = talk.give(first, [listed])
    third = talk.give(second, listed["requirements"][:8])
    answer = talk.give(third, listed["requirements"][8:])

    assert asked(first) == [("list_requirements", {"document": "a document"})]
    assert [arguments["id"] for _, arguments in asked(second)] == [f"REQ-{n}" for n in range(1, 9)]
    assert [arguments["id"] for _, arguments in asked(third)] == ["REQ-9", "REQ-10"]
    cases = json.loads(answer.text)["testcases"]
    assert {case["requirement"] for case in cases} == {f"REQ-{n}" for n in range(1, 11)}


def test_the_writer_reads_the_document_itself_when_its_tools_fail() -> None:
    talk = Talk(*WRITER, schema=TESTCASES)

    answer = talk.give(talk.say("REQ-7: The door must open."), ["broken"], failed=True)

    assert [case["requirement"] for case in json.loads(answer.text)["testcases"]] == ["REQ-7"]


def test_a_document_without_requirements_has_no_test_cases() -> None:
    talk = Talk(*WRITER)

    answer = talk.give(talk.say("Nothing to do."), [{"requirements": []}])

    assert json.loads(answer.text) == {"testcases": []}


def test_a_schema_alone_asks_for_test_cases() -> None:
    answer = Talk(schema=TESTCASES).say("The door must open.")

    assert [case["id"] for case in json.loads(answer.text)["testcases"]] == ["TC-001"]


def test_every_word_and_mark_is_a_token() -> None:
    talk = Talk()
    answer = talk.say("Hello, you two.")

    usage = counted(talk.request, answer)

    assert (usage.input_tokens, usage.output_tokens) == (5, 8)
    assert usage.source == common.MEASUREMENT_SOURCE_MEASURED
