"""Work in stages, for runtimes that declare the mode workflow."""

from __future__ import annotations

import asyncio

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance import specs
from pal_conformance.bench import Bench, expect, same
from pal_conformance.case import CANCELLED, WORKFLOW, Cases
from pal_conformance.doings import held, ok
from pal_conformance.run import Run
from pal_conformance.script import Say, Script, asked_of
from pal_conformance.specs import ADD, FIND
from pal_log.payload import content_text
from pal_rpc.errors import MeshError

cases = Cases("stage", WORKFLOW)
_FAILED, _LIMITED = events.RUN_OUTCOME_FAILED, events.RUN_OUTCOME_LIMITED
_CEILING = "LIMIT_REACHED"
_SCHEMA = '{"type": "object", "required": ["n"]}'
_GONE = MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, "gone")


def _stage(name: str, *after: str, tools: tuple[str, ...] = (), schema: str = "") -> agents.PlanStage:
    output = agents.IoContract(schema=common.JsonSchema(text=schema)) if schema else None
    return agents.PlanStage(id=name, objective=f"Do the {name}.", after=after, tools=tools, output=output)


_LINE = (_stage("draft"), _stage("review", "draft"))
_DIAMOND = (_stage("root"), _stage("left", "root"), _stage("right", "root"), _stage("join", "left", "right"))


@cases.case("sequence", "A stage begins when those before it have finished, and is given the input and their outputs.")
async def sequence(bench: Bench) -> None:
    stages = {"draft": [Say(chunks=["the draft"])], "review": [Say(chunks=["the final"])]}

    run = await bench.run(Script(stages=stages), spec=specs.agent(plan=_LINE))

    draft, review = _questions(run, "draft"), _questions(run, "review")
    for question, name in ((draft[0], "draft"), (review[0], "review")):
        said = "\n".join(text for _, text in asked_of(question))
        for part in (specs.DIRECTIVE, f"Do the {name}.", "hello {name}"):
            expect(part in said, f"the question of stage {name} does not hold {part!r}", question)
    expect("the draft" in "\n".join(t for _, t in asked_of(review[0])), "review was not given the draft", review[0])
    order = ["stage.started draft", "stage.finished draft", "stage.started review", "stage.finished review"]
    same("stages", _order(run), order, run.result)
    same("outputs", _outputs(run), {"draft": "the draft", "review": "the final"}, run.result)
    same("output of the run", run.output, "the final", run.result)


@cases.case("parallel", "Stages that do not wait for each other overlap, and do not mix.")
async def parallel(bench: Bench) -> None:
    gate = asyncio.Event()
    stages = {
        "root": [Say(chunks=["the root"])],
        "left": [Say(chunks=["l"], hold=gate, after=["eft"])],
        "right": [Say(chunks=["r"], hold=gate, after=["ight"])],
        "join": [Say(chunks=["joined"])],
    }
    run = bench.start(Script(stages=stages), spec=specs.agent(plan=_DIAMOND))

    await run.until(lambda: run.play.holding == 2, "left and right are going at the same time", 5.0)
    gate.set()

    bench.ends(await bench.ended(run))
    outputs = {"root": "the root", "left": "left", "right": "right", "join": "joined"}
    same("outputs", _outputs(run), outputs, run.result)
    for name, ends in (("left", "stage.finished right"), ("right", "stage.finished left")):
        order = _order(run)
        expect(order.index(f"stage.started {name}") < order.index(ends), f"stage {name} began too late", str(order))
    said = "\n".join(text for _, text in asked_of(_questions(run, "join")[0]))
    for part in ("left", "right"):
        expect(part in said, f"join was not given the output of {part}", _questions(run, "join")[0])


@cases.case("marked", "Every question, call and message of a stage names it.", capability=WORKFLOW)
async def marked(bench: Bench) -> None:
    draft = [Say(chunks=["Let me see."], calls=[("c1", "add", '{"a":1}')]), Say(chunks=["the draft"])]
    script = Script(stages={"draft": draft, "review": [Say(chunks=["the final"])]}, tools={"add": ok})

    run = await bench.run(script, spec=specs.agent(plan=_LINE), tool_specs=[ADD])

    same("stages of the questions", [q.stage_id for q in run.asked], ["draft", "draft", "review"], run.asked[0])
    same("stage of the call", [call.stage_id for call in run.executed], ["draft"], run.executed[0])
    said = [(e.stage_id, e.message_added.parts[0].text) for e in run.events if e.HasField("message_added")]
    same("messages", said, [("draft", "Let me see."), ("draft", "the draft"), ("review", "the final")], run.result)


