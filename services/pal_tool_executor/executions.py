"""Tool calls by their leases: who may ask, which calls are the same, and what becomes of whoever leaves."""

from __future__ import annotations

import asyncio
import functools
import time
from contextlib import suppress

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_log.call_ids import fresh, newest
from pal_log.payload import content_text
from pal_rpc.errors import MeshError
from pal_rpc.faults import DRILL
from pal_rpc.lease import Lease, ModeForged, check_time
from pal_tool_executor.bindings import Bindings
from pal_tool_executor.calls import Call, arguments_digest, check_request, check_same, check_stage, granted
from pal_tool_executor.carrying import Carrying
from pal_tool_executor.earlier import over
from pal_tool_executor.effects import EFFECTLESS
from pal_tool_executor.ledgers import Known, RunAccount
from pal_tool_executor.peers import Peers
from pal_tool_executor.recording import Recording


class Executions:
    """Carries out tool calls for runs."""

    def __init__(self, peers: Peers, bindings: Bindings) -> None:
        """Call what *bindings* name."""
        self._peers = peers
        self._recording = Recording(peers)
        self._calls = Carrying(peers, bindings, self._recording)
        # Not a TaskGroup: a call may outlive whoever asked, and one that fails must not end the others.
        self._carrying: set[asyncio.Task[pb.ExecuteToolResponse]] = set()
        self._going: dict[tuple[str, str], Call] = {}

    async def execute(self, request: pb.ExecuteToolRequest) -> pb.ExecuteToolResponse:
        """Return the end of a call, once it is durable.

        Raises:
            MeshError: the lease does not hold, the tool was not granted, or a ceiling of the run is reached.
        """
        lease = await self._verified(request)
        check_request(request)
        account = await self._peers.accounts.of(lease)
        ref, terms = granted(lease, request.tool)
        if request.stage_id:
            document = await self._peers.snapshot.pinned(registry.DOCUMENT_KIND_AGENT, lease.agent)
            check_stage(document.agent, request)
        asked = arguments_digest(content_text(request.arguments))
        if going := self._going.get((lease.run_id, request.call_id)):
            return await self._taken_over(going, lease, account, asked)
        before = newest(request.call_id, account.calls)
        if before is not None:
            check_same(lease, before, asked)
            if before.carrying is not None:
                return await self._end(before)
            if over(before):
                return await self._recording.again(before)
            if (ended := await self._recording.close_ended(lease, before.call_id, account)) is not None:
                return ended
        known = before
        if known is None or known.finished is not None:
            call_id = fresh(request.call_id, account.calls)
            known = account.calls[call_id] = Known(asked, call_id, lease.epoch, asked_at=time.time())
        known.carrying = asyncio.create_task(self._begin(lease, account, known, before, ref, terms, request))
        self._carrying.add(known.carrying)
        known.carrying.add_done_callback(self._carried)
        return await self._end(known)

    async def drain(self, seconds: float) -> None:
        """Let the calls that are going end by themselves for some *seconds*, then stop the rest."""
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=seconds)
        for carrying in list(self._carrying):
            carrying.cancel()
            await asyncio.wait([carrying])

    def _carried(self, carrying: asyncio.Task[pb.ExecuteToolResponse]) -> None:
        self._carrying.discard(carrying)
        if not carrying.cancelled():
            # Whoever asked may have left; an exception that nobody takes is no news.
            carrying.exception()

    async def look_up(self, request: pb.GetToolCallRequest) -> pb.GetToolCallResponse:
        """Return what is recorded of a call.

        Raises:
            MeshError: RUN_NOT_FOUND or TOOL_CALL_NOT_FOUND.
        """
        response = pb.GetToolCallResponse()
        asked_at = 0.0
        async for event in self._peers.recorder.log(request.run_id):
            body = event.WhichOneof("body")
            if body == "tool_call_requested" and event.tool_call_requested.call_id == request.call_id:
                response.requested.CopyFrom(event.tool_call_requested)
                asked_at = event.recorded_at.ToNanoseconds() / 1e9
            elif body == "tool_call_finished" and event.tool_call_finished.call_id == request.call_id:
                response.finished.CopyFrom(event.tool_call_finished)
        if not asked_at:
            raise MeshError(
                reasons.ERROR_REASON_TOOL_CALL_NOT_FOUND,
                f"run {request.run_id} has no tool call {request.call_id}",
                run_id=request.run_id,
                call_id=request.call_id,
            )
        if not response.HasField("finished"):
            response.open_for.FromMilliseconds(max(int((time.time() - asked_at) * 1000), 0))
        return response

    async def _verified(self, request: pb.ExecuteToolRequest) -> Lease:
        try:
            lease = self._peers.verifier.proven(request.lease)
        except ModeForged as forged:
            with suppress(MeshError):
                await self._recording.forged(forged, request)
            raise
        if lease.mode == DRILL:
            receipt = functools.partial(self._recording.receipt_under, lease, request.stage_id)
            await self._peers.faults.skew(lease.run_id, lease.grant, request.call_id, receipt)
        check_time(lease)
        return lease

    async def _taken_over(self, going: Call, lease: Lease, account: RunAccount, asked: str) -> pb.ExecuteToolResponse:
        check_same(lease, going.known, asked)
        if lease.epoch > going.lease.epoch:
            # The attempt that asked is lost; its call is not, and its end belongs to the one that goes on.
            going.lease = lease
            account.calls[going.known.call_id] = going.known
        return await self._end(going.known)

    async def _end(self, known: Known) -> pb.ExecuteToolResponse:
        """Return the end of a call that is carried out; it is stopped once nobody waits for it any more."""
        assert known.carrying is not None
        known.waiting += 1
        try:
            return await asyncio.shield(known.carrying)
        finally:
            known.waiting -= 1
            if not known.waiting:
                self._left(known)

    def _left(self, known: Known) -> None:
        # A WRITE that is on its way is not taken back: its end is worth knowing.
        effectless = known.requested is None or known.requested.effect_class in EFFECTLESS
        if known.carrying is not None and not known.closing and (effectless or not known.dispatched):
            known.carrying.cancel()

    async def _begin(
        self,
        lease: Lease,
        account: RunAccount,
        known: Known,
        before: Known | None,
        ref: common.SpecRef,
        terms: shared.ToolGrantTerms,
        request: pb.ExecuteToolRequest,
    ) -> pb.ExecuteToolResponse:
        document = await self._peers.snapshot.pinned(registry.DOCUMENT_KIND_TOOL, ref)
        if before is None:
            account.by_tool[ref.name] += 1
        call = Call(
            lease=lease,
            account=account,
            known=known,
            before=before,
            tool=document.tool,
            ref=ref,
            terms=terms,
            request=request,
            began=time.time(),
        )
        place = (lease.run_id, request.call_id)
        self._going[place] = call
        try:
            return await self._calls.carry_out(call)
        finally:
            del self._going[place]
            # What is kept for repeats is the recorded end; the result itself may be large.
            known.carrying = None
