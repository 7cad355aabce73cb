"""What happens with every model call, whoever serves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.admission import Admission, Call
from pal_llm_provider.assembling import Pump, tool_calls
from pal_llm_provider.calls import OpenCall
from pal_llm_provider.contents import inline
from pal_llm_provider.drilling import Drilling
from pal_llm_provider.provider import Completion, Provider
from pal_llm_provider.quotas import ModelQuotas, Use
from pal_llm_provider.recorded import answer
from pal_llm_provider.recording import Recording
from pal_llm_provider.replay import Match
from pal_llm_provider.shadows import ShadowPace
from pal_log.payload import content_text, text_payload
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.edge import annotate
from pal_rpc.errors import MeshError, parse_reason
from pal_rpc.faults import DRILL
from pal_rpc.lease import check_time
from pal_rpc.spans import SpanWriter


class Seam:
    """Admits, asks, checks and records."""

    def __init__(
        self,
        admission: Admission,
        providers: Mapping[str, Provider],
        recording: Recording,
        artifacts: ArtifactClient,
        spans: SpanWriter,
        pace: ShadowPace,
        drilling: Drilling,
        quotas: ModelQuotas,
    ) -> None:
        """Serve calls by *providers*, by the name of the provider in the profile; *pace* is that of shadow runs.

        Calls of drills meet the faults of *drilling*; what models are asked counts against *quotas*.
        """
        self._quotas = quotas
        self._drilling = drilling
        self._pace = pace
        self._admission = admission
        self._providers = providers
        self._recording = recording
        self._artifacts = artifacts
        self._spans = spans

    async def stream(self, request: pb.ModelRequest) -> AsyncGenerator[list[pb.ModelFrame], None]:
        """Yield frames as they come; the last one is the whole answer, and it is durable by then.

        Raises:
            MeshError: the call is refused or failed; a failure is durable by then.
        """
        lease = await self._admission.proven(request)
        annotate(run_id=lease.run_id)
        if lease.mode == DRILL:
            await self._drilling.skew(lease, request)
        check_time(lease)
        call = await self._admission.admit(await inline(request, self._artifacts), lease)
        async with self._pace.place(lease), aclosing(self._answered(call)) as answered:
            async for frames in answered:
                yield frames

    async def _answered(self, call: Call) -> AsyncGenerator[list[pb.ModelFrame], None]:
        if call.known:
            yield [pb.ModelFrame(answer=call.known)]
            return
        record = OpenCall(call, self._recording, self._spans)
        if call.match:
            for frames in await self._repeated(call.match, record):
                yield frames
            return
        async with self._quotas.reserved(call) as use, aclosing(self._asked(call, record, use)) as asked:
            async for frames in asked:
                yield frames

    async def _asked(self, call: Call, record: OpenCall, use: Use) -> AsyncGenerator[list[pb.ModelFrame], None]:
        completion: Completion | None = None
        try:
            await record.open()
            async with self._asking(call) as pump:
                async for frame in pump.chunks():
                    yield [frame]
                completion = pump.completion()
                use.count(completion)
                message = _message(pump.text, call, completion)
                answer = await record.close(message, completion)
                last = [*pump.rest(), pb.ModelFrame(answer=answer)]
        except MeshError as error:
            await record.fail(error, completion)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            record.abandon(reasons.ERROR_REASON_RUN_CANCELLED, "the caller left before the model had answered")
            raise
        except Exception:
            record.abandon(reasons.ERROR_REASON_INTERNAL, "the model provider failed; its log has the details")
            raise
        yield last

    async def _repeated(self, match: Match, record: OpenCall) -> list[list[pb.ModelFrame]]:
        await record.open()
        if match.asked.answered:
            given = await answer(match.asked, self._artifacts)
            text = content_text(given.message.parts[0]) if given.message.parts else ""
            whole = await record.repeat(match, given)
            live = [pb.ModelFrame(text=pb.TextChunk(text=text))] if text else []
            return [[*live, pb.ModelFrame(answer=whole)]]
        assert match.asked.finished is not None
        failed = match.asked.finished.failure
        error = MeshError(parse_reason(failed.reason), failed.message, **failed.metadata)
        await record.fail(error, None)
        raise error

    async def whole(self, request: pb.ModelRequest) -> pb.ModelAnswer:
        """Return the whole answer."""
        answer = pb.ModelAnswer()
        async for frames in self.stream(request):
            answer = frames[-1].answer
        return answer

    def _asking(self, call: Call) -> Pump:
        request = call.request
        answering = self._providers[call.profile.provider].answer(call.profile, request)
        if call.lease.mode == DRILL:
            answering = self._drilling.answering(call, answering)
        timeout = request.timeout.ToNanoseconds() / 1e9 if request.HasField("timeout") else None
        return Pump(answering, call.profile, timeout)


def _message(text: str, call: Call, completion: Completion) -> pb.ModelMessage:
    return pb.ModelMessage(
        role=events.MESSAGE_ROLE_AGENT,
        parts=[text_payload(text)] if text else [],
        tool_calls=tool_calls(completion.asks, call.call_id, call.profile),
    )