@cases.case("tools", "A stage is offered the tools that the plan names for it, and no others.")
async def tools(bench: Bench) -> None:
    plan = (_stage("draft", tools=("find",)), _stage("review", "draft"))
    draft = [Say(calls=[("c1", "add", "{}"), ("c2", "find", "{}")]), Say(chunks=["the draft"])]
    script = Script(stages={"draft": draft, "review": [Say(chunks=["the final"])]}, tools={"add": ok, "find": ok})

    run = await bench.run(script, spec=specs.agent(plan=plan), tool_specs=[ADD, FIND])

    offered = {q.stage_id: [t.name for t in q.tools] for q in run.asked}
    same("tools on offer", offered, {"draft": ["find"], "review": ["add", "find"]}, run.asked[0])
    same("calls", [call.call_id for call in run.executed], ["c2"], run.executed[0])


@cases.case(
    "failed",
    "A stage that fails ends the run as it failed; no later one begins.",
    outcome=(_FAILED, "MODEL_UNAVAILABLE"),
)
async def failed(bench: Bench) -> None:
    script = Script(stages={"draft": [Say(chunks=["half "], error=_GONE)], "review": [Say(chunks=["never"])]})

    run = await bench.run(script, spec=specs.agent(plan=_LINE))

    same("stages", _order(run), ["stage.started draft", "stage.finished draft"], run.result)
    same("how the stage ended", _ends(run), {"draft": (_FAILED, "MODEL_UNAVAILABLE")}, run.result)


@cases.case(
    "failed-beside",
    "When one stage fails, those beside it are stopped and closed, and the run ends as the first failed.",
    outcome=(_FAILED, "MODEL_UNAVAILABLE"),
)
async def failed_beside(bench: Bench) -> None:
    gate = asyncio.Event()
    stages = {
        "root": [Say(chunks=["the root"])],
        "left": [Say(hold=gate, error=_GONE)],
        "right": [Say(hold=asyncio.Event())],
    }
    run = bench.start(Script(stages=stages), spec=specs.agent(plan=_DIAMOND))
    await run.until(lambda: run.play.holding == 2, "left and right are going at the same time", 5.0)

    gate.set()

    bench.ends(await bench.ended(run))
    ends = {name: outcome for name, (outcome, _) in _ends(run).items()}
    good = events.RUN_OUTCOME_SUCCEEDED
    same(
        "how the stages ended", ends, {"root": good, "left": _FAILED, "right": events.RUN_OUTCOME_CANCELLED}, run.result
    )


@cases.case("truncated", "A stage whose answer ran out of tokens is no success.", outcome=(_FAILED, "MODEL_TRUNCATED"))
async def truncated(bench: Bench) -> None:
    cut = Say(chunks=["part"], stop_reason=events.MODEL_STOP_REASON_LENGTH)

    run = await bench.run(Script(stages={"draft": [cut]}), spec=specs.agent(plan=_LINE))

    same("how the stage ended", _ends(run), {"draft": (_FAILED, "MODEL_TRUNCATED")}, run.result)


@cases.case("cancelled", "A run that is cancelled in a stage closes it.", outcome=CANCELLED)
async def cancelled(bench: Bench) -> None:
    script = Script(stages={"draft": [Say(calls=[("c1", "add", "{}")])]}, tools={"add": held(asyncio.Event())})
    run = bench.start(script, spec=specs.agent(plan=_LINE), tool_specs=[ADD])
    await run.held("the tool was called")

    await bench.cancel(run)

    bench.ends(await bench.ended(run))
    same("how the stage ended", _ends(run), {"draft": CANCELLED}, run.result)


