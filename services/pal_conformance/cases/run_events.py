"""The grammar of events: what holds for every run, put to the test on one in which a lot happens."""

from __future__ import annotations

import asyncio

from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance import call_rules, frame_rules, rules
from pal_conformance.bench import Bench, expect, same
from pal_conformance.case import CANCELLED, CONVERSATIONAL, Cases, Test, declares
from pal_conformance.doings import fails, held, ok
from pal_conformance.play import Play
from pal_conformance.run import Run
from pal_conformance.script import Say, Script
from pal_conformance.specs import ADD, FIND
from pal_rpc.errors import MeshError

cases = Cases("events", CONVERSATIONAL)
_PARALLEL = 8
_CLAIMS = (
    ("ends", frame_rules.ENDS, "A run has one result, which is the last frame and says how it ended.", ""),
    ("run-id", frame_rules.IDS, "Everything that names a run names the run.", ""),
    ("families", frame_rules.FAMILIES, "An adapter writes stages, messages, artifacts, inputs and notes.", ""),
    ("messages", frame_rules.MESSAGES, "What the model said is announced whole, in order and word for word.", ""),
    ("closed", frame_rules.CLOSED, "Every message that live output began is closed by message.added.", ""),
    ("once", frame_rules.TWICE, "Nothing is announced twice.", ""),
    ("asked-once", call_rules.ASKED, "The seams are asked once, under the lease of the run.", ""),
    ("log", rules.LOG, "With what the seams wrote the events are one log that the grammar accepts.", ""),
    ("arguments", call_rules.ARGUMENTS, "Each call has its name, its arguments and the question it came from.", "tool"),
    ("results", call_rules.RESULTS, "Each call has one result, which names it and is what the tool gave.", "tool"),
)


def a_lot(*, tools: bool) -> Script:
    """Return a script with text, calls side by side, a tool that is not there and one that fails; or text alone."""
    if not tools:
        return Script(says=[Say(chunks=["Here ", "it ", "is."])])
    calls = [("c1", "add", '{"a": 1.0}'), ("c2", "nope", "{}"), ("c3", "find", '{"b":[ ]}')]
    says = [
        Say(chunks=["Let me ", "see."], calls=calls),
        Say(calls=[("c4", "add", "{}")]),
        Say(chunks=["Here: ", '{"n": 1}']),
    ]
    return Script(says=says, tools={"add": ok, "find": fails})


def _holds(rule: str) -> Test:
    async def test(bench: Bench) -> None:
        tools = declares(bench.target.declared, "tool_calling")
        # Whatever the outcome: this case is about its rule alone.
        await bench.ended(bench.start(a_lot(tools=tools), tool_specs=[ADD, FIND] if tools else []))

    return test


def _add_all() -> None:
    for name, rule, claim, needs in _CLAIMS:
        capability = "tool_calling" if needs else None
        cases.case(name, claim, capability=capability, rules=frozenset({rule}))(_holds(rule))


_add_all()


@cases.case("parallel", "Calls that overlap do not mix.", capability="parallel_tool_calls")
async def parallel(bench: Bench) -> None:
    over = [asyncio.Event() for _ in range(_PARALLEL)]

    async def backwards(request: executor.ExecuteToolRequest, play: Play) -> str:
        place = int(request.call_id[1:])
        if place + 1 < _PARALLEL:
            await asyncio.wait_for(over[place + 1].wait(), 5)
        over[place].set()
        return f"result of {request.call_id} {request.arguments.json}"

    calls = [(f"c{n}", "add", f'{{"a":{n}}}') for n in range(_PARALLEL)]
    run = await bench.run(
        Script(says=[Say(calls=calls), Say(chunks=["done"])], tools={"add": backwards}), tool_specs=[ADD]
    )

    found = [(r.call_id, r.result.text) for r in run.asked[1].messages[-1].tool_results]
    same("results", found, [(i, f"result of {i} {arguments}") for i, _, arguments in calls], run.asked[1])


@cases.case(
    "failed",
    "A run that fails leaves nothing open: calls come to their end, and there is one result.",
    capability="tool_calling",
    outcome=(events.RUN_OUTCOME_FAILED, "MODEL_UNAVAILABLE"),
)
async def failed(bench: Bench) -> None:
    error = MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, "gone")
    says = [Say(chunks=["One."], calls=[("c1", "add", "{}")]), Say(chunks=["Two "], error=error)]

    run = await bench.run(Script(says=says, tools={"add": ok}), tool_specs=[ADD])

    same("messages", [m.parts[0].text for m in run.messages], ["One."], run.result)


@cases.case(
    "cancelled",
    "A run that is cancelled leaves nothing open: the call that was going is closed, and there is one result.",
    capability="tool_calling",
    outcome=CANCELLED,
)
async def cancelled(bench: Bench) -> None:
    says = [Say(chunks=["One."], calls=[("c1", "add", "{}")])]
    run = bench.start(Script(says=says, tools={"add": held(asyncio.Event())}), tool_specs=[ADD])
    await run.held("the tool was called")

    await bench.cancel(run)

    bench.ends(await bench.ended(run))
    closed = [e.tool_call_finished.outcome for e in run.play.record.log if e.HasField("tool_call_finished")]
    same("ends of calls", closed, [events.TOOL_CALL_OUTCOME_CANCELLED], run.result)


@cases.case(
    "resumed",
    "A second attempt asks for the same calls under the same names, and announces nothing again.",
    capability="tool_calling",
)
async def resumed(bench: Bench) -> None:
    gate = asyncio.Event()
    says = [Say(chunks=["One."], calls=[("c1", "add", '{"a":1}')]), Say(hold=gate, after=["Two."])]
    first = bench.start(Script(says=says, tools={"add": ok}), tool_specs=[ADD])
    await first.until(lambda: first.play.holding > 0 and bool(first.messages), "the model was asked a second time")
    questions = list(first.asked)
    await bench.lose(first)
    gate.set()

    second = bench.again(first)

    bench.ends(await bench.ended(second))
    for before, after in zip(questions, first.asked[2:], strict=True):
        same("the call id of a question asked again", after.call_id, before.call_id, after)
        expect(list(after.messages) == list(before.messages), "the second attempt asked something else", after)
    same("calls of the tool", [c.call_id for c in second.executed], ["c1", "c1"], second.executed[-1])
    _announced_once(second)


def _announced_once(run: Run) -> None:
    said = [event for event in run.play.record.log if event.HasField("message_added")]
    calls = [event.message_added.model_call_id for event in said]
    for event in said[1:]:
        again = calls.count(event.message_added.model_call_id) > 1
        expect(not again, "the message of an earlier attempt was announced again, under another event_id", event)
    same("messages on record", [e.message_added.parts[0].text for e in said], ["One.", "Two."], run.result)
