"""Calls against the ceilings of their run."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError
from pal_rpc.refusals import limit_reached
from pal_tool_executor import failing
from pal_tool_executor.calls import Call
from pal_tool_executor.failing import CallFailed
from pal_tool_executor.recording import Recording


class RunLimit(CallFailed):
    """A ceiling of the whole run: the call ends, and the run with it."""

    def __init__(self, error: MeshError, tool: str) -> None:
        """Keep what ends the run."""
        super().__init__(error, failing.denied(tool, error).told, outcome=failing.DENIED)


class Counting:
    """Counts attempts before they are made."""

    def __init__(self, recording: Recording) -> None:
        """Record through *recording* that a ceiling is reached."""
        self._recording = recording

    def count(self, call: Call, batch: list[events.RunEvent]) -> None:
        """Count an attempt of *call*.

        Raises:
            RunLimit: it would be one too many; the fact is in *batch*, once in a run.
        """
        reached = call.account.ledger.before_tool_call()
        if reached is None:
            call.account.ledger.count_tool_call()
            return
        if not call.account.limit_recorded:
            call.account.limit_recorded = True
            batch.append(self._recording.event(call, run_limit_reached=reached))
        raise RunLimit(limit_reached(reached), call.name)

    async def again(self, call: Call, number: int, disposition: events.CallDisposition) -> None:
        """Count and record attempt *number*, which repeats one that failed.

        Raises:
            RunLimit: it would be one too many.
        """
        batch: list[events.RunEvent] = []
        try:
            self.count(call, batch)
        finally:
            if batch:
                await self._recording.append(call, batch)
        await self._recording.append(call, [self._recording.dispatched(call, number, disposition)])
