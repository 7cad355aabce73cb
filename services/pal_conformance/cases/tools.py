"""What tools are asked, and what the model hears of it."""

from __future__ import annotations

import asyncio

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance import specs
from pal_conformance.bench import Bench, expect, same
from pal_conformance.case import Cases
from pal_conformance.doings import fails, gives, held, ok, refuses, times_out
from pal_conformance.play import Play
from pal_conformance.script import Say, Script, calls
from pal_conformance.specs import ADD, FIND, tool
from pal_log.payload import content_text
from pal_rpc.errors import MeshError

cases = Cases("tool", "tool_calling")
_MANY = 60
_BESIDE_SECONDS = 3.0


@cases.case("one", "A tool is called as the model asked, under the pinned version, and the model hears what it gave.")
async def one(bench: Bench) -> None:
    run = await bench.run(calls(("c1", "add", '{"a": 1}'), add=ok), tool_specs=[FIND, ADD])

    (call,) = run.executed
    same("the tool", (call.tool.name, call.tool.version, call.tool.digest), ("add", "1.2.3", "sha256:add"), call)
    same("trace id", call.traceparent[3:35], specs.TRACEPARENT[3:35], call)
    same("results", told(run.asked[1]), [("c1", "result of c1", False)], run.asked[1])
    same("output", run.output, "done", run.result)


@cases.case("offered", "The model is offered the tools of the agent, in its order, as their owners wrote them.")
async def offered(bench: Bench) -> None:
    run = await bench.run(Script(says=[Say(chunks=["fine"])]), tool_specs=[FIND, ADD])

    found = [(t.name, t.purpose, t.input.text) for t in run.asked[0].tools]
    wanted = [("find", "Does find.", specs.SCHEMA), ("add", "Does add.", specs.SCHEMA)]
    same("tools", found, wanted, run.asked[0])


@cases.case("text-and-call", "Text beside a call is announced, and the model gets back all that it said.")
async def text_and_call(bench: Bench) -> None:
    said = Say(chunks=["Let me see."], calls=[("c1", "add", "{}")])

    run = await bench.run(Script(says=[said, Say(chunks=["done"])], tools={"add": ok}), tool_specs=[ADD])

    answer = run.play.answers[run.messages[0].model_call_id]
    same("what the model is told it said", run.asked[1].messages[-2], answer.message, run.asked[1])
    same("messages", [m.parts[0].text for m in run.messages], ["Let me see.", "done"], run.result)
    same("output", run.output, "done", run.result)


@cases.case(
    "parallel",
    "The calls of one answer are open at the same time; their results come in its order.",
    capability="parallel_tool_calls",
)
async def parallel(bench: Bench) -> None:
    both = asyncio.Barrier(2)

    async def meet(request: executor.ExecuteToolRequest, play: Play) -> str:
        try:
            async with asyncio.timeout(_BESIDE_SECONDS):
                await both.wait()
        except (TimeoutError, asyncio.BrokenBarrierError):
            problem = f"the call was alone for {_BESIDE_SECONDS:g} s: the other was not open beside it"
            play.problems.append((problem, request))
            await both.abort()
        return request.tool.name

    script = calls(("c1", "find", "{}"), ("c2", "add", '{"a":1}'), find=meet, add=meet)
    run = await bench.run(script, tool_specs=[ADD, FIND])

    same("results", told(run.asked[1]), [("c1", "find", False), ("c2", "add", False)], run.asked[1])


@cases.case("twice", "The same tool twice in one answer is two calls, which are not mixed up.")
async def twice(bench: Bench) -> None:
    script = calls(*((f"c{n}", "add", f'{{"a":{n}}}') for n in range(8)), add=ok)

    run = await bench.run(script, tool_specs=[ADD])

    found = {(c.call_id, c.arguments.json) for c in run.executed}
    same("calls", found, {(f"c{n}", f'{{"a":{n}}}') for n in range(8)}, run.executed[0])
    same("results", told(run.asked[1]), [(f"c{n}", f"result of c{n}", False) for n in range(8)], run.asked[1])


@cases.case("fails", "A failure of a tool is told to the model, every time, and the run goes on.")
async def a_failure(bench: Bench) -> None:
    rounds = [Say(calls=[(f"c{n}", "add", "{}")]) for n in range(4)]

    run = await bench.run(Script(says=[*rounds, Say(chunks=["gave up"])], tools={"add": fails}), tool_specs=[ADD])

    found = [told(request)[0] for request in run.asked[1:]]
    same("results", found, [(f"c{n}", f"no luck with c{n}", True) for n in range(4)], run.asked[-1])


@cases.case("times-out", "A tool that took too long is told to the model, and the run goes on.")
async def a_timeout(bench: Bench) -> None:
    run = await bench.run(calls(("c1", "add", "{}"), add=times_out), tool_specs=[ADD])

    same("results", told(run.asked[1]), [("c1", "c1 took longer than 1 s", True)], run.asked[1])


@cases.case("slow", "While a tool takes its time the run gives signs of life, at least every five seconds.")
async def slow(bench: Bench) -> None:
    go_on = asyncio.Event()
    run = bench.start(calls(("c1", "add", "{}"), add=held(go_on)), tool_specs=[ADD])
    await run.held("the tool was called")
    known = len(run.frames)

    await run.until(lambda: len(run.frames) > known, "a frame while a tool is going, within 6 s", 6.0)
    go_on.set()

    bench.ends(await bench.ended(run))


