"""What the model is asked, and what becomes of its answers."""

from __future__ import annotations

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import run_event_pb2 as events
from pal_conformance import specs
from pal_conformance.bench import Bench, expect, same
from pal_conformance.case import CONVERSATIONAL, Cases, declares
from pal_conformance.doings import ok
from pal_conformance.observation import observation
from pal_conformance.run import Run
from pal_conformance.script import Say, Script, asked_of, calls, says
from pal_conformance.seams import REFUSED
from pal_log.payload import text_payload

cases = Cases("answer", CONVERSATIONAL)
_FAILED = events.RUN_OUTCOME_FAILED
_USER, _AGENT = events.MESSAGE_ROLE_USER, events.MESSAGE_ROLE_AGENT
_EARLIER = [
    llm.ModelMessage(role=_USER, parts=[text_payload("first {x}")]),
    llm.ModelMessage(
        role=_AGENT,
        parts=[text_payload("Let me see.")],
        tool_calls=[llm.ModelToolCall(call_id="e1", name="gone", arguments_json='{"n": 5.0, "t":"true"}')],
        provider_state=b"\x00\xff",
    ),
    llm.ModelMessage(role=_USER, tool_results=[llm.ModelToolResult(call_id="e1", result=text_payload("null"))]),
    llm.ModelMessage(role=_AGENT, parts=[text_payload("one")]),
    llm.ModelMessage(role=_AGENT, parts=[text_payload("two")]),
]


@cases.case("plain", "What the model says is announced once, word for word, and is the output of the run.")
async def plain(bench: Bench) -> None:
    run = await bench.run(Script(says=[Say(chunks=["Grüß ", "dich ", "{name}"])]))

    same("output", run.result.output.text, "Grüß dich {name}", run.result)
    same("messages", [[p.text for p in m.parts] for m in run.messages], [["Grüß dich {name}"]], run.result)
    same("questions to the model", len(run.asked), 1)


@cases.case("question", "The model gets the instructions first and the input last, untouched.")
async def question(bench: Bench) -> None:
    run = await bench.run(says("fine"))

    (role, instructions), *rest = asked_of(run.asked[0])
    same("role of the first message", role, "PLATFORM", run.asked[0])
    for text in (specs.OBJECTIVE, specs.DIRECTIVE):
        expect(text in instructions, f"the instructions do not hold {text!r}", run.asked[0])
    same("messages after the instructions", rest, [("USER", "hello {name}")], run.asked[0])


@cases.case("conversation", "In every question the conversation stands between instructions and input, as it is.")
async def conversation(bench: Bench) -> None:
    script, tools = says("fine"), []
    if declares(bench.target.declared, "tool_calling"):
        script, tools = calls(("c1", "add", "{}"), add=ok), [specs.ADD]

    run = await bench.run(script, conversation=_EARLIER, tool_specs=tools)

    for question in run.asked:
        found = list(question.messages)
        same("role of the first message", found[0].role, events.MESSAGE_ROLE_PLATFORM, question)
        expect(found[1 : len(_EARLIER) + 1] == _EARLIER, "the conversation is not what it was", question)
        same("the message after it", found[len(_EARLIER) + 1].parts[0].text, "hello {name}", question)


@cases.case("empty-input", "An empty input is an empty message of the user.")
async def empty_input(bench: Bench) -> None:
    run = await bench.run(says("fine"), given=text_payload(""))

    last = run.asked[0].messages[-1]
    same("the last message", (last.role, "".join(p.text for p in last.parts)), (events.MESSAGE_ROLE_USER, ""), last)


@cases.case("words", "Words that mean something to a language stay words, in the input and in the answer.")
async def words(bench: Bench) -> None:
    for word in ("true", "null", "None", "5.0", '{"a": 1.0}', "9007199254740993"):
        run = await bench.run(says(word), given=text_payload(word))

        same("the input as the model gets it", asked_of(run.asked[0])[-1], ("USER", word), run.asked[0])
        same("output", run.output, word, run.result)


@cases.case("profile", "The model is asked under the profile of the agent, or under the profile default.")
async def profile(bench: Bench) -> None:
    for named, wanted in (("precise", "precise"), ("", "default")):
        run = await bench.run(says("fine"), spec=specs.agent(profile=named))

        same("profile", run.asked[0].profile, wanted, run.asked[0])


@cases.case("trace", "The trace of the run goes along with what is asked of the model.")
async def trace(bench: Bench) -> None:
    run = await bench.run(says("fine"))

    found = run.play.metadata[0].get("traceparent", "")
    same("trace id in the metadata of the call", found[3:35], specs.TRACEPARENT[3:35], f"traceparent: {found}")


@cases.case("repeat", "A second run of the same agent equals the first.")
async def repeat(bench: Bench) -> None:
    first = await bench.run(says("same"))
    second = await bench.run(says("same"))

    same("the second run", observation(second), observation(first), second.asked[0])


@cases.case("streamed", "An answer that is streamed gives the same run as one that comes at once.")
async def streamed(bench: Bench) -> None:
    pieces = await bench.run(Script(says=[Say(chunks=["Let ", "me ", "see."])]))
    whole = await bench.run(Script(says=[Say(text="Let me see.")]))

    same("the run without its live output", _quiet(whole), _quiet(pieces), whole.result)


@cases.case(
    "empty", "An answer with nothing in it is a failure, and is not asked for again.", outcome=(_FAILED, "OUTPUT_EMPTY")
)
async def empty(bench: Bench) -> None:
    for text in ("", " \n"):
        run = await bench.run(says(text, "second thoughts"))

        same("questions to the model", len(run.asked), 1, run.asked[-1])


@cases.case("cut-by-length", "An answer that ran out of tokens is no success.", outcome=(_FAILED, "MODEL_TRUNCATED"))
async def cut_by_length(bench: Bench) -> None:
    await _stopped(bench, events.MODEL_STOP_REASON_LENGTH)


@cases.case("refused", "An answer in which the model declines is no success.", outcome=(_FAILED, "MODEL_REFUSED"))
async def refused(bench: Bench) -> None:
    await _stopped(bench, events.MODEL_STOP_REASON_REFUSED)


@cases.case("filtered", "An answer that was held back is no success.", outcome=(_FAILED, "MODEL_FILTERED"))
async def filtered(bench: Bench) -> None:
    await _stopped(bench, events.MODEL_STOP_REASON_FILTERED)


@cases.case(
    "lease",
    "The seams are asked under the lease of the run; their refusal of it ends the run.",
    outcome=(_FAILED, "LEASE_INVALID"),
)
async def lease(bench: Bench) -> None:
    await bench.run(says("never"), token=REFUSED)


async def _stopped(bench: Bench, stop_reason: events.ModelStopReason) -> None:
    run = await bench.run(Script(says=[Say(chunks=["part"], stop_reason=stop_reason), Say(chunks=["more"])]))

    same("messages", [[p.text for p in m.parts] for m in run.messages], [["part"]], run.result)
    same("questions to the model", len(run.asked), 1, run.asked[-1])


def _quiet(run: Run) -> dict[str, object]:
    seen = observation(run)
    return {**seen, "frames": [frame for frame in seen["frames"] if frame[0] != "live"]}
