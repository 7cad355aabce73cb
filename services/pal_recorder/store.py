"""What the recorder needs from a store. Every store passes the suite in tests/contract/stores."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import trace_span_pb2 as traces
from pal_log.payload import artifact_digests
from pal_recorder.slo_rollup import RollupKey
from pal_rpc.errors import MeshError


class RunDeleted(MeshError):
    """A run was deleted."""

    def __init__(self, removal: pb.RunRemoval) -> None:
        """Say what is left of the run."""
        self.head_seq, self.reason_of_gap = removal.head_seq, removal.reason
        deleted_at = removal.removed_at.ToJsonString()
        super().__init__(
            reasons.ERROR_REASON_RUN_DELETED,
            f"run {removal.run_id} was deleted at {deleted_at} ({removal.reason}); its events are not kept any more",
            run_id=removal.run_id,
            deleted_at=deleted_at,
        )


class ArchiveUnavailable(MeshError):
    """An archive cannot be read or written now."""

    def __init__(self, archive: str, problem: str, run_id: str = "") -> None:
        """Name the *archive*, the *problem*, and the run that it holds."""
        held = f", which holds run {run_id}," if run_id else ""
        super().__init__(
            reasons.ERROR_REASON_ARCHIVE_UNAVAILABLE,
            f"the archive {archive}{held} cannot be used ({problem}); bring it back, or correct its address",
            run_id=run_id,
            archive=archive,
        )


class StoreUnavailable(MeshError):
    """The store cannot be written now. Nothing of the attempt was kept; it may be repeated."""

    mend = "free some space or make it writable"

    def __init__(self, store: str, problem: str) -> None:
        """Name the *store* and the *problem* as the store states it."""
        super().__init__(
            reasons.ERROR_REASON_STORE_UNAVAILABLE,
            f"the store {store} cannot be written ({problem}); {self.mend}, then try again",
            store=store,
        )


class StoreLost(StoreUnavailable):
    """The store went away. Nobody knows whether the attempt was kept; once the store is back, its events tell."""

    mend = "see that it runs and can be reached"


class StoreDamaged(MeshError):
    """The store cannot be read any more: something on the disk is not what was written."""

    def __init__(self, store: str, problem: str) -> None:
        """Name the *store* and the *problem* as the store states it."""
        super().__init__(
            reasons.ERROR_REASON_STORE_UNAVAILABLE,
            f"the store {store} is damaged ({problem}); restore it from a backup",
            store=store,
        )


class RunNotFound(MeshError):
    """Nothing of a run is recorded."""

    def __init__(self, run_id: str) -> None:
        """Name the run."""
        super().__init__(
            reasons.ERROR_REASON_RUN_NOT_FOUND,
            f"no run {run_id or '(empty run_id)'} is recorded; `pal runs list` shows the newest",
            run_id=run_id,
        )


class Entry(NamedTuple):
    """One recorded event: its place among all events, its place in its run, its hash after them, and its bytes."""

    position: int
    run_id: str
    seq: int
    event_id: str
    type: str
    hash: bytes
    encoded: bytes


@dataclass(frozen=True)
class Removal:
    """All events of a run that leave the store, because the run is *deleted* or because an archive holds them.

    *heads* are those of its entries that checkpoints end with, and perhaps others; their bytes are left out.
    """

    run: shared.Run
    heads: list[Entry]
    deleted: pb.RunRemoval | None = None
    archived: pb.ArchivedRun | None = None


@dataclass(frozen=True)
class Group:
    """What becomes durable together.

    Events in order of position, the runs whose listed state changed, a checkpoint of what was durable before,
    measurements that came with whole runs, runs whose events leave, and counters of quotas by key, None for those that
    leave.
    """

    entries: list[Entry] = field(default_factory=list)
    runs: dict[str, shared.Run] = field(default_factory=dict)
    checkpoint: pb.Checkpoint | None = None
    spans: list[traces.TraceSpan] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    quotas: dict[str, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """The right to write next, after the newest *position*.

    *write* makes a group durable, all of it or nothing, at most once; it raises StoreUnavailable when nothing was
    written, and StoreLost when nobody knows.
    """

    position: int
    write: Callable[[Group], Awaitable[None]]


class RecordReader(Protocol):
    """What is read of entries, runs and checkpoints."""

    async def last_position(self) -> int:
        """Return the position of the newest entry; 0 for an empty store."""

    async def run(self, run_id: str) -> shared.Run | None:
        """Return the run as it was last written, which may be behind its newest entries."""

    async def runs(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        """Return the runs that *query* selects, newest first, from just below the key *before* on.

        A key is the moment of acceptance in nanoseconds and the run id.
        """

    async def entries(self, run_id: str, after_seq: int, limit: int, prefixes: Sequence[str] = ()) -> list[Entry]:
        """Return entries of one run in order, only types with one of *prefixes*; all for none."""

    async def entries_of(self, run_ids: Sequence[str]) -> list[Entry]:
        """Return all entries of some runs by run id and seq; how many there are at most is known to who asks."""

    async def newest_ids(self, run_id: str, limit: int) -> dict[str, int]:
        """Return the seq of each of the newest *limit* events of a run by event id."""

    async def entries_of_all(self, after_position: int, limit: int) -> list[Entry]:
        """Return entries of all runs in order of position."""

    async def entries_by_run(self, after: tuple[str, int], limit: int) -> list[Entry]:
        """Return entries of all runs by run id and seq, from just above the key *after* on."""

    async def heads(self, after_position: int, through_position: int) -> list[pb.RunHead]:
        """Return the newest end of each run among the entries after one position up to another, by run id.

        What stands in for entries that have left counts as well.
        """

    async def runs_without_events(self, after_run_id: str, limit: int) -> list[str]:
        """Return the runs whose events have left, by run id, from just above *after_run_id* on."""

    async def stand_ins(self, run_id: str) -> list[Entry]:
        """Return what stands in for the entries of a run that have left, in order and without their bytes."""

    async def deleted(self, run_id: str) -> pb.RunRemoval | None:
        """Return what is left of a run that was deleted."""

    async def archived(self, run_id: str) -> pb.ArchivedRun | None:
        """Return where an archive holds a run."""

    async def last_checkpoint(self) -> pb.Checkpoint | None:
        """Return the newest checkpoint."""

    async def checkpoints(self, after_number: int, limit: int) -> list[tuple[int, pb.Checkpoint]]:
        """Return the checkpoints from just above a number on, each with its number; an unreadable one is empty."""


class EventStore(RecordReader, Protocol):
    """Keeps entries, runs, checkpoints, artifacts and spans."""

    # Whether no other recorder writes to it.
    exclusive: bool

    def turn(self) -> AbstractAsyncContextManager[Turn]:
        """Take the turn to write until the block ends.

        Raises:
            StoreUnavailable: the turn cannot be had.
        """

    def changes(self) -> AsyncGenerator[None, None]:
        """Yield whenever others may have written, for ever."""

    async def grown(self, after_position: int, through_position: int) -> set[str]:
        """Return the runs of the entries after one position up to another."""

    async def known(self, run_ids: Sequence[str]) -> set[str]:
        """Return which of *run_ids* are runs, or were and are deleted."""

    async def unarchived(self, after: tuple[int, str], before_ns: int, limit: int) -> list[shared.Run]:
        """Return finished runs that no archive holds and that were accepted before a moment.

        Oldest first, from just above the key *after* on.
        """

    async def deleted_of(self, conversation_id: str, limit: int) -> list[str]:
        """Return deleted runs of a conversation."""

    async def in_archive(self, url: str) -> bool:
        """Tell whether a file of the archive holds any run."""

    async def hold(self, holder: str, *, leaving: bool, opened: Sequence[pb.OpenBreaker] = ()) -> list[pb.Holder]:
        """Count a beat of a router, and return all who are remembered, of every recorder on this store.

        *opened* are the breakers that it has opened.
        """

    async def put_artifact(self, header: pb.ArtifactHeader, content: Path) -> None:
        """Keep the file *content*, which is taken away; of content that is kept already only the moment is noted."""

    async def artifact(self, digest: str) -> tuple[pb.ArtifactHeader, BinaryIO] | None:
        """Return the header and the open content; None when it is not kept."""

    async def sweep_artifacts(self, put_before_ns: int, limit: int) -> int:
        """Delete some artifacts, at most *limit*, and return how many.

        They are those that were put before a moment, in nanoseconds since the epoch, and that no run refers to.

        Raises:
            StoreUnavailable: nothing was deleted, or nobody knows.
        """

    async def slo_position(self) -> int:
        """Return the position up to which runs are counted in the rollups."""

    async def slo_rows(self, width: int, first: int, last: int) -> list[tuple[RollupKey, bytes]]:
        """Return the rollups of one width that begin from *first* to *last*, in order of time."""

    async def put_slo(
        self,
        before: int,
        after: int,
        rows: Sequence[tuple[RollupKey, bytes]],
        prunable: Sequence[tuple[int, int]],
    ) -> bool:
        """Put *rows* in place of what was there and move the position from *before* to *after*, or do nothing.

        Rollups of a width in *prunable* that begin below the second number are dropped. Returns whether the position
        was *before*.

        Raises:
            StoreUnavailable: nothing was written, or nobody knows.
        """

    async def quota_rows(self) -> dict[str, bytes]:
        """Return the counters of quotas that groups have brought, by key."""

    async def write_spans(self, spans: Sequence[traces.TraceSpan]) -> None:
        """Keep *spans*."""

    async def spans(self, run_id: str, after: int, limit: int) -> list[tuple[int, traces.TraceSpan]]:
        """Return spans of one run in the order they came, each with its key, from just above the key *after* on."""

    async def spans_of(self, run_ids: Sequence[str], limit: int) -> list[traces.TraceSpan]:
        """Return spans of some runs in the order they came."""

    async def close(self) -> None:
        """Release everything."""


def accepted_ns(run: shared.Run) -> int:
    """Return when *run* was accepted, in nanoseconds since the epoch."""
    return int(run.accepted_at.ToNanoseconds())


def key_of(run: shared.Run) -> tuple[int, str]:
    """Return the place of *run* in a list: the moment of acceptance and the run id."""
    return accepted_ns(run), run.run_id


def labels_of(runs: Iterable[shared.Run]) -> list[tuple[str, str, int, str]]:
    """Return a row of key, value, moment of acceptance and run id for each label; labels never change."""
    return [(key, value, accepted_ns(run), run.run_id) for run in runs for key, value in run.labels.items()]


def uses_of(entries: Iterable[Entry]) -> list[tuple[str, str]]:
    """Return a row of digest and run id for each artifact that an entry refers to."""
    return [(digest, entry.run_id) for entry in entries for digest in artifact_digests(entry.encoded)]


def selected(run: shared.Run, query: shared.RunQuery) -> bool:
    """Tell whether *query* selects *run*."""
    return (
        (not query.states or run.state in query.states)
        and query.agent_name in ("", run.agent.name)
        and query.conversation_id in ("", run.conversation_id)
        and query.runtime in ("", run.runtime)
        and query.source_run_id in ("", run.source_run_id)
        and query.mode in (0, run.mode)
        and (not query.outcomes or run.outcome in query.outcomes)
        and all(run.labels.get(key) == value for key, value in query.labels.items())
        and (not query.HasField("accepted_from") or accepted_ns(run) >= query.accepted_from.ToNanoseconds())
        and (not query.HasField("accepted_before") or accepted_ns(run) < query.accepted_before.ToNanoseconds())
    )
