"""The way to a model: one question, its answer, and what the record and the listeners get of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import grpc

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import llm_provider_service_pb2_grpc as rpc
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.dialogue import AGENT, PLATFORM, Dialogue, Turn, text_of
from pal_adapter_host.outbox import Outbox
from pal_adapter_host.seam import AWAY_PAUSE_SECONDS, AWAY_SECONDS, Grant, seam_error
from pal_log.events import stable_id
from pal_rpc.errors import MeshError
from pal_rpc.status import never_sent

DEFAULT_PROFILE = "default"
# Why an answer ends the run, whatever the runtime would do with it.
_BAD_ENDS = {
    events.MODEL_STOP_REASON_LENGTH: (reasons.ERROR_REASON_MODEL_TRUNCATED, "ran out of tokens"),
    events.MODEL_STOP_REASON_REFUSED: (reasons.ERROR_REASON_MODEL_REFUSED, "declined to answer"),
    events.MODEL_STOP_REASON_FILTERED: (reasons.ERROR_REASON_MODEL_FILTERED, "answered, and its provider held it back"),
    events.MODEL_STOP_REASON_CANCELLED: (reasons.ERROR_REASON_MODEL_UNAVAILABLE, "was stopped before it had answered"),
}


class SeamModelPort:
    """Asks the LLM provider."""

    def __init__(
        self,
        stub: rpc.LLMProviderServiceStub,
        grant: Grant,
        agent: agents.AgentDefinition,
        tools: Sequence[llm.ModelTool],
        dialogue: Dialogue,
        outbox: Outbox,
        earlier: Sequence[llm.ModelMessage],
        stage_id: str = "",
    ) -> None:
        """Ask for *agent* under *grant*, with up to *tools* on offer, and tell *outbox* what comes of it.

        *earlier* is what was said in the conversation before this run, *stage_id* the stage of the plan that asks.
        """
        self._stub = stub
        self._grant = grant
        self._dialogue = dialogue
        self._outbox = outbox
        self._stage_id = stage_id
        self._earlier = list(earlier)
        self._profile = agent.model_needs.profile or DEFAULT_PROFILE
        self._answer_schema = agent.output.schema
        self._tools = {tool.name: tool for tool in tools}
        self._asked = 0
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, turns: Sequence[Turn], tools: Sequence[str]) -> llm.ModelAnswer:
        """Return the answer to *turns*, with *tools* on offer."""
        async with self._one_at_a_time:
            self._grant.check(self._stage_id)
            await self._grant.hold()
            try:
                with self._grant.call():
                    answer = await self._ask(turns, tools)
                self._dialogue.heard(answer)
                _check_end(answer)
            except MeshError as error:
                raise self._grant.end(error, self._stage_id) from None
            return answer

    async def _ask(self, turns: Sequence[Turn], tools: Sequence[str]) -> llm.ModelAnswer:
        request = self._request(turns, tools)
        run_id, epoch = self._grant.run_id, self._grant.lease.epoch
        message_id = stable_id(run_id, "message", request.request.call_id, str(epoch))
        answer = await self._stream(request, message_id)
        if text_of(answer.message.parts):
            said = events.MessageAdded(
                message_id=message_id,
                role=AGENT,
                parts=answer.message.parts,
                model_call_id=answer.call_id,
            )
            # Named by the answer: an attempt that is given it again adds nothing to the record.
            event_id = stable_id(run_id, "message.added", answer.call_id)
            event = events.RunEvent(
                event_id=event_id, type="message.added", stage_id=self._stage_id, message_added=said
            )
            # What is probably the last word waits for the result and is recorded together with it.
            await self._outbox.put([rt.RunFrame(event=event)], linger=not answer.message.tool_calls)
        return answer

    def _request(self, turns: Sequence[Turn], tools: Sequence[str]) -> llm.StreamCompleteRequest:
        # Counted, not random: a later attempt of the run asks for the same calls by the same names. Each stage counts
        # for itself, because those side by side ask in any order.
        self._asked += 1
        counted = f"model-{self._asked}"
        request = llm.ModelRequest(
            lease=self._grant.lease,
            call_id=f"{self._stage_id}.{counted}" if self._stage_id else counted,
            profile=self._profile,
            messages=self._messages(turns),
            # The order of the agent, whatever order the runtime keeps them in.
            tools=[tool for name, tool in self._tools.items() if name in tools],
            stage_id=self._stage_id,
        )
        if self._answer_schema.text:
            request.answer_schema.CopyFrom(self._answer_schema)
        return llm.StreamCompleteRequest(request=request)

    def _messages(self, turns: Sequence[Turn]) -> list[llm.ModelMessage]:
        # The conversation stands between the instructions and the input; no runtime has a say in it.
        messages = [self._dialogue.message(turn) for turn in turns]
        place = next((at for at, turn in enumerate(turns) if turn.role != PLATFORM), len(turns))
        return [*messages[:place], *self._earlier, *messages[place:]]

    async def _stream(self, request: llm.StreamCompleteRequest, message_id: str) -> llm.ModelAnswer:
        give_up_at = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                return await self._answer(request, message_id)
            except grpc.aio.AioRpcError as error:
                # Whoever has not seen the question can be asked again under its name.
                if not never_sent(error) or time.monotonic() > give_up_at:
                    raise seam_error(error, _unavailable(error.details() or error.code().name)) from None
            await asyncio.sleep(AWAY_PAUSE_SECONDS)
            self._grant.check(self._stage_id)

    async def _answer(self, request: llm.StreamCompleteRequest, message_id: str) -> llm.ModelAnswer:
        grant = self._grant
        call = self._stub.StreamComplete(request, timeout=grant.time_left(), metadata=grant.metadata)
        answer = None
        try:
            async for response in call:
                live = []
                for frame in response.frames:
                    match frame.WhichOneof("frame"):
                        case "text":
                            live.append(self._live(frame.text, message_id))
                        case "answer":
                            answer = frame.answer
                        case _:
                            pass
                if live:
                    # Text that comes with the answer waits for the message that is made of it.
                    await self._outbox.put(live, linger=answer is not None)
        finally:
            # Leaving the loop does not cancel the call.
            call.cancel()
        if answer is None:
            raise _unavailable("its stream ended without an answer")
        return answer

    def _live(self, chunk: llm.TextChunk, message_id: str) -> rt.RunFrame:
        live = shared.LiveOutput(
            run_id=self._grant.run_id,
            message_id=message_id,
            part_index=chunk.part_index,
            offset=chunk.offset,
            text=chunk.text,
        )
        return rt.RunFrame(live_output=live)


def _check_end(answer: llm.ModelAnswer) -> None:
    if bad := _BAD_ENDS.get(answer.stop_reason):
        reason, what = bad
        raise MeshError(reason, f"the model {what}", model=answer.model, provider=answer.provider)
    if not answer.message.tool_calls and not text_of(answer.message.parts).strip():
        raise MeshError(
            reasons.ERROR_REASON_OUTPUT_EMPTY,
            "the model answered with neither text nor a tool call",
            model=answer.model,
            provider=answer.provider,
        )


def _unavailable(detail: str) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_SEAM_UNAVAILABLE,
        f"the LLM provider cannot be reached: {detail}"[:1024],
        seam="llm_provider",
    )
