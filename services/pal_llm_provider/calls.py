"""One model call in the record: opened once, closed once, measured."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable

from google.protobuf import duration_pb2

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_llm_provider.admission import Call
from pal_llm_provider.provider import Completion
from pal_llm_provider.recording import Recording
from pal_llm_provider.replay import Match
from pal_llm_provider.transcript import answer_text, message_text
from pal_log.events import LLM_PROVIDER, now
from pal_log.payload import json_payload
from pal_rpc.errors import MeshError, failure
from pal_rpc.spans import SpanWriter
from pal_rpc.telemetry import trace_id

_NANOS = 1_000_000_000


class OpenCall:
    """A call that is being made."""

    def __init__(self, call: Call, recording: Recording, spans: SpanWriter) -> None:
        """Measure *call* from now on."""
        self._call = call
        self._recording = recording
        self._spans = spans
        self._closed = False
        self._started_at = now()
        self._clock = time.monotonic_ns()

    async def open(self) -> None:
        """Record that the model is asked; the record is not waited for."""
        call, profile = self._call, self._call.profile
        request = await self._recording.kept(json_payload(call.text))
        started = events.ModelCallStarted(
            call_id=call.call_id,
            profile=profile.name,
            provider=profile.provider,
            model=profile.model,
            request_digest=call.digest,
            request=request,
            attempt=1,
        )
        batch = [self._recording.event(call.lease, call.request.stage_id, model_call_started=started)]
        if call.decision:
            decided = events.PolicyDecided(decision=call.decision)
            batch.insert(0, self._recording.event(call.lease, call.request.stage_id, policy_decided=decided))
        self._recording.submit(call.lease, *batch, linger=True)

    async def close(self, message: pb.ModelMessage, completion: Completion) -> pb.ModelAnswer:
        """Return the whole answer once it is durable.

        Raises:
            MeshError: the recorder refused it.
        """
        text = answer_text(message_text(message), message.tool_calls, completion)
        finished = self._finished(completion)
        finished.response.CopyFrom(await self._recording.kept(json_payload(text)))
        answer = pb.ModelAnswer(
            call_id=self._call.call_id,
            message=message,
            stop_reason=completion.stop_reason,
            usage=completion.usage,
            cost=completion.cost,
            model=finished.model,
            provider=self._call.profile.provider,
        )
        await self._end(finished)
        self._call.account.keep(answer)
        return answer

    async def repeat(self, match: Match, given: pb.ModelAnswer) -> pb.ModelAnswer:
        """Return the answer that the source of a replay was *given*, once it is durable; nobody is paid for it.

        Raises:
            MeshError: the recorder refused it.
        """
        assert match.asked.finished is not None
        finished = events.ModelCallFinished()
        finished.CopyFrom(match.asked.finished)
        finished.call_id, finished.replayed_from_seq = self._call.call_id, match.asked.seq
        finished.matched_by = match.key
        finished.ClearField("cost")
        finished.ClearField("price_list")
        await self._end(finished)
        whole = pb.ModelAnswer()
        whole.CopyFrom(given)
        whole.call_id = self._call.call_id
        whole.ClearField("cost")
        self._call.account.keep(whole)
        return whole

    async def fail(self, error: MeshError, completion: Completion | None) -> None:
        """Record that the call failed, with what is known of it, and return once that is durable."""
        await self._end(self._failed(error, completion))

    def abandon(self, reason: reasons.ErrorReason, message: str) -> None:
        """Record that the call failed without waiting; a call that is closed stays as it is."""
        if self._closed:
            return
        finished = self._failed(MeshError(reason, message), None)
        if reason == reasons.ERROR_REASON_RUN_CANCELLED:
            finished.stop_reason = events.MODEL_STOP_REASON_CANCELLED
        self._close(finished)

    async def _end(self, finished: events.ModelCallFinished) -> None:
        if not self._closed:
            await self._close(finished)

    def _close(self, finished: events.ModelCallFinished) -> Awaitable[list[int]]:
        self._closed = True
        call = self._call
        call.account.ledger.count_usage(finished.usage, finished.cost if finished.HasField("cost") else None)
        self._spans.add(self._span(finished))
        event = self._recording.event(call.lease, call.request.stage_id, model_call_finished=finished)
        # Shielded: a client that leaves now must not take the end of the call with it.
        return asyncio.shield(self._recording.submit(call.lease, event))

    def _finished(self, completion: Completion | None) -> events.ModelCallFinished:
        if completion is None:
            return events.ModelCallFinished(call_id=self._call.call_id, model=self._call.profile.model)
        return events.ModelCallFinished(
            call_id=self._call.call_id,
            stop_reason=completion.stop_reason,
            usage=completion.usage,
            cost=completion.cost,
            model=completion.model or self._call.profile.model,
            price_list=completion.price_list,
        )

    def _failed(self, error: MeshError, completion: Completion | None) -> events.ModelCallFinished:
        finished = self._finished(completion)
        finished.failure.CopyFrom(failure(error))
        return finished

    def _span(self, finished: events.ModelCallFinished) -> traces.TraceSpan:
        nanos = time.monotonic_ns() - self._clock
        lease, profile = self._call.lease, self._call.profile
        traceparent = lease.grant.traceparent
        return traces.TraceSpan(
            trace_id=trace_id(traceparent),
            span_id=secrets.token_hex(8),
            parent_span_id=traceparent.split("-")[2] if trace_id(traceparent) else "",
            run_id=lease.run_id,
            kind=traces.SPAN_KIND_MODEL_CALL,
            name=f"model.call {profile.name}",
            started_at=self._started_at,
            duration=duration_pb2.Duration(seconds=nanos // _NANOS, nanos=nanos % _NANOS),
            status=_status(finished),
            error_reason=finished.failure.reason,
            mode=lease.mode,
            component=LLM_PROVIDER,
            usage=finished.usage,
            cost=finished.cost if finished.HasField("cost") else None,
            call_id=finished.call_id,
            attempt=lease.epoch,
            attributes={"model": finished.model[:256], "provider": profile.provider},
        )


def _status(finished: events.ModelCallFinished) -> traces.SpanStatus:
    if finished.stop_reason == events.MODEL_STOP_REASON_CANCELLED:
        return traces.SPAN_STATUS_CANCELLED
    return traces.SPAN_STATUS_ERROR if finished.HasField("failure") else traces.SPAN_STATUS_OK
