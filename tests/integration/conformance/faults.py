"""Planted faults: what each does, and the case that has to see it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.runtime import CarryOut, Ports, Stage, Task
from pal_log.payload import json_payload, text_payload
from tests.fakes.faulty_adapter import Fault, State

Frames = Iterable[rt.RunFrame]


# --- what it streams ----------------------------------------------------------------------


def drops_a_delta(state: State, frame: rt.RunFrame) -> Frames:
    if frame.HasField("live_output") and not state.setdefault("dropped", False):
        state["dropped"] = True
        return []
    return [frame]


def reorders_deltas(state: State, frame: rt.RunFrame) -> Frames:
    if frame.HasField("live_output") and "kept" not in state:
        state["kept"] = frame
        return []
    kept = state.pop("kept", None) if frame.HasField("live_output") else None
    if kept is not None:
        state["kept"] = None
        return [frame, kept]
    return [frame]


def announces_twice(state: State, frame: rt.RunFrame) -> Frames:
    return [frame, frame] if frame.event.HasField("message_added") else [frame]


def announces_nothing(state: State, frame: rt.RunFrame) -> Frames:
    return [] if frame.event.HasField("message_added") else [frame]


def goes_on_after_the_end(state: State, frame: rt.RunFrame) -> Frames:
    return [frame, rt.RunFrame(pulse=rt.RuntimePulse())] if frame.HasField("result") else [frame]


def ends_twice(state: State, frame: rt.RunFrame) -> Frames:
    return [frame, frame] if frame.HasField("result") else [frame]


def never_ends(state: State, frame: rt.RunFrame) -> Frames:
    return [] if frame.HasField("result") else [frame]


def says_no_reason(state: State, frame: rt.RunFrame) -> Frames:
    frame.result.ClearField("output") if frame.HasField("result") else None
    return [frame]


def names_another_run(state: State, frame: rt.RunFrame) -> Frames:
    if frame.HasField("live_output"):
        frame.live_output.run_id = "another"
    return [frame]


def invents_a_tool_result(state: State, frame: rt.RunFrame) -> Frames:
    if frame.HasField("result"):
        invented = events.ToolCallFinished(call_id="c9", outcome=events.TOOL_CALL_OUTCOME_SUCCEEDED)
        return [rt.RunFrame(event=events.RunEvent(type="tool.call.finished", tool_call_finished=invented)), frame]
    return [frame]


def invents_a_stage(state: State, frame: rt.RunFrame) -> Frames:
    if frame.event.HasField("message_added"):
        frame.event.stage_id = "ghost"
    return [frame]


def offers_more_tools(request: llm.ModelRequest) -> None:
    if request.stage_id:
        request.tools.add(name="more")


def forgets_the_stage(state: State, frame: rt.RunFrame) -> Frames:
    if frame.event.HasField("message_added"):
        frame.event.stage_id = ""
    return [frame]


def leaves_stages_open(state: State, frame: rt.RunFrame) -> Frames:
    finished = frame.event.stage_finished
    return [] if finished.outcome not in (0, events.RUN_OUTCOME_SUCCEEDED) else [frame]


def trims_messages(state: State, frame: rt.RunFrame) -> Frames:
    for part in frame.event.message_added.parts:
        part.CopyFrom(text_payload(part.text[:-1]))
    return [frame]


def forgets_the_question(state: State, frame: rt.RunFrame) -> Frames:
    if frame.event.HasField("message_added"):
        frame.event.message_added.model_call_id = "model-77"
    return [frame]


def names_events_anew(state: State, frame: rt.RunFrame) -> Frames:
    if frame.HasField("event"):
        frame.event.event_id = str(uuid.uuid4())
    return [frame]


def keeps_live_output_back(state: State, frame: rt.RunFrame) -> Frames:
    kept: list[rt.RunFrame] = state.setdefault("kept", [])
    if frame.HasField("live_output"):
        kept.append(frame)
        return []
    state["kept"] = []
    return [*kept, frame]


def hides_why(state: State, frame: rt.RunFrame) -> Frames:
    if frame.result.HasField("failure"):
        frame.result.failure.reason = "RUNTIME_ERROR"
    return [frame]


def calls_it_a_success(state: State, frame: rt.RunFrame) -> Frames:
    if frame.event.HasField("message_added"):
        state["text"] = frame.event.message_added.parts[0].text
    if frame.result.HasField("failure"):
        good = events.RUN_OUTCOME_SUCCEEDED
        result = rt.RuntimeResult(outcome=good, output=text_payload(state.get("text") or "(nothing)"))
        return [rt.RunFrame(result=result)]
    return [frame]


def fails_instead_of_waiting(state: State, frame: rt.RunFrame) -> Frames:
    if frame.result.HasField("suspended"):
        failure = common.Failure(reason="APPROVAL_REQUIRED", domain="pal")
        return [rt.RunFrame(result=rt.RuntimeResult(outcome=events.RUN_OUTCOME_FAILED, failure=failure))]
    return [frame]


def begins_no_stage(state: State, frame: rt.RunFrame) -> Frames:
    return [] if frame.event.HasField("stage_started") else [frame]


def hands_nothing_on(state: State, frame: rt.RunFrame) -> Frames:
    if frame.event.HasField("stage_finished"):
        frame.event.stage_finished.ClearField("output")
    return [frame]


def calls_stages_a_success(state: State, frame: rt.RunFrame) -> Frames:
    if frame.event.HasField("stage_finished"):
        frame.event.stage_finished.outcome = events.RUN_OUTCOME_SUCCEEDED
    return [frame]


def forgets_the_file(state: State, frame: rt.RunFrame) -> Frames:
    return [] if frame.event.HasField("artifact_added") else [frame]


# --- what it asks and is told -------------------------------------------------------------


def fills_in_templates(request: llm.ModelRequest) -> None:
    for message in request.messages:
        for part in message.parts:
            part.CopyFrom(text_payload(part.text.replace("{name}", "")))


def forgets_the_rules(request: llm.ModelRequest) -> None:
    request.messages[0].parts[0].text = "You are a helpful assistant."


def coerces_words(request: llm.ModelRequest) -> None:
    for message in request.messages:
        for part in message.parts:
            if part.text in ("true", "null"):
                part.CopyFrom(text_payload(part.text.capitalize()))


def cuts_context(request: llm.ModelRequest) -> None:
    for part in request.messages[-1].parts:
        part.CopyFrom(text_payload(part.text[:100_000]))


def rewrites_schemas(request: llm.ModelRequest) -> None:
    for tool in request.tools:
        tool.input.text = json.dumps(json.loads(tool.input.text, parse_float=float))


def rewrites_the_answer_schema(request: llm.ModelRequest) -> None:
    if request.answer_schema.text:
        request.answer_schema.text = json.dumps(json.loads(request.answer_schema.text), separators=(",", ":"))


def sorts_tools(request: llm.ModelRequest) -> None:
    kept = sorted(request.tools, key=lambda tool: tool.name)
    del request.tools[:]
    request.tools.extend(kept)


def asks_under_its_own_lease(request: llm.ModelRequest) -> None:
    request.lease.epoch = 7


def asks_under_one_profile(request: llm.ModelRequest) -> None:
    request.profile = "default"


def loses_a_result(request: llm.ModelRequest) -> None:
    for message in request.messages:
        if len(message.tool_results) > 1:
            del message.tool_results[-1]


def swaps_results(request: llm.ModelRequest) -> None:
    for message in request.messages:
        if len(message.tool_results) > 1:
            first, last = message.tool_results[0], message.tool_results[-1]
            first.call_id, last.call_id = last.call_id, first.call_id


def renders_the_conversation(request: llm.ModelRequest) -> None:
    for message in request.messages:
        if message.tool_calls and message.tool_calls[0].call_id == "e1":
            message.parts[0].CopyFrom(text_payload("called gone"))
            message.ClearField("tool_calls")


def forgets_what_was_said(request: llm.ModelRequest) -> None:
    for message in request.messages:
        if message.tool_calls:
            message.ClearField("parts")
            message.ClearField("provider_state")


def ignores_how_the_model_stopped(answer: llm.ModelAnswer) -> None:
    answer.stop_reason = events.MODEL_STOP_REASON_COMPLETE


def repairs_nothing_said(answer: llm.ModelAnswer) -> None:
    if not "".join(part.text for part in answer.message.parts).strip() and not answer.message.tool_calls:
        answer.message.parts.append(text_payload("I have nothing to say."))


def forgets_what_came_before(request: llm.ModelRequest) -> None:
    for part in request.messages[-1].parts:
        part.CopyFrom(text_payload(part.text.replace("the draft", "")))


def forgets_the_stage_of_a_call(request: executor.ExecuteToolRequest) -> None:
    request.stage_id = ""


def parses_arguments(request: executor.ExecuteToolRequest) -> None:
    request.arguments.CopyFrom(json_payload(json.dumps(json.loads(request.arguments.json))))


def truncates_arguments(request: executor.ExecuteToolRequest) -> None:
    request.arguments.CopyFrom(json_payload("{}"))


def coerces_arguments(request: executor.ExecuteToolRequest) -> None:
    request.arguments.CopyFrom(json_payload(request.arguments.json.replace('"true"', "true")))


def forgets_who_asked(request: executor.ExecuteToolRequest) -> None:
    request.model_call_id = ""


def forgets_the_version(request: executor.ExecuteToolRequest) -> None:
    request.tool.version = ""


def writes_results_anew(response: executor.ExecuteToolResponse) -> None:
    response.result.CopyFrom(text_payload(repr(response.result.text)))


def hides_failures(response: executor.ExecuteToolResponse) -> None:
    response.finished.outcome = events.TOOL_CALL_OUTCOME_SUCCEEDED


def takes_any_lease(request: rt.RuntimeServiceCancelRequest) -> bool:
    request.lease.epoch = 1_000
    return True


def drops_the_trace(request: rt.RuntimeServiceRunRequest) -> None:
    request.traceparent = ""


# --- how it works -------------------------------------------------------------------------


class NoStages(EchoRuntime):
    """Says that it brings stages into their order, and does not."""

    async def workflow(self, stages: Sequence[Stage], carry_out: CarryOut) -> None:
        return


class StagesInARow(EchoRuntime):
    """Carries out the stages of a plan one after the other."""

    async def workflow(self, stages: Sequence[Stage], carry_out: CarryOut) -> None:
        for stage in stages:
            await carry_out(stage.id)


class OneAfterTheOther(EchoRuntime):
    """Calls the tools of an answer one after the other."""

    async def run(self, task: Task, ports: Ports) -> str:
        lock = asyncio.Lock()
        inner = ports.tools

        class Serial:
            async def call(self, call_id: str) -> Any:
                async with lock:
                    return await inner.call(call_id)

        return await super().run(task, Ports(model=ports.model, tools=Serial()))


class FewRounds(EchoRuntime):
    """Gives up after ten rounds."""

    async def run(self, task: Task, ports: Ports) -> str:
        inner = ports.model
        rounds = 0

        class Counted:
            async def ask(self, turns: Any, tools: Any) -> Any:
                nonlocal rounds
                rounds += 1
                if rounds > 10:
                    raise RuntimeError("too many rounds")
                return await inner.ask(turns, tools)

        return await super().run(task, Ports(model=Counted(), tools=ports.tools))


class Mixing(EchoRuntime):
    """Keeps what the last run was given where the next one finds it."""

    last: Task | None = None

    async def run(self, task: Task, ports: Ports) -> str:
        self.last = task
        await asyncio.sleep(0)
        mixed = Task(run_id=task.run_id, opening=self.last.opening, tools=task.tools)
        return await super().run(mixed, ports)


class Remembering(EchoRuntime):
    """Puts what earlier runs were given before what this one is given."""

    def __init__(self) -> None:
        self._earlier: list[Any] = []

    async def run(self, task: Task, ports: Ports) -> str:
        opening = [*task.opening[:1], *self._earlier, *task.opening[1:]]
        self._earlier.extend(task.opening[1:])
        return await super().run(Task(run_id=task.run_id, opening=opening, tools=task.tools), ports)


class Stubborn(EchoRuntime):
    """Finishes what it began, whoever wants it back."""

    async def run(self, task: Task, ports: Ports) -> str:
        work = asyncio.ensure_future(super().run(task, ports))
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                continue
        return work.result()


class Talkative(EchoRuntime):
    """Adds a word of its own to every answer."""

    async def run(self, task: Task, ports: Ports) -> str:
        return await super().run(task, ports) + " Anything else?"


class OtherWords(EchoRuntime):
    """Reads the answer as JSON where it can."""

    async def run(self, task: Task, ports: Ports) -> str:
        text = await super().run(task, ports)
        try:
            return str(json.loads(text))
        except ValueError:
            return text


def claims_nothing_is_in_the_way(response: rt.DescribeResponse) -> None:
    del response.problems[:]


def finds_fault_with_everything(response: rt.DescribeResponse) -> None:
    response.problems.append(rt.AgentProblem(field="spec.tools", reason="INVALID_DOCUMENT", message="no"))


def has_no_version(response: rt.DescribeResponse) -> None:
    response.installed_version = ""


def announces_more(request: registry.RegisterRuntimeRequest) -> None:
    request.capability.capabilities.multimodal = True


# Each fault, the case that has to see it, and a word of what it says.
FAULTS: dict[str, tuple[Fault, str, str]] = {
    "drops a delta": (Fault(frames=drops_a_delta), "events.messages", "something is missing"),
    "reorders deltas": (Fault(frames=reorders_deltas), "events.messages", "something is missing"),
    "announces twice": (Fault(frames=announces_twice), "events.once", "announced twice"),
    "announces nothing": (Fault(frames=announces_nothing), "events.closed", "never closed"),
    "leaves out a message": (Fault(frames=announces_nothing), "events.messages", "was not announced"),
    "goes on after the end": (Fault(frames=goes_on_after_the_end), "events.ends", "follows the result"),
    "ends twice": (Fault(frames=ends_twice), "events.ends", "2 results"),
    "never ends": (Fault(frames=never_ends), "events.ends", "without a result"),
    "succeeds with nothing": (Fault(frames=says_no_reason), "events.ends", "has output"),
    "names another run": (Fault(frames=names_another_run), "events.run-id", "names another"),
    "invents a tool result": (Fault(frames=invents_a_tool_result), "events.families", "does not write"),
    "breaks the log": (Fault(frames=invents_a_stage), "events.log", "which is not going on"),
    "trims messages": (Fault(frames=trims_messages), "events.messages", "something else"),
    "forgets the question": (Fault(frames=forgets_the_question), "events.messages", "model-77"),
    "names events anew": (Fault(frames=names_events_anew), "events.resumed", "announced again"),
    "keeps live output back": (Fault(frames=keeps_live_output_back), "ability.streaming", "live output before"),
    "hides why": (Fault(frames=hides_why), "model.429", "has to end as FAILED MODEL_RATE_LIMITED"),
    "truncated is a success": (
        Fault(answer=ignores_how_the_model_stopped),
        "answer.cut-by-length",
        "ended as SUCCEEDED",
    ),
    "refused is a success": (Fault(answer=ignores_how_the_model_stopped), "answer.refused", "ended as SUCCEEDED"),
    "filtered is a success": (Fault(answer=ignores_how_the_model_stopped), "answer.filtered", "ended as SUCCEEDED"),
    "makes truncated calls": (Fault(answer=ignores_how_the_model_stopped), "tool.truncated", "ended as SUCCEEDED"),
    "empty is a success": (Fault(answer=repairs_nothing_said), "answer.empty", "ended as SUCCEEDED"),
    "a limit is a success": (Fault(frames=calls_it_a_success), "tool.loop", "ended as SUCCEEDED"),
    "a stall is a success": (Fault(frames=calls_it_a_success), "model.stall", "ended as SUCCEEDED"),
    "violations are a success": (Fault(frames=calls_it_a_success), "output.violation", "ended as SUCCEEDED"),
    "forgets the file": (Fault(frames=forgets_the_file), "output.schema", "files"),
    "retries": (Fault(retries=1), "model.500", "ended as SUCCEEDED"),
    "asks twice": (Fault(asks=2), "events.asked-once", "made twice"),
    "fills in templates": (Fault(question=fills_in_templates), "answer.question", "hello"),
    "forgets the rules": (Fault(question=forgets_the_rules), "answer.question", "the instructions do not hold"),
    "renders the conversation": (Fault(question=renders_the_conversation), "answer.conversation", "is not what it was"),
    "coerces words": (Fault(question=coerces_words), "answer.words", "True"),
    "reads words": (Fault(runtime=OtherWords), "answer.words", "output"),
    "cuts context": (Fault(question=cuts_context), "ability.context", "did not arrive"),
    "rewrites schemas": (Fault(question=rewrites_schemas), "exact.schemas", "schema of"),
    "rewrites the answer schema": (Fault(question=rewrites_the_answer_schema), "output.byte-equal", "answer_schema"),
    "sorts tools": (Fault(question=sorts_tools), "tool.offered", "tools: expected"),
    "asks under its own lease": (Fault(question=asks_under_its_own_lease), "events.asked-once", "another lease"),
    "asks under one profile": (Fault(question=asks_under_one_profile), "answer.profile", "precise"),
    "drops the trace": (Fault(request=drops_the_trace), "answer.trace", "trace id"),
    "loses a result": (Fault(question=loses_a_result), "events.results", "without the result of"),
    "swaps results": (Fault(question=swaps_results), "events.results", "something else"),
    "mixes parallel calls": (Fault(question=swaps_results), "events.parallel", "results: expected"),
    "forgets what was said": (Fault(question=forgets_what_was_said), "tool.text-and-call", "told it said"),
    "parses arguments": (Fault(call=parses_arguments), "exact.numbers", "arguments"),
    "truncates arguments": (Fault(call=truncates_arguments), "events.arguments", "with the arguments"),
    "coerces arguments": (Fault(call=coerces_arguments), "exact.words", "arguments"),
    "forgets who asked": (Fault(call=forgets_who_asked), "events.arguments", "was asked for in"),
    "forgets the version": (Fault(call=forgets_the_version), "tool.one", "1.2.3"),
    "writes results anew": (Fault(result=writes_results_anew), "tool.results", "results: expected"),
    "hides failures of tools": (Fault(result=hides_failures), "tool.fails", "results: expected"),
    "one after the other": (Fault(runtime=OneAfterTheOther), "tool.parallel", "alone for 3 s"),
    "few rounds": (Fault(runtime=FewRounds), "tool.many-rounds", "RUNTIME_ERROR"),
    "no sign of life": (Fault(pulse=False), "tool.slow", "not within 6 s"),
    "mixes runs": (Fault(runtime=Mixing), "load.concurrent", "asked the question of another"),
    "too few at once": (Fault(ceiling=10), "load.concurrent", "10 runs went on at once, 64 are declared"),
    "piles up": (Fault(unbounded=True), "load.back-pressure", "while nobody read"),
    "remembers": (Fault(runtime=Remembering), "answer.repeat", "the second run"),
    "adds a word": (Fault(runtime=Talkative), "answer.plain", "Anything else?"),
    "will not stop": (Fault(cancel=lambda _: False), "cancel.at-model", "did not end within"),
    "will not stop at a tool": (Fault(cancel=lambda _: False), "cancel.at-tool", "did not end within"),
    "stays when left": (Fault(unbounded=True), "cancel.left-at-model", "still waited for"),
    "stays after the deadline": (Fault(unbounded=True), "cancel.deadline", "still waited for"),
    "gives no grace": (Fault(cancel=lambda r: not r.ClearField("grace")), "cancel.grace", "cut at once"),
    "takes any lease": (Fault(cancel=takes_any_lease), "cancel.older-lease", "no longer good"),
    "claims a person in the loop": (
        Fault(declares={"human_in_loop": True}, frames=fails_instead_of_waiting),
        "ability.human-in-loop",
        "what the run waits for",
    ),
    "claims pictures": (Fault(declares={"multimodal": True}), "ability.multimodal", "the image is not"),
    "claims stages": (Fault(runtime=NoStages), "stage.sequence", "RUNTIME_ERROR"),
    "stages in a row": (Fault(runtime=StagesInARow), "stage.parallel", "left and right"),
    "forgets the stage": (Fault(frames=forgets_the_stage), "stage.marked", "draft"),
    "all tools in every stage": (Fault(question=offers_more_tools), "stage.tools", "tools on offer"),
    "leaves stages open": (Fault(frames=leaves_stages_open), "stage.cancelled", "draft"),
    "begins no stage": (Fault(frames=begins_no_stage), "stage.marked", "which is not going on"),
    "hands nothing on": (Fault(frames=hands_nothing_on), "stage.sequence", "outputs: expected"),
    "forgets what came before": (Fault(question=forgets_what_came_before), "stage.sequence", "not given the draft"),
    "forgets the stage of a call": (Fault(call=forgets_the_stage_of_a_call), "stage.marked", "stage of the call"),
    "a failed stage is a success": (Fault(frames=calls_stages_a_success), "stage.truncated", "how the stage ended"),
    "nothing is in the way": (Fault(described=claims_nothing_is_in_the_way), "ability.problems", "problems: expected"),
    "everything is in the way": (Fault(described=finds_fault_with_everything), "ability.fitting", "problems: expected"),
    "has no version": (Fault(described=has_no_version), "ability.described", "installed_version is empty"),
    "announces more": (Fault(announced=announces_more), "ability.announced", "capabilities: expected"),
}
