"""Calls of a shadow run: answered without the world, or as the ToolSpec allows, or the run ends at its horizon.

| PURE | made |
| READ | what the run that is shadowed was given, else made where its ToolSpec allows that, else the horizon |
| WRITE | what the run that is shadowed was given for the same effect, else the dry run, else the horizon |

Whatever a live run would ask a person is recorded as intended and answered as the person answered then; nobody is
asked. A call that needs an answer which nobody gave ends at the horizon.
"""

from __future__ import annotations

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.payload import text_payload
from pal_rpc.errors import MeshError, failure
from pal_tool_executor import people
from pal_tool_executor.attempts import attempt
from pal_tool_executor.backends import Backend, Invocation, PersonBackend
from pal_tool_executor.bindings import Bindings
from pal_tool_executor.calls import Call, key
from pal_tool_executor.contents import arguments_of, check_result, recorded, told
from pal_tool_executor.counting import Counting
from pal_tool_executor.effects import harmless
from pal_tool_executor.failing import CallFailed
from pal_tool_executor.peers import Peers
from pal_tool_executor.permission import Permission
from pal_tool_executor.recording import Recording
from pal_tool_executor.replay import Recorded
from pal_tool_executor.replaying import Replaying


class Shadowing:
    """Answers calls of shadow runs."""

    def __init__(
        self,
        peers: Peers,
        bindings: Bindings,
        recording: Recording,
        counting: Counting,
        permission: Permission,
        replaying: Replaying,
    ) -> None:
        """Make what may be made by *bindings*."""
        self._peers = peers
        self._bindings = bindings
        self._recording = recording
        self._counting = counting
        self._permission = permission
        self._replaying = replaying

    async def answered(
        self, call: Call, batch: list[events.RunEvent], asked: events.ToolCallRequested
    ) -> pb.ExecuteToolResponse | None:
        """Return the end of the call; None when it is to be made as in a live run.

        Raises:
            CallFailed: it failed as it would in a live run.
            MeshError: SHADOW_HORIZON, the run can go no further.
        """
        effect = call.tool.spec.effect
        primary = await call.account.primary(call.lease, self._peers.recorder)
        place = primary.place(asked)
        invocation = self._invocation(call)
        waits, refused = await self._asks(call, batch, invocation)
        found = None
        if effect.effect_class != tools.EFFECT_CLASS_PURE or waits is not None:
            if batch and primary.goes_on:
                # The wait may be long.
                await self._recording.append(call, batch)
                batch.clear()
            again = effect.effect_class == tools.EFFECT_CLASS_READ
            found = await primary.found(place, again=again, until=call.lease.expires_at)
        intended = _intended(waits, primary.answer(found)) if waits is not None else None
        if found is not None:
            return await self._replaying.served(call, batch, found, intended)
        if refused is not None:
            raise refused
        if intended is None and self._may_be_made(effect):
            self._counting.count(call, batch)
            return None
        if intended is None and (dry_run := self._dry_run(effect)):
            return await self._tried(call, batch, invocation, *dry_run)
        missing = primary.missing(asked, place).fact
        raise await self._horizon(call, batch, intended, missing)

    def _invocation(self, call: Call) -> Invocation:
        return Invocation(
            tool=call.name,
            arguments=arguments_of(call.name, call.tool.spec, call.text),
            text=call.text,
            key=key(call.lease.run_id, call.known.call_id),
        )

    async def _asks(
        self, call: Call, batch: list[events.RunEvent], invocation: Invocation
    ) -> tuple[people.Waits | None, CallFailed | None]:
        """Return what a live run would ask a person first, and why it might not make the call at all."""
        try:
            needs = await self._permission.needed(call, batch, invocation)
        except CallFailed as refused:
            return None, refused
        if needs is not None:
            return people.approval(call.lease, call.known.call_id, call.tool, invocation, needs.message), None
        if isinstance(self._bindings.get(call.name), PersonBackend):
            return people.question(call.lease, call.known.call_id, call.tool, invocation), None
        return None, None

    def _may_be_made(self, effect: tools.EffectContract) -> bool:
        read = effect.effect_class == tools.EFFECT_CLASS_READ and effect.shadow_reads
        return read or effect.effect_class == tools.EFFECT_CLASS_PURE

    def _dry_run(self, effect: tools.EffectContract) -> tuple[tools.ToolSpec, Backend] | None:
        if effect.effect_class != tools.EFFECT_CLASS_WRITE or not effect.dry_run.name:
            return None
        try:
            tool = self._peers.snapshot.resolve(registry.DOCUMENT_KIND_TOOL, effect.dry_run).tool
        except MeshError:
            return None
        backend = self._bindings.get(tool.metadata.name)
        return (tool, backend) if backend is not None and harmless(tool) else None

    async def _tried(
        self, call: Call, batch: list[events.RunEvent], invocation: Invocation, tool: tools.ToolSpec, backend: Backend
    ) -> pb.ExecuteToolResponse:
        simulated = events.CALL_DISPOSITION_SIMULATED
        self._counting.count(call, batch)
        await self._recording.append(call, [*batch, self._recording.dispatched(call, 1, simulated)])
        batch.clear()
        call.known.dispatched += 1
        dry = Invocation(
            tool=tool.metadata.name, arguments=invocation.arguments, text=invocation.text, key=invocation.key
        )
        text, attempts = await attempt(
            call.lease, tool, backend, dry, lambda number: self._counting.again(call, number, simulated)
        )
        check_result(call.name, call.tool.spec, text)
        finished = events.ToolCallFinished(
            call_id=call.known.call_id,
            outcome=events.TOOL_CALL_OUTCOME_SUCCEEDED,
            disposition=simulated,
            result=await self._recording.kept(recorded(text, call.tool.spec.data.mask_output)),
            attempts=attempts,
        )
        return await self._recording.close(call, batch, finished, told(text, call.tool.spec.data.mask_output))

    async def _horizon(
        self,
        call: Call,
        batch: list[events.RunEvent],
        intended: events.IntendedInput | None,
        missing: events.ReplayDiverged,
    ) -> MeshError:
        error = MeshError(
            reasons.ERROR_REASON_SHADOW_HORIZON,
            f"tool call {call.known.call_id}: the shadow run ends here; {missing.message}",
            run_id=call.lease.run_id,
            call_id=call.known.call_id,
            tool=call.name,
        )
        closed = events.ToolCallFinished(
            call_id=call.known.call_id,
            outcome=events.TOOL_CALL_OUTCOME_SUPPRESSED,
            disposition=events.CALL_DISPOSITION_SUPPRESSED,
            failure=failure(error),
            intended_input=intended,
        )
        diverged = self._recording.event(call, replay_diverged=missing)
        await self._recording.close(call, [*batch, diverged], closed, text_payload(""))
        return error


def _intended(waits: people.Waits, answer: tuple[int, Recorded, events.InputReceived] | None) -> events.IntendedInput:
    intended = events.IntendedInput(request=waits.request)
    if answer is not None:
        seq, found, received = answer
        intended.answer.CopyFrom(received)
        intended.recorded.CopyFrom(events.RecordedResult(run_id=found.run_id, seq=seq))
    return intended
