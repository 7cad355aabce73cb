"""What a runtime took apart is put together again."""

from __future__ import annotations

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal_adapter_host.dialogue import AGENT, USER, Dialogue, Turn, failed
from pal_log.payload import text_payload

CALLS = [
    llm.ModelToolCall(call_id="b", name="add", arguments_json='{"n":9007199254740993}'),
    llm.ModelToolCall(call_id="a", name="nope", arguments_json="{}"),
]
ANSWER = llm.ModelAnswer(
    call_id="model-1",
    message=llm.ModelMessage(role=AGENT, parts=[text_payload("well")], tool_calls=CALLS, provider_state=b"opaque"),
)


def dialogue() -> Dialogue:
    talk = Dialogue([llm.ModelTool(name="add"), llm.ModelTool(name="find")])
    talk.heard(ANSWER)
    return talk


def test_an_answer_with_calls_comes_back_as_it_was() -> None:
    assert dialogue().message(Turn(role=AGENT, text="changed", call_ids=["b", "a"])) == ANSWER.message


def test_results_come_in_the_order_of_the_calls_and_unknown_tools_are_named() -> None:
    talk = dialogue()
    result = talk.answered(llm.ModelToolResult(call_id="b", result=text_payload("1.0")))

    message = talk.message(Turn(role=USER, results={"a": "the runtime's own words", "b": "1"}))

    unknown = failed("a", "There is no tool named nope. Available: add, find.")
    assert list(message.tool_results) == [result, unknown]


def test_what_only_the_runtime_knows_is_passed_on_as_a_failure() -> None:
    message = dialogue().message(Turn(role=USER, results={"b": "not executed"}))

    assert list(message.tool_results) == [failed("b", "not executed")]


def test_the_model_call_behind_a_tool_call_is_known() -> None:
    talk = dialogue()

    assert (talk.model_call("b"), talk.model_call("c")) == ("model-1", "")
