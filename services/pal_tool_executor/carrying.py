"""One admitted call: from the durable request to the durable end, in the order that the contract states."""

from __future__ import annotations

import asyncio
import functools

from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.call_ids import first
from pal_log.payload import text_payload
from pal_rpc import kill_points
from pal_rpc.refusals import approval_required
from pal_tool_executor import failing, people
from pal_tool_executor.attempts import attempt
from pal_tool_executor.backends import Invocation, PersonBackend
from pal_tool_executor.bindings import Bindings
from pal_tool_executor.calls import Call, key
from pal_tool_executor.contents import arguments_of, recorded, told
from pal_tool_executor.counting import Counting, RunLimit
from pal_tool_executor.drilling import DrilledBackend
from pal_tool_executor.earlier import settled, uncertain
from pal_tool_executor.effects import drillable, harmless
from pal_tool_executor.failing import CallFailed
from pal_tool_executor.peers import Peers
from pal_tool_executor.people import Waits
from pal_tool_executor.permission import Permission
from pal_tool_executor.quotas import ToolQuotas
from pal_tool_executor.recording import LIVE, Recording
from pal_tool_executor.replaying import Replaying
from pal_tool_executor.shadowing import Shadowing

_EXECUTED = events.CALL_DISPOSITION_EXECUTED


