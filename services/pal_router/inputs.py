"""Answers of people to what runs wait for. The first one counts."""

from __future__ import annotations

import json

import jsonschema_rs

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import stable_id
from pal_log.payload import content_text, json_payload, text_payload
from pal_router.peers import Peers
from pal_rpc.errors import InvalidField, MeshError

_ACCEPTED, _DECLINED, _AMENDED = (
    events.INPUT_DECISION_ACCEPTED,
    events.INPUT_DECISION_DECLINED,
    events.INPUT_DECISION_AMENDED,
)
MAX_ANSWER_BYTES = 256 * 1024


class Inputs:
    """Records answers."""

    def __init__(self, peers: Peers) -> None:
        """Write to the record of *peers*."""
        self._peers = peers
        self._writer = peers.writer

    async def answer(self, request: pb.AnswerRequest, responder: common.Principal) -> pb.AnswerResponse:
        """Record an answer, unless somebody was faster; the run goes on by itself once it has all of them.

        Raises:
            MeshError: RUN_NOT_FOUND, RUN_FINISHED, INPUT_NOT_FOUND, or INVALID_FIELD: the answer does not fit.
        """
        while True:
            run = await self._peers.recorder.run(request.run_id)
            asked = next((a for a in run.pending_inputs if a.input_id == request.input_id), None)
            if asked is None:
                return await self._late(request, run)
            received = events.InputReceived(
                input_id=request.input_id,
                decision=request.decision or _DECLINED,
                answer=_checked(request, asked),
                responder=responder,
            )
            fact = self._writer.event(run.run_id, run.mode, run.epoch, input_received=received)
            if request.request_id:
                fact.event_id = stable_id(run.run_id, "answer", request.request_id)
            try:
                seqs = await self._peers.appender.append(run.run_id, [fact], expected_head_seq=run.head_seq)
            except MeshError as error:
                if error.reason != reasons.ERROR_REASON_HEAD_MISMATCH:
                    raise
                continue
            return pb.AnswerResponse(seq=seqs[0])

    async def pending(self, request: pb.ListInputsRequest) -> pb.ListInputsResponse:
        """Return what runs wait for, oldest run first within a page.

        Raises:
            MeshError: RUN_NOT_FOUND.
        """
        if request.run_id:
            return pb.ListInputsResponse(inputs=await self._of(await self._peers.recorder.run(request.run_id)))
        query = shared.RunQuery(
            states=[shared.RUN_STATE_SUSPENDED],
            page_size=min(request.page_size or 50, 200),
            page_token=request.page_token,
        )
        page = await self._peers.recorder.runs(query)
        inputs = [entry for run in reversed(page.runs) for entry in await self._of(run)]
        return pb.ListInputsResponse(inputs=inputs, next_page_token=page.next_page_token)

    async def _of(self, run: shared.Run) -> list[pb.PendingInput]:
        found: dict[str, pb.PendingInput] = {}
        calls: dict[str, events.ToolCallRequested] = {}
        async for event in self._peers.recorder.log(run.run_id):
            match event.WhichOneof("body"):
                case "tool_call_requested":
                    calls[event.tool_call_requested.call_id] = event.tool_call_requested
                case "input_requested":
                    asked = event.input_requested
                    found[asked.input_id] = pb.PendingInput(
                        run_id=run.run_id,
                        agent=run.agent,
                        input=asked,
                        asked_at=event.recorded_at,
                        tool_call=calls.get(asked.tool_call_id),
                    )
                case "input_received":
                    found.pop(event.input_received.input_id, None)
                case "input_expired":
                    found.pop(event.input_expired.input_id, None)
                case "run_finished":
                    found.clear()
                case _:
                    pass
        return list(found.values())

    async def _late(self, request: pb.AnswerRequest, run: shared.Run) -> pb.AnswerResponse:
        own = stable_id(run.run_id, "answer", request.request_id) if request.request_id else ""
        async for event in self._peers.recorder.log(run.run_id):
            body = event.WhichOneof("body")
            if body == "input_received" and event.input_received.input_id == request.input_id:
                return pb.AnswerResponse(seq=event.seq, superseded=event.event_id != own)
            if body == "input_expired" and event.input_expired.input_id == request.input_id:
                return pb.AnswerResponse(seq=event.seq, superseded=True)
        if run.state == shared.RUN_STATE_FINISHED:
            raise MeshError(
                reasons.ERROR_REASON_RUN_FINISHED,
                f"run {run.run_id} is over; it waits for no answer",
                run_id=run.run_id,
            )
        raise MeshError(
            reasons.ERROR_REASON_INPUT_NOT_FOUND,
            f"run {run.run_id} does not wait for input {request.input_id or '(empty)'}; "
            "`pal inputs list` shows what runs wait for",
            run_id=run.run_id,
            input_id=request.input_id,
        )


def _checked(request: pb.AnswerRequest, asked: events.InputRequested) -> common.Payload:
    text = content_text(request.answer)
    if len(text.encode()) > MAX_ANSWER_BYTES:
        raise InvalidField("answer", f"longer than {MAX_ANSWER_BYTES} bytes")
    if request.decision == _AMENDED:
        if asked.kind != events.INPUT_KIND_APPROVAL:
            raise InvalidField("decision", "only the arguments of a call can be amended; send ACCEPTED with an answer")
        return _fitting(text, asked, "write the amended arguments as JSON")
    if request.decision != _ACCEPTED or asked.kind == events.INPUT_KIND_APPROVAL:
        return text_payload(text)
    if asked.kind == events.INPUT_KIND_CHOICE:
        choice = text.strip('"')
        if choice not in asked.choices:
            raise InvalidField("answer", f"{choice or '(empty)'} is no choice; there are: {', '.join(asked.choices)}")
        return text_payload(choice)
    if asked.answer_schema.text and request.answer.WhichOneof("content") == "json":
        return _fitting(text, asked, "write the answer as JSON")
    if not text.strip():
        raise InvalidField("answer", "empty; answer the question, or decline it")
    return json_payload(text) if request.answer.WhichOneof("content") == "json" else text_payload(text)


def _fitting(text: str, asked: events.InputRequested, advice: str) -> common.Payload:
    try:
        value = json.loads(text)
    except ValueError:
        raise InvalidField("answer", f"not JSON; {advice}") from None
    if asked.answer_schema.text:
        try:
            jsonschema_rs.validate(json.loads(asked.answer_schema.text), value)
        except jsonschema_rs.ValidationError as error:
            path = "".join(f"/{step}" for step in error.instance_path)
            raise InvalidField(f"answer{path}", error.message[:400]) from None
    return json_payload(text)