@cases.case(
    "wrong-arguments",
    "Arguments of a wrong type, too few or too many are the executor's to judge and the model's to mend.",
)
async def wrong_arguments(bench: Bench) -> None:
    for arguments in ('{"zeta":"seven"}', "{}", '{"zeta":7,"more":[]}'):
        error = MeshError(reasons.ERROR_REASON_INVALID_TOOL_ARGUMENTS, "zeta: not an integer", tool="add")
        run = await bench.run(calls(("c1", "add", arguments), add=refuses(error)), tool_specs=[ADD])

        same("calls", [call.arguments.json for call in run.executed], [arguments], run.asked[0])
        same("results", told(run.asked[1]), [("c1", "zeta: not an integer", True)], run.asked[1])


@cases.case("unknown", "A tool that is not there is not called; the model is told, and its other calls are made.")
async def unknown(bench: Bench) -> None:
    for name in ("ask_user", "apply_patch", "final_result", "transfer_to_agent"):
        script = calls(("c1", name, '{"questions":[{"question":"?"}]}'), ("c2", "add", "{}"), add=ok)

        run = await bench.run(script, tool_specs=[ADD, FIND])

        same("calls", [call.call_id for call in run.executed], ["c2"], run.asked[1])
        (first, text, failed), second = told(run.asked[1])
        expect(
            first == "c1" and failed and name in text, f"the model is not told that there is no {name}", run.asked[1]
        )
        same("the other result", second, ("c2", "result of c2", False), run.asked[1])


@cases.case("names", "A tool may have a name that means something to a runtime.")
async def names(bench: Bench) -> None:
    arguments = '{"user_input_fields":[{"field_name":"a","field_type":"str"}],"questions":[{"question":"?"}]}'
    for name in (
        "get_user_input",
        "ask_user",
        "delegate_task_to_member",
        "final_result",
        "transfer_to_agent",
        "apply_patch",
    ):
        run = await bench.run(
            Script(says=[Say(calls=[("c1", name, arguments)]), Say(chunks=["done"])], tools={name: ok}),
            tool_specs=[tool(name)],
        )

        same("calls", [call.arguments.json for call in run.executed], [arguments], run.asked[0])


@cases.case("many-rounds", f"{_MANY} rounds of tools are not the runtime's to limit.")
async def many_rounds(bench: Bench) -> None:
    rounds = [Say(calls=[(f"c{n}", "add", "{}")]) for n in range(_MANY)]

    run = await bench.run(Script(says=[*rounds, Say(chunks=["done"])], tools={"add": ok}), tool_specs=[ADD])

    same("calls", len(run.executed), _MANY, run.result)


@cases.case(
    "loop",
    "A model that asks for a tool for ever is ended by the seam, and by nothing before it.",
    outcome=(events.RUN_OUTCOME_LIMITED, "LIMIT_REACHED"),
)
async def loop(bench: Bench) -> None:
    ceiling = MeshError(reasons.ERROR_REASON_LIMIT_REACHED, "no more", limit="max_model_calls")

    def forever(place: int) -> Say:
        return Say(error=ceiling) if place == _MANY else Say(calls=[(f"c{place}", "add", "{}")])

    run = await bench.run(Script(forever=forever, tools={"add": ok}), tool_specs=[ADD])

    same("questions to the model", len(run.asked), _MANY + 1, run.asked[-1])


@cases.case(
    "limit",
    "A ceiling that a call meets ends the run; calls that are open come to their own end.",
    outcome=(events.RUN_OUTCOME_LIMITED, "LIMIT_REACHED"),
)
async def limit(bench: Bench) -> None:
    met = asyncio.Event()

    async def limited(request: executor.ExecuteToolRequest, play: Play) -> str:
        met.set()
        raise MeshError(reasons.ERROR_REASON_LIMIT_REACHED, "no more", limit="max_tool_calls")

    async def late(request: executor.ExecuteToolRequest, play: Play) -> str:
        await met.wait()
        return "late"

    says = [Say(calls=[("c1", "add", "{}"), ("c2", "find", "{}")])]
    run = await bench.run(Script(says=says, tools={"add": limited, "find": late}), tool_specs=[ADD, FIND])

    same("questions to the model", len(run.asked), 1, run.asked[-1])


@cases.case(
    "truncated",
    "A call in an answer that ran out of tokens is not made.",
    outcome=(events.RUN_OUTCOME_FAILED, "MODEL_TRUNCATED"),
)
async def truncated(bench: Bench) -> None:
    cut = Say(calls=[("c1", "add", '{"a":1}')], stop_reason=events.MODEL_STOP_REASON_LENGTH)

    run = await bench.run(Script(says=[cut, Say(chunks=["done"])], tools={"add": ok}), tool_specs=[ADD])

    same("calls", [call.call_id for call in run.executed], [], run.result)


@cases.case("results", "Results reach the model as text, character for character.")
async def results(bench: Bench) -> None:
    for text in ("true", "null", "None", "5.0", '{"a" : 1.0, "b":9007199254740993}', ""):
        run = await bench.run(calls(("c1", "add", "{}"), add=gives(text)), tool_specs=[ADD])

        same("results", told(run.asked[1]), [("c1", text, False)], run.asked[1])


def told(request: llm.ModelRequest) -> list[tuple[str, str, bool]]:
    """Return the tool results in the last message of *request*."""
    return [(r.call_id, content_text(r.result), r.is_failure) for r in request.messages[-1].tool_results]