class Carrying:
    """Carries out calls that were admitted."""

    def __init__(self, peers: Peers, bindings: Bindings, recording: Recording) -> None:
        """Call what *bindings* name and write to *recording*."""
        self._bindings = bindings
        self._faults = peers.faults
        self._recording = recording
        self._counting = Counting(recording)
        self._quotas = ToolQuotas(peers.book, peers.quotas, recording)
        self._permission = Permission(peers.snapshot, recording)
        self._replaying = Replaying(peers, recording, self._counting)
        self._shadowing = Shadowing(peers, bindings, recording, self._counting, self._permission, self._replaying)

    async def carry_out(self, call: Call) -> pb.ExecuteToolResponse:
        """Return the end of *call*, or what it waits for, once it is durable.

        Raises:
            MeshError: the run may not go on, or the recorder refused something.
        """
        batch: list[events.RunEvent] = []
        if call.known.requested is None:
            call.known.requested = await self._recording.requested(call)
            batch.append(self._recording.event(call, tool_call_requested=call.known.requested))
        try:
            return await self._answered(call, batch, call.known.requested)
        except Waits as waits:
            return await self._waiting(call, batch, waits)
        except CallFailed as error:
            return await self._failed(call, batch, error)
        except asyncio.CancelledError:
            if not call.known.closing:
                self._recording.submit_cancelled(call, batch)
            raise

    async def _answered(
        self, call: Call, batch: list[events.RunEvent], asked: events.ToolCallRequested
    ) -> pb.ExecuteToolResponse:
        if call.lease.mode == common.EXECUTION_MODE_REPLAY:
            return await self._replaying.answered(call, batch, asked)
        if call.lease.mode == common.EXECUTION_MODE_SHADOW:
            answered = await self._shadowing.answered(call, batch, asked)
            if answered is not None:
                return answered
            text, attempts = await self._made(call, batch, self._invocation(call))
        else:
            text, attempts = await self._result(call, batch)
        finished = events.ToolCallFinished(
            call_id=call.known.call_id,
            outcome=events.TOOL_CALL_OUTCOME_SUCCEEDED,
            disposition=_EXECUTED,
            result=await self._recording.kept(recorded(text, call.tool.spec.data.mask_output)),
            attempts=attempts,
        )
        return await self._recording.close(call, batch, finished, told(text, call.tool.spec.data.mask_output))

    async def _result(self, call: Call, batch: list[events.RunEvent]) -> tuple[str, int]:
        invocation = self._invocation(call)
        if call.before is None or not call.before.dispatched:
            invocation = await self._permit(call, invocation, batch)
        else:
            if uncertain(call.before, call.tool):
                text = await self._settled(call, invocation)
                if text is not None:
                    return text, call.before.dispatched
            self._counting.count(call, batch)
        return await self._made(call, batch, invocation)

    async def _made(self, call: Call, batch: list[events.RunEvent], invocation: Invocation) -> tuple[str, int]:
        if call.lease.mode == common.EXECUTION_MODE_SHADOW and not harmless(call.tool):
            # Nothing leads here; if something ever does, it goes no further.
            raise failing.suppressed(call.name, "shadow")
        if call.lease.mode == common.EXECUTION_MODE_DRILL and not drillable(call.tool):
            # The same.
            raise failing.irreversible(call.name)
        backend = self._bindings.get(call.name)
        if backend is None:
            raise failing.not_bound(call.name)
        if isinstance(backend, PersonBackend):
            waits = people.question(call.lease, call.known.call_id, call.tool, invocation)
            return people.said(people.agreed(self._may_wait(call, waits), call.account, invocation)), 1
        offset = call.known.dispatched
        await self._quotas.count(call, offset + 1, batch)
        batch.append(self._recording.dispatched(call, offset + 1))
        kill_points.reached("dispatch.before")
        await self._recording.append(call, batch)
        kill_points.reached("dispatch.after")
        batch.clear()
        call.known.dispatched += 1
        if call.lease.mode == common.EXECUTION_MODE_DRILL:
            backend = DrilledBackend(backend, call, self._faults, functools.partial(self._recording.receipt, call))
        text, attempts = await attempt(
            call.lease,
            call.tool,
            backend,
            invocation,
            lambda number: self._again(call, offset + number),
        )
        return text, offset + attempts

    async def _again(self, call: Call, number: int) -> None:
        batch: list[events.RunEvent] = []
        try:
            await self._quotas.count(call, number, batch)
        finally:
            if batch:
                await self._recording.append(call, batch)
        await self._counting.again(call, number, _EXECUTED)

    def _invocation(self, call: Call) -> Invocation:
        return Invocation(
            tool=call.name,
            arguments=arguments_of(call.name, call.tool.spec, call.text),
            text=call.text,
            key=key(call.lease.run_id, first(call.known.call_id)),
        )

    async def _settled(self, call: Call, invocation: Invocation) -> str | None:
        assert call.before is not None
        try:
            return await settled(call.lease, call.account, call.before.call_id, call.tool, self._bindings, invocation)
        except Waits as waits:
            if not call.request.may_wait:
                raise failing.undecidable(call.name, call.before.call_id) from None
            raise waits from None

    async def _permit(self, call: Call, invocation: Invocation, batch: list[events.RunEvent]) -> Invocation:
        needs = await self._permission.needed(call, batch, invocation)
        if needs is not None:
            waits = people.approval(call.lease, call.known.call_id, call.tool, invocation, needs.message)
            if not (call.request.may_wait and call.lease.mode == LIVE):
                raise failing.denied(call.name, needs)
            answer = people.agreed(waits, call.account, invocation)
            invocation = people.amended(answer, invocation)
            arguments_of(call.name, call.tool.spec, invocation.text)
        self._counting.count(call, batch)
        return invocation

    def _may_wait(self, call: Call, waits: Waits) -> Waits:
        if not (call.request.may_wait and call.lease.mode == LIVE):
            raise failing.denied(call.name, approval_required("tool.call", f"calling {call.name}", "it asks a person"))
        return waits

    async def _waiting(self, call: Call, batch: list[events.RunEvent], waits: Waits) -> pb.ExecuteToolResponse:
        if batch:
            await self._recording.append(call, batch)
        return pb.ExecuteToolResponse(waits_for=waits.request)

    async def _failed(self, call: Call, batch: list[events.RunEvent], error: CallFailed) -> pb.ExecuteToolResponse:
        acted = bool(call.known.dispatched)
        finished = events.ToolCallFinished(
            call_id=call.known.call_id,
            outcome=error.outcome,
            disposition=_EXECUTED if acted else events.CALL_DISPOSITION_SUPPRESSED,
            result=text_payload(error.told),
            failure=error.recorded,
            attempts=error.attempts if acted else 0,
        )
        response = await self._recording.close(call, batch, finished, text_payload(error.told))
        if isinstance(error, RunLimit):
            raise error.error
        return response
