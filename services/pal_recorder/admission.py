"""Which batches are taken: the rules that keep a log a log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import TYPES, writers
from pal_recorder.chain import GENESIS
from pal_recorder.projection import project
from pal_rpc.errors import MeshError

MAX_BATCH_EVENTS = 1000
# A repeat concerns what was not acknowledged, which is always among the newest.
REMEMBERED_IDS = 8192


@dataclass
class RunHead:
    """The newest end of a run's log."""

    run: shared.Run = field(default_factory=shared.Run)
    ids: dict[str, int] = field(default_factory=dict)
    hash: bytes = GENESIS

    @property
    def finished(self) -> bool:
        """Whether nothing may follow."""
        return self.run.state == shared.RUN_STATE_FINISHED

    def take(self, event: events.RunEvent, hash_: bytes) -> None:
        """Move on to *event*, the next one."""
        project(self.run, event)
        self.hash = hash_
        self.ids[event.event_id] = event.seq
        if len(self.ids) > REMEMBERED_IDS:
            del self.ids[next(iter(self.ids))]


def new_events(batch: pb.AppendBatch, head: RunHead, writer: str) -> list[events.RunEvent]:
    """Return the events of *batch* that are to be recorded after *head*; those recorded before are left out.

    Raises:
        MeshError: the batch is refused; its reason says why.
    """
    _check_shape(batch, writer)
    fresh = list({event.event_id: event for event in batch.events if event.event_id not in head.ids}.values())
    if not fresh:
        return []
    if batch.HasField("expected_head_seq") and batch.expected_head_seq != head.run.head_seq:
        raise MeshError(
            reasons.ERROR_REASON_HEAD_MISMATCH,
            f"run {batch.run_id} is at {head.run.head_seq}, not at {batch.expected_head_seq}",
            run_id=batch.run_id,
            expected=batch.expected_head_seq,
            actual=head.run.head_seq,
        )
    if head.finished:
        raise MeshError(
            reasons.ERROR_REASON_RUN_FINISHED,
            f"run {batch.run_id} is over; nothing follows run.finished",
            run_id=batch.run_id,
        )
    _check_place(fresh, head)
    return fresh


def _check_shape(batch: pb.AppendBatch, writer: str) -> None:
    if not batch.run_id:
        raise _invalid("", "run_id", "empty; every batch names its run")
    if not 0 < len(batch.events) <= MAX_BATCH_EVENTS:
        raise _invalid("", "events", f"a batch holds 1 to {MAX_BATCH_EVENTS} events, not {len(batch.events)}")
    for event in batch.events:
        problem = _problem(event, batch.run_id)
        if problem:
            raise _invalid(event.event_id, *problem)
        if writer not in writers(event.type):
            raise MeshError(
                reasons.ERROR_REASON_WRONG_WRITER,
                f"{event.type} is not written by {writer}",
                type=event.type,
                writer=writer,
            )


def _problem(event: events.RunEvent, run_id: str) -> tuple[str, str] | None:
    if event.run_id != run_id:
        return "run_id", f"{event.run_id or 'empty'} in a batch of run {run_id}"
    if not event.event_id:
        return "event_id", "empty; choose a UUID and keep it on every repeat"
    if not event.type:
        return "type", "empty"
    body = event.WhichOneof("body")
    if body and TYPES[body] != event.type:
        return "type", f"{event.type}, but the body is {TYPES[body]}"
    if not event.mode:
        return "mode", "not stated"
    if event.seq:
        return "seq", "set; positions are assigned here"
    return None


def _check_place(fresh: Iterable[events.RunEvent], head: RunHead) -> None:
    run = head.run
    seq, epoch = run.head_seq, run.epoch
    ended = False
    for event in fresh:
        if ended:
            raise _invalid(event.event_id, "type", "nothing follows run.finished")
        if (seq == 0) != (event.type == "run.accepted"):
            problem = f"{event.type} at position {seq + 1}; run.accepted is first and only first"
            raise _invalid(event.event_id, "type", problem)
        if run.mode and event.mode != run.mode:
            raise _invalid(event.event_id, "mode", "another one than the run was accepted with")
        if event.lease_epoch < epoch:
            raise MeshError(
                reasons.ERROR_REASON_STALE_EPOCH,
                f"run {event.run_id} is held by epoch {epoch}; {event.lease_epoch} has lost it",
                run_id=event.run_id,
                epoch=event.lease_epoch,
                newest=epoch,
            )
        seq, epoch, ended = seq + 1, event.lease_epoch, event.type == "run.finished"


def _invalid(event_id: str, field_name: str, problem: str) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_INVALID_EVENT, f"{field_name}: {problem}", event_id=event_id, field=field_name
    )
