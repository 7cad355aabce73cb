"""Every runtime: what tools are asked, and what the model hears of it."""

from __future__ import annotations

import asyncio

import pytest

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.payload import content_text
from pal_rpc.errors import MeshError
from tests.contract.runtimes.driver import SCHEMA, TRACEPARENT, Driver, say, tool
from tests.fakes.seams import Say, Script

ADD, FIND = tool("add"), tool("find")
# What runtimes are known to rewrite, drop or take for their own.
ARGUMENTS = (
    '{"n":9007199254740993,"f":5.0,"e":1e400,"t":"true","x":" null ","agent":1,"fc":2,"ctx":3,"self":4,'
    '"run_context":{"a" : [1,  2]},"call_id":"other","more":"\\u00fc"}'
)


async def ok(request: executor.ExecuteToolRequest) -> str:
    return f"result of {request.call_id}"


def results(request: llm.ModelRequest) -> list[tuple[str, str, bool]]:
    """Return the tool results in the last message of *request*."""
    return [(r.call_id, content_text(r.result), r.is_failure) for r in request.messages[-1].tool_results]


async def test_a_tool_is_called_as_the_model_asked(driver: Driver) -> None:
    script = Script(says=[Say(calls=[("c1", "add", ARGUMENTS)]), Say(chunks=["done"])], tools={"add": ok})

    run = await driver.run(script, tool_specs=[FIND, ADD])

    (call,) = script.executed
    assert call.arguments.json == ARGUMENTS
    assert (call.call_id, call.tool.name, call.tool.version, call.tool.digest) == ("c1", "add", "1.2.3", "sha256:add")
    assert (call.model_call_id, call.lease.token, call.traceparent) == ("model-1", "token", TRACEPARENT)
    assert results(script.asked[1]) == [("c1", "result of c1", False)]
    assert run.shape[-2:] == [("message.added", "model-2", "done"), ("RUN_OUTCOME_SUCCEEDED", "done", "")]


async def test_the_model_gets_back_what_it_said(driver: Driver) -> None:
    says = [Say(chunks=["Let me see."], calls=[("c1", "add", ARGUMENTS)]), Say(chunks=["done"])]
    script = Script(says=says, tools={"add": ok})

    run = await driver.run(script, tool_specs=[ADD])

    assert script.asked[1].messages[-2] == says[0].answer("model-1").message
    assert [event.message_added.model_call_id for event in run.events] == ["model-1", "model-2"]
    assert run.result.output.text == "done"


async def test_tools_are_offered_as_their_owners_wrote_them(driver: Driver) -> None:
    script = say("fine")

    await driver.run(script, tool_specs=[FIND, ADD])

    assert [(t.name, t.purpose, t.input.text) for t in script.asked[0].tools] == [
        ("find", "Does find.", SCHEMA),
        ("add", "Does add.", SCHEMA),
    ]


async def test_tools_of_one_answer_run_side_by_side_and_report_in_its_order(driver: Driver) -> None:
    both = asyncio.Barrier(2)

    async def meet(request: executor.ExecuteToolRequest) -> str:
        await both.wait()
        return request.tool.name

    calls = [("c1", "find", "{}"), ("c2", "add", '{"a":1}')]
    script = Script(says=[Say(calls=calls), Say(chunks=["done"])], tools={"find": meet, "add": meet})

    await driver.run(script, tool_specs=[ADD, FIND])

    assert results(script.asked[1]) == [("c1", "find", False), ("c2", "add", False)]


async def test_the_same_tool_twice_in_one_answer_is_two_calls(driver: Driver) -> None:
    calls = [("c1", "add", '{"a":1}'), ("c2", "add", '{"a":2}')]
    script = Script(says=[Say(calls=calls), Say(chunks=["done"])], tools={"add": ok})

    await driver.run(script, tool_specs=[ADD])

    assert {(c.call_id, c.arguments.json) for c in script.executed} == {("c1", '{"a":1}'), ("c2", '{"a":2}')}
    assert results(script.asked[1]) == [("c1", "result of c1", False), ("c2", "result of c2", False)]


