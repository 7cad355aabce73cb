"""Runs that another recorder recorded: put together from frames, and checked as strictly as events that are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.events import TYPES
from pal_recorder.chain import GENESIS, chained
from pal_recorder.projection import project
from pal_recorder.store import Entry
from pal_rpc.errors import InvalidField, MeshError, TooLarge

# A run becomes visible at once, so all of it is held in memory.
MAX_RUN_BYTES = 256 * 1024 * 1024


@dataclass
class ForeignRun:
    """A run as it comes in."""

    stored: pb.StoredRun
    events: list[pb.StoredEvent] = field(default_factory=list)
    spans: list[traces.TraceSpan] = field(default_factory=list)
    size_bytes: int = 0


class Frames:
    """Puts runs together from frames."""

    def __init__(self) -> None:
        """Wait for the begin of a run."""
        self._run: ForeignRun | None = None

    def take(self, frame: pb.RecordFrame) -> ForeignRun | None:
        """Take the next frame; return the run that it ends.

        Raises:
            MeshError: INVALID_FIELD, the frames are out of order; TOO_LARGE.
        """
        kind, run = frame.WhichOneof("frame"), self._run
        if kind == "begin":
            if run is not None:
                raise InvalidField("frames.begin", f"run {run.stored.run_id} has not ended")
            self._run = ForeignRun(frame.begin)
            return None
        if run is None:
            raise InvalidField(f"frames.{kind or 'frame'}", "before a begin; each run begins with its begin")
        run.size_bytes += frame.ByteSize()
        if run.size_bytes > MAX_RUN_BYTES:
            raise TooLarge(f"run {run.stored.run_id}", run.size_bytes, MAX_RUN_BYTES)
        if kind == "events":
            run.events.extend(frame.events.events)
        elif kind == "spans":
            run.spans.extend(frame.spans.spans)
        elif kind == "end":
            self._run = None
            if frame.end != run.stored:
                raise InvalidField("frames.end", f"run {run.stored.run_id} does not end as it began")
            return run
        return None


@dataclass(frozen=True)
class CheckedRun:
    """A run that may be recorded; its entries have no position yet."""

    stored: pb.StoredRun
    run: shared.Run
    entries: list[Entry]
    spans: list[traces.TraceSpan]


def checked(foreign: ForeignRun) -> CheckedRun:
    """Return *foreign* as it is recorded, once every event and every hash is what it has to be.

    Raises:
        MeshError: INVALID_EVENT.
    """
    run_id, run, hash_ = foreign.stored.run_id, shared.Run(), GENESIS
    entries: list[Entry] = []
    rules = _Rules(run_id)
    for seq, stored in enumerate(foreign.events, start=1):
        event, encoded = _decoded(run_id, seq, stored.encoded), stored.encoded
        rules.check(seq, event)
        event_id, type_ = event.event_id, event.type
        hash_ = chained(hash_, run_id, seq, event_id, type_, encoded)
        if hash_ != stored.hash:
            raise _invalid(run_id, seq, event_id, "hash", "is not that of these bytes after those before")
        entries.append(Entry(0, run_id, seq, event_id, type_, hash_, encoded))
        project(run, event)
    if not run_id or (len(entries), hash_) != (foreign.stored.head_seq, foreign.stored.head_hash):
        raise _invalid(run_id, len(entries), "", "head_seq", f"{foreign.stored.head_seq} is announced, others came")
    if any(span.run_id != run_id for span in foreign.spans):
        raise _invalid(run_id, len(entries), "", "spans", "belong to another run")
    return CheckedRun(foreign.stored, run, entries, foreign.spans)


def placed(runs: Sequence[CheckedRun], position: int) -> list[Entry]:
    """Return the entries of *runs* with their places after *position*."""
    entries = (entry for run in runs for entry in run.entries)
    return [Entry(place, *entry[1:]) for place, entry in enumerate(entries, start=position + 1)]


def _decoded(run_id: str, seq: int, encoded: bytes) -> events.RunEvent:
    try:
        return events.RunEvent.FromString(encoded)
    except DecodeError:
        raise _invalid(run_id, seq, "", "encoded", "is no event") from None


class _Rules:
    """What holds of the events of a run, one after the other."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._mode = self._epoch = 0
        self._finished = False

    def check(self, seq: int, event: events.RunEvent) -> None:
        """Check the next *event*.

        Raises:
            MeshError: INVALID_EVENT.
        """
        type_, mode, epoch = event.type, event.mode, event.lease_epoch
        if problem := self._problem(seq, event, type_, mode, epoch):
            field_name, _, rest = problem.partition(": ")
            raise _invalid(self._run_id, seq, event.event_id, field_name, rest)
        self._mode, self._epoch, self._finished = mode, epoch, type_ == "run.finished"

    def _problem(self, seq: int, event: events.RunEvent, type_: str, mode: int, epoch: int) -> str:
        if event.seq != seq or event.run_id != self._run_id:
            return f"seq: it says event {event.seq} of run {event.run_id}"
        body = event.WhichOneof("body")
        if not event.event_id or not type_ or (body and TYPES[body] != type_):
            return f"type: {type_ or 'empty'} does not fit its body or its event_id is empty"
        if (seq == 1) != (type_ == "run.accepted"):
            return f"type: {type_}; run.accepted is first and only first"
        if not mode or self._mode not in (0, mode):
            return "mode: another one than the run was accepted with"
        if epoch < self._epoch:
            return f"lease_epoch: {epoch} comes after {self._epoch}"
        return "type: nothing follows run.finished" if self._finished else ""


def _invalid(run_id: str, seq: int, event_id: str, field_name: str, problem: str) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_INVALID_EVENT,
        f"run {run_id or '(empty run_id)'}, event {seq}: {field_name}: {problem}",
        run_id=run_id,
        event_id=event_id,
        field=field_name,
    )
