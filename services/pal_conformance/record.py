"""The log of one run as a recorder would have it: what the router, the seams and the adapter wrote, in one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_conformance.changes import Changes
from pal_log.events import LLM_PROVIDER, ROUTER, TOOL_EXECUTOR, EventWriter, new_id
from pal_rpc.errors import MeshError, failure

# An event that the adapter sent before it asked a seam is on its way; it gets this long to arrive.
ARRIVE_SECONDS = 1.0
_OPENERS = {"model_call_started": "model", "tool_call_requested": "tool"}
_CLOSERS = {"model_call_finished": "model", "tool_call_finished": "tool"}


class RunRecord:
    """The log of one run."""

    def __init__(self, run_id: str) -> None:
        """Start empty."""
        self.run_id = run_id
        self.log: list[events.RunEvent] = []
        self.changes = Changes()
        self._writers = {name: EventWriter(name) for name in (ROUTER, LLM_PROVIDER, TOOL_EXECUTOR, "adapter")}
        self._open: set[tuple[str, str]] = set()
        self._known: set[str] = set()
        self._paused = False
        self._epoch = 0

    @property
    def open_calls(self) -> int:
        """Calls that were opened and not closed."""
        return len(self._open)

    def begin(self, request: rt.RuntimeServiceRunRequest, attempt: int) -> None:
        """Write what a router writes before it asks an adapter."""
        self._paused, self._epoch = False, request.lease.epoch
        if attempt == 1:
            self.write(ROUTER, request.lease, run_accepted=events.RunAccepted(input=request.input))
        self.write(ROUTER, request.lease, run_routed=events.RunRouted(attempt=attempt))
        self.write(ROUTER, request.lease, run_started=events.RunStarted(attempt=attempt))

    def pause(self) -> None:
        """Leave the run open for its next attempt: calls that are cut now go on then."""
        self._paused = True

    def write(self, writer: str, lease: shared.RunLease, stage_id: str = "", **body: Any) -> None:
        """Add an event of *writer*; *body* is one keyword, the name of the body's field.

        Whoever still works for an earlier attempt writes nothing.
        """
        if lease.epoch < self._epoch:
            return
        event = self._writers[writer].event(self.run_id, lease.mode, lease.epoch, stage_id=stage_id, **body)
        going_on = lease.epoch > 1 and _call(event, _OPENERS) in self._open
        cut_for_now = self._paused and _call(event, _CLOSERS) in self._open
        if not going_on and not cut_for_now:
            self._add(event)

    def adapter_event(self, lease: shared.RunLease, sent: events.RunEvent) -> None:
        """Add an event that the adapter streamed, as a router does; one that is on record already adds nothing."""
        if sent.event_id in self._known:
            return
        event = events.RunEvent()
        event.CopyFrom(sent)
        event.run_id, event.mode, event.lease_epoch = self.run_id, lease.mode, lease.epoch
        event.event_id = sent.event_id or new_id()
        self._known.add(event.event_id)
        self._add(event)

    async def stage_began(self, stage_id: str) -> None:
        """Wait for the start of a stage, which the adapter sends on another connection than its questions."""
        await self.changes.until(lambda: self._has_begun(stage_id), ARRIVE_SECONDS)

    async def end(self, lease: shared.RunLease, result: rt.RuntimeResult, last: Iterable[events.RunEvent] = ()) -> None:
        """Write what the adapter sent *last* and the end of the run, as a router does.

        Nothing of it is written before the seams have noticed that nobody waits for them any more.
        """
        if self._paused:
            return
        if not result.HasField("suspended"):
            await self.changes.until(lambda: not self._open, ARRIVE_SECONDS)
        for event in last:
            self.adapter_event(lease, event)
        if result.HasField("suspended"):
            self.pause()
            self.write(ROUTER, lease, run_suspended=result.suspended)
            return
        finished = events.RunFinished(outcome=result.outcome)
        if result.HasField("output"):
            finished.output.CopyFrom(result.output)
        if result.HasField("failure"):
            finished.failure.CopyFrom(result.failure)
        self.write(ROUTER, lease, run_finished=finished)

    def _has_begun(self, stage_id: str) -> bool:
        return any(e.stage_id == stage_id and e.HasField("stage_started") for e in self.log)

    def _add(self, event: events.RunEvent) -> None:
        event.seq = len(self.log) + 1
        self.log.append(event)
        self._open.add(_call(event, _OPENERS))
        self._open -= {_call(event, _CLOSERS), ("", "")}
        self.changes.tell()


def _call(event: events.RunEvent, families: Mapping[str, str]) -> tuple[str, str]:
    body = event.WhichOneof("body") or ""
    family = families.get(body, "")
    return (family, getattr(event, body).call_id) if family else ("", "")


def ended(error: MeshError, outcome: events.RunOutcome) -> rt.RuntimeResult:
    """Return the result that a router makes of a run whose adapter gave none."""
    return rt.RuntimeResult(outcome=outcome, failure=failure(error))


def lease(run_id: str, epoch: int, token: str) -> shared.RunLease:
    """Return the right to carry out a run."""
    return shared.RunLease(run_id=run_id, epoch=epoch, mode=common.EXECUTION_MODE_LIVE, token=token)