async def test_a_failure_of_a_tool_is_told_to_the_model_every_time(driver: Driver) -> None:
    async def fail(request: executor.ExecuteToolRequest) -> str:
        raise MeshError(reasons.ERROR_REASON_TOOL_FAILED, f"no luck with {request.call_id}", tool="add")

    says = [Say(calls=[(f"c{n}", "add", "{}")]) for n in range(4)]
    script = Script(says=[*says, Say(chunks=["gave up"])], tools={"add": fail})

    run = await driver.run(script, tool_specs=[ADD])

    assert [results(asked)[0] for asked in script.asked[1:]] == [
        (f"c{n}", f"no luck with c{n}", True) for n in range(4)
    ]
    assert run.result.output.text == "gave up"


async def test_arguments_that_do_not_fit_are_the_models_to_mend(driver: Driver) -> None:
    async def refuse(request: executor.ExecuteToolRequest) -> str:
        raise MeshError(reasons.ERROR_REASON_INVALID_TOOL_ARGUMENTS, "a: missing", tool="add")

    script = Script(says=[Say(calls=[("c1", "add", "{}")]), Say(chunks=["sorry"])], tools={"add": refuse})

    run = await driver.run(script, tool_specs=[ADD])

    assert results(script.asked[1]) == [("c1", "a: missing", True)]
    assert run.result.output.text == "sorry"


async def test_a_tool_that_is_not_there_is_answered_here(driver: Driver) -> None:
    calls = [("c1", "ask_user", '{"questions":[{"question":"?"}]}'), ("c2", "add", "{}")]
    script = Script(says=[Say(calls=calls), Say(chunks=["done"])], tools={"add": ok})

    await driver.run(script, tool_specs=[ADD, FIND])

    assert [call.call_id for call in script.executed] == ["c2"]
    assert results(script.asked[1]) == [
        ("c1", "There is no tool named ask_user. Available: add, find.", True),
        ("c2", "result of c2", False),
    ]


@pytest.mark.parametrize("name", ["get_user_input", "ask_user", "delegate_task_to_member"])
async def test_a_tool_may_have_a_name_that_means_something_to_a_runtime(driver: Driver, name: str) -> None:
    arguments = '{"user_input_fields":[{"field_name":"a","field_type":"str"}],"questions":[{"question":"?"}]}'
    script = Script(says=[Say(calls=[("c1", name, arguments)]), Say(chunks=["done"])], tools={name: ok})

    run = await driver.run(script, tool_specs=[tool(name)])

    assert script.executed[0].arguments.json == arguments
    assert run.result.output.text == "done"


async def test_many_rounds_are_not_the_runtimes_to_limit(driver: Driver) -> None:
    says = [Say(calls=[(f"c{n}", "add", "{}")]) for n in range(60)]
    script = Script(says=[*says, Say(chunks=["done"])], tools={"add": ok})

    run = await driver.run(script, tool_specs=[ADD])

    assert (len(script.executed), run.result.output.text) == (60, "done")


async def test_a_limit_ends_the_run_and_lets_open_calls_end(driver: Driver) -> None:
    reached = asyncio.Event()

    async def limited(request: executor.ExecuteToolRequest) -> str:
        reached.set()
        raise MeshError(reasons.ERROR_REASON_LIMIT_REACHED, "no more", limit="max_tool_calls")

    async def slow(request: executor.ExecuteToolRequest) -> str:
        await reached.wait()
        return "late"

    calls = [("c1", "add", "{}"), ("c2", "find", "{}")]
    script = Script(says=[Say(calls=calls), Say(chunks=["never"])], tools={"add": limited, "find": slow})

    run = await driver.run(script, tool_specs=[ADD, FIND])

    assert (run.result.outcome, run.reason) == (events.RUN_OUTCOME_LIMITED, "LIMIT_REACHED")
    assert len(script.asked) == 1
