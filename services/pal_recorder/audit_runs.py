"""The audit of one run: its chain, and what is listed of it."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import DecodeError

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_recorder.chain import GENESIS, chained
from pal_recorder.projection import project
from pal_recorder.store import Entry

# What a list of runs shows and no later version folds in another way: from the first event, and from the last.
_ACCEPTED = ("mode", "agent", "conversation_id", "labels", "accepted_at")
_FINISHED = ("state", "outcome", "finished_at")


class RunAudit:
    """Takes the events of a run in order and says what is wrong with them."""

    def __init__(self, run_id: str) -> None:
        """Audit *run_id*."""
        self.run_id = run_id
        self.seq = 0
        self._folded = shared.Run()
        self._hash: bytes | None = GENESIS
        self._whole = True

    def take(self, entry: Entry) -> Iterator[pb.AuditFinding]:
        """Yield what is wrong with the next event."""
        if entry.seq != self.seq + 1:
            yield self._gap(entry)
            # What comes before is gone, so only the events after this one can be checked.
            self._hash, self._whole = None, False
        event = _decoded(entry.encoded)
        if event is None or (event.run_id, event.event_id, event.type) != (entry.run_id, entry.event_id, entry.type):
            yield self._changed(entry, "does not say what its row says")
        elif event.seq != entry.seq:
            yield self._moved(entry, event)
        elif self._hash is not None and entry.hash != self._expected(self._hash, entry):
            yield self._changed(entry, "does not fit the hash of the chain")
        self.seq, self._hash = entry.seq, entry.hash
        if event:
            project(self._folded, event)

    def end(self, listed: shared.Run | None, *, grown: bool) -> Iterator[pb.AuditFinding]:
        """Yield what is wrong with the run as a whole, which is *listed* so and has *grown* meanwhile or not."""
        if listed is None:
            yield self._finding(pb.AUDIT_FINDING_KIND_CHANGED, 0, "is not listed any more, but its events are there")
            return
        if listed.head_seq > self.seq and not grown:
            problem = f"is listed up to event {listed.head_seq}, but its log ends with event {self.seq}"
            yield self._finding(pb.AUDIT_FINDING_KIND_TAIL_LOST, self.seq + 1, problem)
        finished = self._folded.state == shared.RUN_STATE_FINISHED
        names = (*_ACCEPTED, *(_FINISHED if finished else ())) if self._whole else ()
        differing = [name for name in names if getattr(self._folded, name) != getattr(listed, name)]
        if differing:
            problem = f"is listed with another {differing[0]} than its events say"
            yield self._finding(pb.AUDIT_FINDING_KIND_CHANGED, 0, problem)

    def not_as_left(self, entry: Entry) -> pb.AuditFinding:
        """Return the finding for an archived event that is not the one which left the store."""
        return self._changed(entry, "is not the one that was archived")

    def _expected(self, previous: bytes, entry: Entry) -> bytes:
        return chained(previous, entry.run_id, entry.seq, entry.event_id, entry.type, entry.encoded)

    def _gap(self, entry: Entry) -> pb.AuditFinding:
        first, last = self.seq + 1, entry.seq - 1
        if last < first:
            return self._finding(pb.AUDIT_FINDING_KIND_ADDED, entry.seq, f"has an event at position {entry.seq}")
        gone = f"event {first} is gone" if first == last else f"events {first} to {last} are gone"
        return self._finding(pb.AUDIT_FINDING_KIND_REMOVED, first, gone)

    def _moved(self, entry: Entry, event: events.RunEvent) -> pb.AuditFinding:
        problem = f"event {entry.seq} was recorded as event {event.seq}"
        return self._finding(pb.AUDIT_FINDING_KIND_REORDERED, entry.seq, problem)

    def _changed(self, entry: Entry, problem: str) -> pb.AuditFinding:
        return self._finding(pb.AUDIT_FINDING_KIND_CHANGED, entry.seq, f"event {entry.seq} ({entry.type}) {problem}")

    def _finding(self, kind: pb.AuditFindingKind, seq: int, problem: str) -> pb.AuditFinding:
        return pb.AuditFinding(kind=kind, run_id=self.run_id, seq=seq, message=f"run {self.run_id}: {problem}")


def _decoded(encoded: bytes) -> events.RunEvent | None:
    try:
        return events.RunEvent.FromString(encoded)
    except DecodeError:
        return None
