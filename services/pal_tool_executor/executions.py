"""A tool call from the lease to the durable end, in the order that the contract states."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.call_ids import first, fresh, newest
from pal_log.events import TOOL_EXECUTOR, EventWriter
from pal_log.payload import artifact_digest, content_text, json_payload, text_payload
from pal_policy.evaluate import decide
from pal_rpc.accounts import Accounts
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import MeshError, failure
from pal_rpc.lease import Lease, LeaseVerifier
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.refusals import approval_required, limit_reached
from pal_rpc.snapshot import RegistrySnapshot
from pal_rpc.spans import SpanWriter
from pal_tool_executor import failing, people
from pal_tool_executor.attempts import attempt
from pal_tool_executor.backends import Invocation, PersonBackend
from pal_tool_executor.bindings import Bindings
from pal_tool_executor.calls import (
    Call,
    arguments_digest,
    check_request,
    check_same,
    check_stage,
    granted,
    key,
    under,
)
from pal_tool_executor.contents import arguments_of, recorded, told
from pal_tool_executor.earlier import over, settled, uncertain
from pal_tool_executor.failing import CallFailed
from pal_tool_executor.ledgers import Known, RunAccount
from pal_tool_executor.people import Waits
from pal_tool_executor.permission import check, harmless, question
from pal_tool_executor.replay import Missing
from pal_tool_executor.spans import call_span

MAX_UNCLAIMED_ENDS = 1024


@dataclass(frozen=True, kw_only=True)
class Peers:
    """What the executor talks to."""

    verifier: LeaseVerifier
    snapshot: RegistrySnapshot
    appender: Appender
    recorder: RecorderClient
    artifacts: ArtifactClient
    spans: SpanWriter
    accounts: Accounts[RunAccount]


_Ended = tuple[Call, events.ToolCallFinished, common.Payload]


class Executions:
    """Carries out tool calls for runs."""

    def __init__(self, peers: Peers, bindings: Bindings) -> None:
        """Call what *bindings* name."""
        self._peers = peers
        self._bindings = bindings
        # Not a TaskGroup: a call may outlive whoever asked, and one that fails must not end the others.
        self._carrying: set[asyncio.Task[pb.ExecuteToolResponse]] = set()
        self._writer = EventWriter(TOOL_EXECUTOR)
        self._going: dict[tuple[str, str], Call] = {}
        # Ends that came after a newer attempt had begun, and before it asked.
        self._ended: OrderedDict[tuple[str, str], _Ended] = OrderedDict()

    async def execute(self, request: pb.ExecuteToolRequest) -> pb.ExecuteToolResponse:
        """Return the end of a call, once it is durable.

        Raises:
            MeshError: the lease does not hold, the tool was not granted, or a ceiling of the run is reached.
        """
        lease = self._peers.verifier.verify(request.lease)
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
                return await asyncio.shield(before.carrying)
            if over(before):
                return await self._recorded(before)
            if ended := self._ended.pop((lease.run_id, before.call_id), None):
                return await self._ended_before(ended, lease, account)
        known = before
        if known is None or known.finished is not None:
            call_id = fresh(request.call_id, account.calls)
            known = account.calls[call_id] = Known(asked, call_id, lease.epoch, asked_at=time.time())
        known.carrying = asyncio.create_task(self._begin(lease, account, known, before, ref, terms, request))
        self._carrying.add(known.carrying)
        known.carrying.add_done_callback(self._carried)
        try:
            return await asyncio.shield(known.carrying)
        except asyncio.CancelledError:
            self._left(known)
            raise

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

    async def _recorded(self, known: Known) -> pb.ExecuteToolResponse:
        assert known.finished is not None
        result = await self._inline(known.finished.result)
        return pb.ExecuteToolResponse(finished=known.finished, seq=known.seq, result=result)

    async def _inline(self, result: common.Payload) -> common.Payload:
        kept = artifact_digest(result)
        if not kept:
            return result
        text = (await self._peers.artifacts.get(kept)).decode()
        inline = text_payload(text) if result.media_type.startswith("text/") else json_payload(text)
        inline.masked_paths.extend(result.masked_paths)
        return inline

    async def _taken_over(self, going: Call, lease: Lease, account: RunAccount, asked: str) -> pb.ExecuteToolResponse:
        check_same(lease, going.known, asked)
        if lease.epoch > going.lease.epoch:
            # The attempt that asked is lost; its call is not, and its end belongs to the one that goes on.
            going.lease = lease
            account.calls[going.known.call_id] = going.known
        assert going.known.carrying is not None
        return await asyncio.shield(going.known.carrying)

    async def _ended_before(self, ended: _Ended, lease: Lease, account: RunAccount) -> pb.ExecuteToolResponse:
        call, finished, told = ended
        call.lease = lease
        account.calls[call.known.call_id] = call.known
        return await self._close(call, [], finished, told)

    def _left(self, known: Known) -> None:
        # A WRITE that is on its way is not taken back: its end is worth knowing.
        effectless = known.requested is None or known.requested.effect_class in _EFFECTLESS
        if known.carrying is not None and (effectless or not known.dispatched):
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
            return await self._carried_out(call)
        finally:
            del self._going[place]
            # What is kept for repeats is the recorded end; the result itself may be large.
            known.carrying = None

    async def _carried_out(self, call: Call) -> pb.ExecuteToolResponse:
        batch: list[events.RunEvent] = []
        if call.known.requested is None:
            call.known.requested = await self._requested(call)
            batch.append(self._event(call, tool_call_requested=call.known.requested))
        try:
            if call.lease.mode == common.EXECUTION_MODE_REPLAY:
                return await self._repeated(call, batch, call.known.requested)
            text, attempts = await self._result(call, batch)
        except Waits as waits:
            return await self._waiting(call, batch, waits)
        except CallFailed as error:
            return await self._failed(call, batch, error)
        except asyncio.CancelledError:
            self._submit_cancelled(call, batch)
            raise
        finished = events.ToolCallFinished(
            call_id=call.known.call_id,
            outcome=events.TOOL_CALL_OUTCOME_SUCCEEDED,
            disposition=events.CALL_DISPOSITION_EXECUTED,
            result=await self._peers.artifacts.externalise(recorded(text, call.tool.spec.data.mask_output)),
            attempts=attempts,
        )
        return await self._close(call, batch, finished, told(text, call.tool.spec.data.mask_output))

    async def _repeated(
        self, call: Call, batch: list[events.RunEvent], asked: events.ToolCallRequested
    ) -> pb.ExecuteToolResponse:
        try:
            found = await call.account.repeated(asked, call.lease.grant.accepted.source_run_id, self._peers.recorder)
        except Missing as missing:
            error = missing.error(call.lease.run_id)
            closed = events.ToolCallFinished(
                call_id=call.known.call_id,
                outcome=events.TOOL_CALL_OUTCOME_CANCELLED,
                disposition=events.CALL_DISPOSITION_SUPPRESSED,
                failure=failure(error),
            )
            await self._close(call, [*batch, self._event(call, replay_diverged=missing.fact)], closed, text_payload(""))
            raise error from None
        for _ in range(found.finished.attempts):
            self._count(call, batch)
        if found.finished.failure.reason == "LIMIT_REACHED" and call.account.ledger.before_tool_call():
            # The ceiling that ended the run then ends it now.
            self._count(call, batch)
        place = events.RecordedResult(run_id=found.run_id, seq=found.seq)
        served = events.ToolCallDispatched(
            call_id=call.known.call_id,
            attempt=1,
            disposition=events.CALL_DISPOSITION_REPLAYED,
            recorded_result=place,
        )
        finished = events.ToolCallFinished()
        finished.CopyFrom(found.finished)
        finished.call_id, finished.disposition = call.known.call_id, events.CALL_DISPOSITION_REPLAYED
        result = await self._inline(finished.result)
        return await self._close(call, [*batch, self._event(call, tool_call_dispatched=served)], finished, result)

    async def _result(self, call: Call, batch: list[events.RunEvent]) -> tuple[str, int]:
        invocation = Invocation(
            tool=call.name,
            arguments=arguments_of(call.name, call.tool.spec, call.text),
            text=call.text,
            key=key(call.lease.run_id, first(call.known.call_id)),
        )
        if call.before is None or not call.before.dispatched:
            invocation = await self._permit(call, invocation, batch)
        else:
            if uncertain(call.before, call.tool):
                text = await self._settled(call, invocation)
                if text is not None:
                    return text, call.before.dispatched
            self._count(call, batch)
        backend = self._bindings.get(call.name)
        if backend is None:
            raise failing.not_bound(call.name)
        if isinstance(backend, PersonBackend):
            waits = people.question(call.lease, call.known.call_id, call.tool, invocation)
            return people.said(people.agreed(self._may_wait(call, waits), call.account, invocation)), 1
        offset = call.known.dispatched
        batch.append(self._dispatched(call, offset + 1))
        await self._record(call, batch)
        batch.clear()
        call.known.dispatched += 1
        text, attempts = await attempt(
            call.lease, call.tool, backend, invocation, lambda number: self._again(call, offset + number)
        )
        return text, offset + attempts

    async def _settled(self, call: Call, invocation: Invocation) -> str | None:
        assert call.before is not None
        try:
            return await settled(call.lease, call.account, call.before.call_id, call.tool, self._bindings, invocation)
        except Waits as waits:
            if not call.request.may_wait:
                raise failing.undecidable(call.name, call.before.call_id) from None
            raise waits from None

    async def _permit(self, call: Call, invocation: Invocation, batch: list[events.RunEvent]) -> Invocation:
        kind = registry.DOCUMENT_KIND_POLICY
        refs = call.lease.grant.accepted.policies
        bound = [(ref, (await self._peers.snapshot.pinned(kind, ref)).policy) for ref in refs]
        decision = decide(question(call.lease, call.tool, invocation.arguments, call.account), bound)
        if decision is not None and call.before is None:
            decided = events.PolicyDecided(decision=decision, tool_call_id=call.known.call_id)
            batch.append(self._event(call, policy_decided=decided))
        needs = check(call.lease, call.tool, call.terms, decision, call.account)
        if needs is not None:
            waits = people.approval(call.lease, call.known.call_id, call.tool, invocation, needs.message)
            if not (call.request.may_wait and call.lease.mode == common.EXECUTION_MODE_LIVE):
                raise failing.denied(call.name, needs)
            answer = people.agreed(waits, call.account, invocation)
            invocation = people.amended(answer, invocation)
            arguments_of(call.name, call.tool.spec, invocation.text)
        self._count(call, batch)
        return invocation

    def _may_wait(self, call: Call, waits: Waits) -> Waits:
        if not (call.request.may_wait and call.lease.mode == common.EXECUTION_MODE_LIVE):
            raise failing.denied(call.name, approval_required("tool.call", f"calling {call.name}", "it asks a person"))
        return waits

    async def _waiting(self, call: Call, batch: list[events.RunEvent], waits: Waits) -> pb.ExecuteToolResponse:
        if batch:
            await self._record(call, batch)
        return pb.ExecuteToolResponse(waits_for=waits.request)

    def _count(self, call: Call, batch: list[events.RunEvent]) -> None:
        reached = call.account.ledger.before_tool_call()
        if reached is None:
            call.account.ledger.count_tool_call()
            return
        if not call.account.limit_recorded:
            call.account.limit_recorded = True
            batch.append(self._event(call, run_limit_reached=reached))
        raise _RunLimit(limit_reached(reached), call.name)

    async def _again(self, call: Call, number: int) -> None:
        batch: list[events.RunEvent] = []
        try:
            self._count(call, batch)
        finally:
            if batch:
                await self._record(call, batch)
        await self._record(call, [self._dispatched(call, number)])

    async def _failed(self, call: Call, batch: list[events.RunEvent], error: CallFailed) -> pb.ExecuteToolResponse:
        acted = bool(call.known.dispatched)
        finished = events.ToolCallFinished(
            call_id=call.known.call_id,
            outcome=error.outcome,
            disposition=events.CALL_DISPOSITION_EXECUTED if acted else events.CALL_DISPOSITION_SUPPRESSED,
            result=text_payload(error.told),
            failure=error.recorded,
            attempts=error.attempts if acted else 0,
        )
        response = await self._close(call, batch, finished, text_payload(error.told))
        if isinstance(error, _RunLimit):
            raise error.error
        return response

    async def _close(
        self, call: Call, before: list[events.RunEvent], finished: events.ToolCallFinished, told: common.Payload
    ) -> pb.ExecuteToolResponse:
        closing = [*before, self._event(call, tool_call_finished=finished)]
        try:
            # Shielded: whoever leaves now must not keep the end out of the record.
            seqs = await asyncio.shield(self._record(call, closing))
        except MeshError as error:
            if error.reason == reasons.ERROR_REASON_STALE_EPOCH:
                self._ended[call.lease.run_id, call.known.call_id] = (call, finished, told)
                if len(self._ended) > MAX_UNCLAIMED_ENDS:
                    self._ended.popitem(last=False)
            raise
        call.known.finished, call.known.seq = finished, seqs[-1]
        self._peers.spans.add(call_span(call.lease, call.name, finished, call.began))
        return pb.ExecuteToolResponse(finished=finished, seq=seqs[-1], result=told)

    def _submit_cancelled(self, call: Call, batch: list[events.RunEvent]) -> None:
        error = failing.cancelled(call.name)
        if call.known.dispatched and not harmless(call.tool):
            error.outcome = failing.UNKNOWN
        finished = events.ToolCallFinished(
            call_id=call.known.call_id, outcome=error.outcome, failure=error.recorded, attempts=1
        )
        call.known.finished = finished
        event = self._event(call, tool_call_finished=finished)
        self._peers.appender.submit(call.lease.run_id, [*batch[:1], event])
        self._peers.spans.add(call_span(call.lease, call.name, finished, call.began))

    async def _requested(self, call: Call) -> events.ToolCallRequested:
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

    def _dispatched(self, call: Call, number: int) -> events.RunEvent:
        dispatched = events.ToolCallDispatched(
            call_id=call.known.call_id, attempt=number, disposition=events.CALL_DISPOSITION_EXECUTED
        )
        return self._event(call, tool_call_dispatched=dispatched)

    async def _record(self, call: Call, batch: list[events.RunEvent]) -> list[int]:
        """Record *batch*, for the later attempt if one takes the call over while the recorder is away."""
        while True:
            lease = call.lease
            try:
                return await self._peers.appender.append(lease.run_id, [under(lease, fact) for fact in batch])
            except MeshError as error:
                if error.reason != reasons.ERROR_REASON_STALE_EPOCH or call.lease.epoch <= lease.epoch:
                    raise

    def _event(self, call: Call, **body: Any) -> events.RunEvent:
        lease = call.lease
        return self._writer.event(
            lease.run_id,
            lease.mode,
            lease.epoch,
            traceparent=lease.grant.traceparent,
            stage_id=call.request.stage_id,
            **body,
        )


_EFFECTLESS = frozenset({tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ})


class _RunLimit(CallFailed):
    """A ceiling of the whole run: the call ends, and the run with it."""

    def __init__(self, error: MeshError, tool: str) -> None:
        super().__init__(error, failing.denied(tool, error).told, outcome=failing.DENIED)
