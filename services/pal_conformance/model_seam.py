"""The model of a run: says what the script has for it, and writes down that it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_conformance.play import LEFT, Play
from pal_conformance.script import Say
from pal_log.events import LLM_PROVIDER
from pal_rpc.errors import MeshError, failure


class _Call:
    """A model call on record: opened once, closed once."""

    def __init__(self, play: Play, stage_id: str, call_id: str, profile: str) -> None:
        self._play = play
        self._lease = play.lease
        self._stage_id = stage_id
        self.call_id = call_id
        self._closed = False
        started = events.ModelCallStarted(call_id=call_id, profile=profile)
        play.record.write(LLM_PROVIDER, play.lease, stage_id, model_call_started=started)

    def close(self, *, stop_reason: events.ModelStopReason | None = None, error: MeshError | None = None) -> None:
        if self._closed:
            return
        self._closed = True
        finished = events.ModelCallFinished(
            call_id=self.call_id, stop_reason=stop_reason, failure=failure(error) if error else None
        )
        self._play.record.write(LLM_PROVIDER, self._lease, self._stage_id, model_call_finished=finished)
        self._play.changes.tell()


async def answered(play: Play, request: llm.ModelRequest) -> AsyncIterator[llm.ModelFrame]:
    """Yield the frames of the answer that the script has for *request*."""
    play.asked.append(request)
    place = play.place(request.stage_id)
    call_id = request.call_id or f"{request.stage_id}{'/' if request.stage_id else ''}minted-{place + 1}"
    play.changes.tell()
    if (play.lease.epoch, call_id) in play.begun:
        play.problems.append((f"the model call {call_id} was made twice in one attempt", request))
    play.begun.add((play.lease.epoch, call_id))
    if known := play.answers.get(call_id):
        yield llm.ModelFrame(answer=_again(known))
        return
    say = play.script.say(request.stage_id, place)
    if say is None:
        play.problems.append(("the model was asked once more than there was reason to", request))
        raise MeshError(reasons.ERROR_REASON_INTERNAL, "the script of this run has no further answer")
    if request.stage_id:
        await play.record.stage_began(request.stage_id)
    call = _Call(play, request.stage_id, call_id, request.profile)
    try:
        async for frame in _said(play, say, call):
            yield frame
    finally:
        call.close(error=LEFT)


async def _said(play: Play, say: Say, call: _Call) -> AsyncIterator[llm.ModelFrame]:
    offset = 0
    for place, chunk in enumerate([*say.chunks, *say.after]):
        if place == len(say.chunks):
            await _held(play, say)
        yield llm.ModelFrame(text=llm.TextChunk(offset=offset, text=chunk))
        offset += len(chunk.encode())
        play.sent_chunks += 1
        play.changes.tell()
    if not say.after:
        await _held(play, say)
    if say.error or say.cut:
        call.close(error=_named(say.error))
        if say.error:
            raise say.error
        return
    answer = play.answers[call.call_id] = say.answer(call.call_id)
    # On record before it is given: nothing that follows from it can come first.
    call.close(stop_reason=answer.stop_reason)
    yield llm.ModelFrame(answer=answer)


async def _held(play: Play, say: Say) -> None:
    if say.hold:
        await play.hold(say.hold)


def _again(known: llm.ModelAnswer) -> llm.ModelAnswer:
    answer = llm.ModelAnswer(replayed=True)
    answer.MergeFrom(known)
    return answer


def _named(error: Exception | None) -> MeshError:
    if isinstance(error, MeshError):
        return error
    return MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, "the stream was cut")
