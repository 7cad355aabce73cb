"""Calls of a replay: the record answers, or the run ends."""

from __future__ import annotations

from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_log.payload import text_payload
from pal_rpc.errors import failure
from pal_tool_executor.calls import Call
from pal_tool_executor.counting import Counting
from pal_tool_executor.peers import Peers
from pal_tool_executor.recording import Recording
from pal_tool_executor.replay import Missing, Recorded


class Replaying:
    """Answers calls as the run was answered that is repeated."""

    def __init__(self, peers: Peers, recording: Recording, counting: Counting) -> None:
        """Read and write through *peers*."""
        self._peers = peers
        self._recording = recording
        self._counting = counting

    async def answered(
        self, call: Call, batch: list[events.RunEvent], asked: events.ToolCallRequested
    ) -> pb.ExecuteToolResponse:
        """Return what the source was given.

        Raises:
            MeshError: DIVERGED, the source did not ask that.
        """
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
            diverged = self._recording.event(call, replay_diverged=missing.fact)
            await self._recording.close(call, [*batch, diverged], closed, text_payload(""))
            raise error from None
        return await self.served(call, batch, found, None)

    async def served(
        self,
        call: Call,
        batch: list[events.RunEvent],
        found: Recorded,
        intended: events.IntendedInput | None,
    ) -> pb.ExecuteToolResponse:
        """Return what was *found* as the end of *call*; it counts towards the ceilings as it did then."""
        for _ in range(found.finished.attempts):
            self._counting.count(call, batch)
        if found.finished.failure.reason == "LIMIT_REACHED" and call.account.ledger.before_tool_call():
            # The ceiling that ended the run then ends it now.
            self._counting.count(call, batch)
        place = events.RecordedResult(run_id=found.run_id, seq=found.seq)
        served = self._recording.dispatched(call, 1, events.CALL_DISPOSITION_REPLAYED, place)
        finished = events.ToolCallFinished()
        finished.CopyFrom(found.finished)
        finished.call_id, finished.disposition = call.known.call_id, events.CALL_DISPOSITION_REPLAYED
        finished.ClearField("intended_input")
        if intended is not None:
            finished.intended_input.CopyFrom(intended)
        result = await self._recording.inline(finished.result)
        return await self._recording.close(call, [*batch, served], finished, result)
