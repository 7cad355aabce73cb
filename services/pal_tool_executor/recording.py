"""Tool calls in the record: opened once, closed once, measured."""

from __future__ import annotations

import asyncio
import functools
from collections import OrderedDict
from typing import Any

from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.call_ids import first, fresh
from pal_log.events import TOOL_EXECUTOR, EventWriter
from pal_log.payload import artifact_digest, content_text, json_payload, text_payload
from pal_rpc import kill_points
from pal_rpc.errors import MeshError, failure
from pal_rpc.lease import Lease, ModeForged
from pal_tool_executor import failing
from pal_tool_executor.calls import Call, arguments_digest, key, under
from pal_tool_executor.contents import recorded
from pal_tool_executor.drilling import Write, drilled
from pal_tool_executor.effects import ACTING, harmless
from pal_tool_executor.ledgers import Known, RunAccount
from pal_tool_executor.peers import Peers
from pal_tool_executor.spans import call_span

MAX_UNCLAIMED_ENDS = 1024
LIVE = common.EXECUTION_MODE_LIVE
_Ended = tuple[Call, events.ToolCallFinished, common.Payload]


class Recording:
    """Writes what becomes of calls."""

    def __init__(self, peers: Peers) -> None:
        """Write through *peers*."""
        self._peers = peers
        self._writer = EventWriter(TOOL_EXECUTOR)
        # Ends that came after a newer attempt had begun, and before it asked.
        self._ended: OrderedDict[tuple[str, str], _Ended] = OrderedDict()

    def event(self, call: Call, **body: Any) -> events.RunEvent:
        """Return an event about *call*."""
        return self._event(call.lease, call.request.stage_id, **body)

    async def append(self, call: Call, batch: list[events.RunEvent]) -> list[int]:
        """Record *batch*, for the later attempt if one takes the call over while the recorder is away."""
        return await self._stated(call, batch, self._peers.appender.append)

    async def requested(self, call: Call) -> events.ToolCallRequested:
        """Return the fact that *call* is asked for."""
        masked = recorded(call.text, call.tool.spec.data.mask_input)
        return events.ToolCallRequested(
            call_id=call.known.call_id,
            tool=call.ref,
            arguments=await self._peers.artifacts.externalise(masked),
            arguments_digest=call.known.digest,
            idempotency_key=key(call.lease.run_id, first(call.known.call_id)),
            effect_class=call.tool.spec.effect.effect_class,
            model_call_id=call.request.model_call_id,
        )

    def dispatched(
        self,
        call: Call,
        number: int,
        disposition: events.CallDisposition = events.CALL_DISPOSITION_EXECUTED,
        place: events.RecordedResult | None = None,
    ) -> events.RunEvent:
        """Return the fact that attempt *number* of *call* is about to be made, or answered from *place*."""
        dispatched = events.ToolCallDispatched(
            call_id=call.known.call_id, attempt=number, disposition=disposition, recorded_result=place
        )
        return self.event(call, tool_call_dispatched=dispatched)

    async def close(
        self, call: Call, before: list[events.RunEvent], finished: events.ToolCallFinished, told: common.Payload
    ) -> pb.ExecuteToolResponse:
        """Return the end of *call* once it is durable, after what came *before* it.

        Raises:
            MeshError: the recorder refused it.
        """
        kill_points.reached("result.before")
        closing = [*before, self.event(call, tool_call_finished=finished)]
        call.known.closing = True
        write: Write = self._submit
        try:
            if call.lease.mode == common.EXECUTION_MODE_DRILL:
                write = await drilled(write, call, self._peers.faults, functools.partial(self.receipt, call))
            seqs = await self._stated(call, closing, write)
        except MeshError as error:
            call.known.closing = False
            if error.reason == reasons.ERROR_REASON_STALE_EPOCH:
                self._ended[call.lease.run_id, call.known.call_id] = (call, finished, told)
                if len(self._ended) > MAX_UNCLAIMED_ENDS:
                    self._ended.popitem(last=False)
            raise
        call.known.finished, call.known.seq = finished, seqs[-1]
        self._peers.spans.add(call_span(call.lease, call.name, finished, call.began))
        return pb.ExecuteToolResponse(finished=finished, seq=seqs[-1], result=told)

    async def receipt(self, call: Call, injected: events.FaultInjected) -> None:
        """Record that *call* meets a fault, and return once that is durable."""
        await self.append(call, [self.event(call, fault_injected=injected)])

    async def receipt_under(self, lease: Lease, stage_id: str, injected: events.FaultInjected) -> None:
        """Record that a call meets a fault before it is known, and return once that is durable."""
        await self._peers.appender.append(lease.run_id, [self._event(lease, stage_id, fault_injected=injected)])

    async def close_ended(self, lease: Lease, call_id: str, account: RunAccount) -> pb.ExecuteToolResponse | None:
        """Return the end of a call that ended for an attempt that was lost by then; None when there is none."""
        ended = self._ended.pop((lease.run_id, call_id), None)
        if ended is None:
            return None
        call, finished, told = ended
        call.lease = lease
        account.calls[call.known.call_id] = call.known
        return await self.close(call, [], finished, told)

    async def _submit(self, run_id: str, batch: list[events.RunEvent]) -> list[int]:
        # Shielded: whoever leaves now must not keep the end out of the record.
        return await asyncio.shield(self._peers.appender.submit(run_id, batch))

    async def _stated(self, call: Call, batch: list[events.RunEvent], write: Write) -> list[int]:
        while True:
            lease = call.lease
            try:
                return await write(lease.run_id, [under(lease, fact) for fact in batch])
            except MeshError as error:
                # In the task of the call, where nothing comes between this look and what the caller does about it.
                if error.reason != reasons.ERROR_REASON_STALE_EPOCH or call.lease.epoch <= lease.epoch:
                    raise

    def submit_cancelled(self, call: Call, batch: list[events.RunEvent]) -> None:
        """Have it recorded, without waiting, that *call* was stopped because whoever asked has left."""
        error = failing.cancelled(call.name)
        if call.known.dispatched and not harmless(call.tool) and call.lease.mode in ACTING:
            error.outcome = failing.UNKNOWN
        finished = events.ToolCallFinished(
            call_id=call.known.call_id, outcome=error.outcome, failure=error.recorded, attempts=1
        )
        call.known.finished = finished
        event = self.event(call, tool_call_finished=finished)
        self._peers.appender.submit(call.lease.run_id, [*batch[:1], event])
        self._peers.spans.add(call_span(call.lease, call.name, finished, call.began))

    async def forged(self, error: ModeForged, request: pb.ExecuteToolRequest) -> None:
        """Record that a call was refused because its lease states another mode than its token."""
        account = await self._peers.accounts.of(error.lease)
        digest = arguments_digest(content_text(request.arguments))
        call_id = fresh(request.call_id or "unnamed", account.calls)
        known = account.calls[call_id] = Known(digest, call_id, error.lease.epoch)
        known.requested = events.ToolCallRequested(call_id=call_id, tool=request.tool, arguments_digest=digest)
        known.finished = events.ToolCallFinished(
            call_id=call_id,
            outcome=events.TOOL_CALL_OUTCOME_DENIED,
            disposition=events.CALL_DISPOSITION_SUPPRESSED,
            result=text_payload("The call was refused. Nothing was done."),
            failure=failure(error),
        )
        facts = [
            self._event(error.lease, request.stage_id, tool_call_requested=known.requested),
            self._event(error.lease, request.stage_id, tool_call_finished=known.finished),
        ]
        known.seq = (await self._peers.appender.append(error.lease.run_id, facts))[-1]

    async def again(self, known: Known) -> pb.ExecuteToolResponse:
        """Return the recorded end of a call."""
        assert known.finished is not None
        result = await self.inline(known.finished.result)
        return pb.ExecuteToolResponse(finished=known.finished, seq=known.seq, result=result)

    async def inline(self, result: common.Payload) -> common.Payload:
        """Return *result* with its content in it."""
        kept = artifact_digest(result)
        if not kept:
            return result
        text = (await self._peers.artifacts.get(kept)).decode()
        inline = text_payload(text) if result.media_type.startswith("text/") else json_payload(text)
        inline.masked_paths.extend(result.masked_paths)
        return inline

    async def kept(self, result: common.Payload) -> common.Payload:
        """Return *result* as it goes into the record: what is large goes beside it."""
        return await self._peers.artifacts.externalise(result)

    def _event(self, lease: Lease, stage_id: str, **body: Any) -> events.RunEvent:
        return self._writer.event(
            lease.run_id, lease.mode, lease.epoch, traceparent=lease.grant.traceparent, stage_id=stage_id, **body
        )