@cases.case(
    "output",
    "Output of a stage that violates the schema of the stage fails it.",
    outcome=(_FAILED, "OUTPUT_INVALID"),
)
async def output(bench: Bench) -> None:
    plan = (_stage("draft", schema=_SCHEMA), _stage("review", "draft"))

    run = await bench.run(Script(stages={"draft": [Say(chunks=["no JSON"])]}), spec=specs.agent(plan=plan))

    same("answer_schema of the stage", run.asked[0].answer_schema.text, _SCHEMA, run.asked[0])
    same("how the stage ended", _ends(run), {"draft": (_FAILED, "OUTPUT_INVALID")}, run.result)


@cases.case("file", "Output of a stage that has a file name is handed over as an artifact of the stage.")
async def file(bench: Bench) -> None:
    plan = (_stage("draft", schema=_SCHEMA), _stage("review", "draft"))
    plan[0].output.filename = "draft.json"
    script = Script(stages={"draft": [Say(chunks=['{"n": 1.0}'])], "review": [Say(chunks=["the final"])]})

    run = await bench.run(script, spec=specs.agent(plan=plan))

    made = [(e.stage_id, e.artifact_added.content) for e in run.events if e.HasField("artifact_added")]
    found = [(stage, content.filename, content.json) for stage, content in made]
    same("artifacts", found, [("draft", "draft.json", '{"n": 1.0}')], run.result)


@cases.case("limit", "A ceiling that is reached in a stage limits the stage and the run.", outcome=(_LIMITED, _CEILING))
async def limit(bench: Bench) -> None:
    error = MeshError(reasons.ERROR_REASON_LIMIT_REACHED, "no more", limit="max_model_calls")

    run = await bench.run(Script(stages={"draft": [Say(error=error)]}), spec=specs.agent(plan=_LINE))

    same("how the stage ended", _ends(run), {"draft": (_LIMITED, _CEILING)}, run.result)
    same("the limit", run.result.failure.metadata["limit"], "max_model_calls", run.result)


@cases.case("any-order", "A plan may list its stages in any order; what they come after counts.")
async def any_order(bench: Bench) -> None:
    says = {name: [Say(chunks=[f"the {name}"])] for name in ("root", "left", "right", "join")}

    run = await bench.run(Script(stages=says), spec=specs.agent(plan=_DIAMOND[::-1]))

    order = _order(run)
    for stage in _DIAMOND:
        for name in stage.after:
            begins, ends = order.index(f"stage.started {stage.id}"), order.index(f"stage.finished {name}")
            expect(ends < begins, f"stage {stage.id} began before {name} was over", str(order))
    same("output", run.output, "the join", run.result)


@cases.case("continued", "A second attempt goes through the stages again, and the record has each once.")
async def continued(bench: Bench) -> None:
    gate = asyncio.Event()
    stages = {"draft": [Say(chunks=["the draft"])], "review": [Say(hold=gate, after=["the final"])]}
    first = bench.start(Script(stages=stages), spec=specs.agent(plan=_LINE))
    await first.held("the model was asked in the second stage")
    await first.until(lambda: "stage.started review" in _order(first), "the second stage began")
    await bench.lose(first)
    gate.set()

    second = bench.again(first)

    bench.ends(await bench.ended(second))
    recorded = [f"{e.type} {e.stage_id}" for e in second.play.record.log if e.type.startswith("stage.")]
    order = ["stage.started draft", "stage.finished draft", "stage.started review", "stage.finished review"]
    same("stages in the record", recorded, order, second.result)


def _questions(run: Run, stage: str) -> list[llm.ModelRequest]:
    found = [request for request in run.asked if request.stage_id == stage]
    expect(bool(found), f"no question to the model names stage {stage}", run.asked[0] if run.asked else "")
    return found


def _order(run: Run) -> list[str]:
    return [f"{e.type} {e.stage_id}" for e in run.events if e.type.startswith("stage.")]


def _outputs(run: Run) -> dict[str, str]:
    ends = [e for e in run.events if e.HasField("stage_finished")]
    return {e.stage_id: content_text(e.stage_finished.output) for e in ends}


def _ends(run: Run) -> dict[str, tuple[events.RunOutcome, str]]:
    ends = [(e.stage_id, e.stage_finished) for e in run.events if e.HasField("stage_finished")]
    return {stage: (finished.outcome, finished.failure.reason) for stage, finished in ends}
