"""A turn of a trajectory as the events of a run, in the shape that a live run leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf import timestamp_pb2

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_llm_provider.provider import Completion
from pal_llm_provider.transcript import answer_text, request_digest, request_text
from pal_log.canonical import canonical_digest
from pal_log.events import IMPORTER, EventWriter, stable_id
from pal_log.payload import json_payload, text_payload
from pal_transfer.trajectories import Answer, Call, Turn

LIVE = common.EXECUTION_MODE_LIVE
PROFILE, PROVIDER, RUNTIME = "default", "imported", "imported"
_COMPLETE, _TOOLS = events.MODEL_STOP_REASON_COMPLETE, events.MODEL_STOP_REASON_TOOL_CALLS


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What the runs of one trajectory share."""

    agent: common.SpecRef
    instructions: str
    tools: Mapping[str, tuple[common.SpecRef, tools.ToolSpec]]
    conversation_id: str
    labels: Mapping[str, str]
    source: str


class TurnEvents:
    """Builds the events of one run."""

    def __init__(self, run_id: str, imported: Imported, conversation: Sequence[llm.ModelMessage]) -> None:
        """Build for *run_id*; *conversation* is what a runtime would be told of the turns before."""
        self._run_id = run_id
        self._imported = imported
        self._writer = EventWriter(IMPORTER)
        self._messages = [
            llm.ModelMessage(role=events.MESSAGE_ROLE_PLATFORM, parts=[text_payload(imported.instructions)]),
            *conversation,
        ]
        self._count = 0

    def of(self, turn: Turn) -> list[events.RunEvent]:
        """Return the events of *turn*."""
        return list(self._events(turn))

    def _events(self, turn: Turn) -> Iterator[events.RunEvent]:
        imported = self._imported
        given = text_payload(turn.text)
        accepted = events.RunAccepted(
            agent=imported.agent,
            tools=[ref for ref, _ in imported.tools.values()],
            input=given,
            requester=common.Principal(id="import", kind=common.PRINCIPAL_KIND_SERVICE, tenant="default"),
            request_id=self._run_id,
            conversation_id=imported.conversation_id,
            labels=imported.labels,
            deadline=timestamp_pb2.Timestamp(seconds=0),
        )
        yield self._event(run_accepted=accepted)
        yield self._event(run_routed=events.RunRouted(runtime=RUNTIME, reason=f"imported from {imported.source}"))
        yield self._event(run_started=events.RunStarted(attempt=1))
        self._messages.append(llm.ModelMessage(role=events.MESSAGE_ROLE_USER, parts=[given]))
        for number, answer in enumerate(turn.answers, start=1):
            yield from self._answer(f"model-{number}", answer)
        yield self._event(run_finished=_end(turn.answers[-1]))

    def _answer(self, call_id: str, answer: Answer) -> Iterator[events.RunEvent]:
        request = llm.ModelRequest(call_id=call_id, profile=PROFILE, messages=self._messages, tools=self._offered())
        started = events.ModelCallStarted(
            call_id=call_id,
            profile=PROFILE,
            provider=PROVIDER,
            request_digest=request_digest(request, PROFILE),
            request=json_payload(request_text(request, PROFILE)),
            attempt=1,
        )
        yield self._event(model_call_started=started)
        calls = [
            llm.ModelToolCall(call_id=f"{call_id}.t{place}", name=call.name, arguments_json=call.arguments)
            for place, call in enumerate(answer.calls, start=1)
        ]
        completion = Completion(stop_reason=_TOOLS if calls else _COMPLETE, usage=common.TokenUsage())
        finished = events.ModelCallFinished(
            call_id=call_id,
            response=json_payload(answer_text(answer.text, calls, completion)),
            stop_reason=completion.stop_reason,
        )
        yield self._event(model_call_finished=finished)
        parts = [text_payload(answer.text)] if answer.text else []
        if parts:
            said = events.MessageAdded(
                message_id=stable_id(self._run_id, "message", call_id),
                role=events.MESSAGE_ROLE_AGENT,
                parts=parts,
                model_call_id=call_id,
            )
            yield self._event(message_added=said)
        self._messages.append(llm.ModelMessage(role=events.MESSAGE_ROLE_AGENT, parts=parts, tool_calls=calls))
        for asked, call in zip(calls, answer.calls, strict=True):
            yield from self._call(call_id, asked, call)
        if results := [_result(asked, call) for asked, call in zip(calls, answer.calls, strict=True)]:
            self._messages.append(llm.ModelMessage(role=events.MESSAGE_ROLE_USER, tool_results=results))

    def _call(self, model_call_id: str, asked: llm.ModelToolCall, call: Call) -> Iterator[events.RunEvent]:
        ref, spec = self._imported.tools[call.name]
        requested = events.ToolCallRequested(
            call_id=asked.call_id,
            tool=ref,
            arguments=json_payload(call.arguments),
            arguments_digest=canonical_digest(call.arguments),
            effect_class=spec.spec.effect.effect_class,
            model_call_id=model_call_id,
        )
        yield self._event(tool_call_requested=requested)
        executed = events.CALL_DISPOSITION_EXECUTED
        dispatched = events.ToolCallDispatched(call_id=asked.call_id, attempt=1, disposition=executed)
        yield self._event(tool_call_dispatched=dispatched)
        result = _result(asked, call)
        outcome = events.TOOL_CALL_OUTCOME_FAILED if result.is_failure else events.TOOL_CALL_OUTCOME_SUCCEEDED
        finished = events.ToolCallFinished(
            call_id=asked.call_id, outcome=outcome, disposition=executed, result=result.result, attempts=1
        )
        if result.is_failure:
            finished.failure.reason, finished.failure.message = "TOOL_FAILED", (call.result or "")[:1024]
        yield self._event(tool_call_finished=finished)

    def _offered(self) -> list[llm.ModelTool]:
        return [
            llm.ModelTool(name=name, purpose=spec.spec.purpose, input=spec.spec.input)
            for name, (_, spec) in self._imported.tools.items()
        ]

    def _event(self, **body: object) -> events.RunEvent:
        self._count += 1
        event = self._writer.event(self._run_id, LIVE, 1, **body)  # type: ignore[arg-type]
        # A file that is imported again adds nothing.
        event.event_id = stable_id(self._run_id, "imported", str(self._count))
        return event


def _result(asked: llm.ModelToolCall, call: Call) -> llm.ModelToolResult:
    # The format has no word for a failure; by convention its text begins so.
    text = call.result or ""
    return llm.ModelToolResult(call_id=asked.call_id, result=text_payload(text), is_failure=text.startswith("Error"))


def _end(last: Answer) -> events.RunFinished:
    if last.calls:
        # Whatever ran the agent has stopped it there: the model was not asked again.
        stopped = common.Failure(reason="RUN_CANCELLED", domain="pal", message="the trajectory ends with a tool result")
        return events.RunFinished(outcome=events.RUN_OUTCOME_CANCELLED, failure=stopped)
    output = text_payload(last.text) if last.text else None
    return events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED, output=output)
