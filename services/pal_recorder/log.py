"""The log of all runs: group commit, positions, and what was made durable handed to the tails."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence, Set
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from google.protobuf import timestamp_pb2

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_log import clock
from pal_recorder.admission import REMEMBERED_IDS, RunHead, new_events
from pal_recorder.anchors import Anchors
from pal_recorder.chain import chained
from pal_recorder.projection import LISTED, project
from pal_recorder.quota_memory import MemoryCounters
from pal_recorder.store import Entry, EventStore, Group, RunDeleted, StoreLost, StoreUnavailable
from pal_recorder.tails import Tails
from pal_rpc import kill_points
from pal_rpc.errors import MeshError, failure

_GROUP_BATCHES, _GROUP_BYTES = 2048, 8 * 1024 * 1024
_CACHED_RUNS = 20_000
_PAGE = 5000
# How long this recorder goes on listening to the others when nobody waits for more: many come back soon.
_LISTENING_SECONDS = 30.0
# How long a group waits for a store that has gone away before its writers are told.
_PATIENCE_SECONDS, _PAUSE_SECONDS = 20.0, 0.2


@dataclass(eq=False)
class _Pending:
    writer: str
    request: pb.AppendRequest
    size_bytes: int
    recorded: asyncio.Future[pb.AppendResponse] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class RunLog:
    """Appends to the store and keeps the newest end of the runs that are going."""

    def __init__(
        self, store: EventStore, tails: Tails, anchors: Anchors, counters: MemoryCounters | None = None
    ) -> None:
        """Write to *store*, tell *tails*, and keep the record anchored by *anchors*.

        What changes of *counters* becomes durable with the next group.
        """
        self._counters = counters
        self._store = store
        self._tails = tails
        self._anchors = anchors
        self._waiting: deque[_Pending] = deque()
        self._wake = asyncio.Event()
        self._heads: OrderedDict[str, RunHead] = OrderedDict()
        self._stamp_ns = 0
        # Held while a group is on its way to the disk: what is not durable is shown to nobody.
        self._settled = asyncio.Lock()
        if counters is not None:
            counters.listen(self._wake.set)

    def submit(self, writer: str, request: pb.AppendRequest) -> asyncio.Future[pb.AppendResponse]:
        """Take *request* of *writer*; the future is done once everything in it is durable or refused."""
        pending = _Pending(writer, request, request.ByteSize())
        self._waiting.append(pending)
        self._wake.set()
        return pending.recorded

    async def commit_groups(self) -> None:
        """Commit what waits, group after group, for ever."""
        while True:
            await self._work()
            while self._waiting or self._anchors.due(self._tails.position) or self._counted:
                await self._record(self._next_group())

    @property
    def _counted(self) -> bool:
        return self._counters is not None and self._counters.waiting

    async def follow_others(self) -> None:
        """Take in what other recorders write, as long as somebody here waits for it, for ever."""
        while True:
            await self._tails.wanted.wait()
            self._tails.wanted.clear()
            async with aclosing(self._store.changes()) as changes:
                until = time.monotonic() + _LISTENING_SECONDS
                async for _ in changes:
                    # A store that has gone away announces itself again.
                    with suppress(StoreUnavailable):
                        await self.catch_up()
                    if self._tails.followed:
                        until = time.monotonic() + _LISTENING_SECONDS
                    elif time.monotonic() > until:
                        break

    async def catch_up(self) -> None:
        """Know at least what was durable when this was called."""
        async with self._settled:
            await self._catch_up()

    async def write(self, assembled: Callable[[int], Awaitable[Group]]) -> None:
        """Make the group durable that *assembled* returns for the newest position; an empty one writes nothing.

        Raises:
            StoreUnavailable: the store takes nothing now; it may be repeated.
        """
        async with self._settled:
            async with self._store.turn() as turn:
                await self._learn(turn.position)
                group = await assembled(turn.position)
                if group == Group():
                    return
                await turn.write(group)
            self._follow(group)
        # What is due now is another checkpoint.
        self._wake.set()

    def _follow(self, group: Group) -> None:
        grown = {entry.run_id for entry in group.entries}
        for run_id in grown:
            self._heads.pop(run_id, None)
        if group.checkpoint:
            self._anchors.written(group.checkpoint)
        if not group.entries:
            return
        if self._tails.follows_all:
            news = [events.RunEvent.FromString(entry.encoded) for entry in group.entries]
            self._tails.publish(news, group.entries[-1].position)
        else:
            self._tails.skip(grown, group.entries[-1].position)

    async def close(self) -> None:
        """Anchor what is durable, once nothing is committed any more; what is not anchored then, the next start does.

        Raises:
            StoreUnavailable: the store takes nothing now.
        """
        if self._counted:
            await self._record([])
        await self._anchors.close(await self._store.last_position())

    async def _work(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._anchors.seconds_left(self._tails.position)):
                await self._wake.wait()
        self._wake.clear()

    async def run(self, run_id: str) -> shared.Run | None:
        """Return the run as its newest event leaves it; None when nothing of it is recorded.

        Raises:
            RunDeleted: it was.
        """
        async with self._settled:
            await self._catch_up()
            head = self._heads.get(run_id)
            if head is None:
                stored = await self._store.run(run_id)
                # Nothing follows its end, so the row that lists it is up to date.
                if stored is not None and stored.state == shared.RUN_STATE_FINISHED:
                    return stored
                head = await self._load(run_id, stored)
            return _copy(head.run) if head.run.head_seq else None

    async def current(self, runs: Sequence[shared.Run]) -> list[shared.Run]:
        """Return what is newest of *runs*, which came from the store."""
        async with self._settled:
            await self._catch_up()
            heads = [self._heads.get(run.run_id) for run in runs]
            return [_copy(head.run) if head else run for run, head in zip(runs, heads, strict=True)]

    def _next_group(self) -> list[_Pending]:
        taken, batches, size_bytes = [], 0, 0
        while self._waiting and batches < _GROUP_BATCHES and size_bytes < _GROUP_BYTES:
            pending = self._waiting.popleft()
            taken.append(pending)
            batches += len(pending.request.batches)
            size_bytes += pending.size_bytes
        return taken

    async def _record(self, requests: list[_Pending]) -> None:
        """Commit *requests* and answer them; a store that has gone away is waited for."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                async with self._settled:
                    answers = await self._commit(requests)
                break
            except StoreUnavailable as error:
                if not isinstance(error, StoreLost) or time.monotonic() > until:
                    refused = pb.AppendResult(refused=failure(error))
                    answers = [[refused] * len(pending.request.batches) for pending in requests]
                    break
            await asyncio.sleep(_PAUSE_SECONDS)
        for pending, results in zip(requests, answers, strict=True):
            if not pending.recorded.done():
                pending.recorded.set_result(pb.AppendResponse(results=results))

    async def _commit(self, requests: list[_Pending]) -> list[list[pb.AppendResult]]:
        await self._find({batch.run_id for pending in requests for batch in pending.request.batches})
        async with self._store.turn() as turn:
            await self._learn(turn.position)
            anchored = self._tails.position
            checkpoint = await self._anchors.next(anchored) if self._anchors.due(anchored) else None
            assembly = _Assembly(anchored, self._now(), checkpoint)
            answers = [
                [await self._take(pending.writer, batch, assembly) for batch in pending.request.batches]
                for pending in requests
            ]
            if self._counters is not None:
                assembly.group.quotas.update(self._counters.rows())
            if assembly.group.entries or checkpoint or assembly.group.quotas:
                kill_points.reached("commit.before")
                try:
                    await turn.write(assembly.group)
                except BaseException:
                    self._forget(assembly)
                    raise
        kill_points.reached("commit.after")
        self._tails.publish(assembly.events, assembly.position)
        if checkpoint:
            self._anchors.written(checkpoint)
        self._evict(assembly)
        return answers

    async def _find(self, run_ids: Set[str]) -> None:
        """Have the heads of runs at hand before the turn, as far as they are cheap to have."""
        unknown = [run_id for run_id in run_ids if run_id not in self._heads]
        if unknown:
            known = await self._store.known(unknown)
            self._heads.update((run_id, RunHead()) for run_id in unknown if run_id not in known)

    async def _take(self, writer: str, batch: pb.AppendBatch, assembly: _Assembly) -> pb.AppendResult:
        try:
            head = self._heads.get(batch.run_id)
            if head is None:
                head = await self._load(batch.run_id, await self._store.run(batch.run_id))
        except RunDeleted as error:
            return pb.AppendResult(refused=failure(error))
        try:
            fresh = new_events(batch, head, writer)
        except MeshError as error:
            return pb.AppendResult(refused=failure(error), head_seq=head.run.head_seq)
        if fresh:
            self._heads[batch.run_id] = head
            assembly.add(fresh, head)
        return pb.AppendResult(seqs=[head.ids[event.event_id] for event in batch.events], head_seq=head.run.head_seq)

    async def _catch_up(self) -> None:
        if not self._store.exclusive:
            await self._learn(await self._store.last_position())

    async def _learn(self, position: int) -> None:
        """Go on to *position* from what another recorder has written, or this one without knowing that it had."""
        while self._tails.follows_all and self._tails.position < position:
            if not (page := await self._store.entries_of_all(self._tails.position, _PAGE)):
                break
            self._take_in(page)
        if self._tails.position < position:
            # Nobody wants the events, so only the runs are forgotten of which something else is known here.
            grown = await self._store.grown(self._tails.position, position)
            for run_id in grown & self._heads.keys():
                del self._heads[run_id]
            self._tails.skip(grown, position)

    def _take_in(self, news: Sequence[Entry]) -> None:
        group = [events.RunEvent.FromString(entry.encoded) for entry in news]
        for entry, event in zip(news, group, strict=True):
            if entry.seq == 1 and entry.run_id not in self._heads:
                self._heads[entry.run_id] = RunHead()
            head = self._heads.get(entry.run_id)
            if head and head.run.head_seq + 1 == entry.seq:
                head.take(event, entry.hash)
                if head.finished:
                    del self._heads[entry.run_id]
        self._stamp_ns = max(self._stamp_ns, group[-1].recorded_at.ToNanoseconds())
        self._tails.publish(group, news[-1].position)

    async def _load(self, run_id: str, stored: shared.Run | None) -> RunHead:
        if stored is None:
            if removal := await self._store.deleted(run_id):
                raise RunDeleted(removal)
            return RunHead()
        head = RunHead(stored, await self._store.newest_ids(run_id, REMEMBERED_IDS))
        # A run that is going may be further than the row that lists it, whose own last event has the hash.
        after_seq = head.run.head_seq - 1
        while page := await self._store.entries(run_id, after_seq, _PAGE):
            for entry in page:
                event = events.RunEvent.FromString(entry.encoded)
                if entry.seq > head.run.head_seq:
                    project(head.run, event)
            after_seq, head.hash = page[-1].seq, page[-1].hash
            # Whoever recorded it may have had another clock.
            self._stamp_ns = max(self._stamp_ns, event.recorded_at.ToNanoseconds())
            if len(page) < _PAGE:
                break
        return head

    def _forget(self, assembly: _Assembly) -> None:
        if self._counters is not None:
            self._counters.put_back(assembly.group.quotas)
        for event in assembly.events:
            self._heads.pop(event.run_id, None)
            # As they came: they may be tried again.
            event.seq = 0
            event.ClearField("recorded_at")

    def _evict(self, assembly: _Assembly) -> None:
        for run_id in assembly.finished:
            self._heads.pop(run_id, None)
        while len(self._heads) > _CACHED_RUNS:
            self._heads.popitem(last=False)

    def _now(self) -> timestamp_pb2.Timestamp:
        self._stamp_ns = max(clock.now_ns(), self._stamp_ns)
        return timestamp_pb2.Timestamp(seconds=self._stamp_ns // 1_000_000_000, nanos=self._stamp_ns % 1_000_000_000)


def _copy(run: shared.Run) -> shared.Run:
    copy = shared.Run()
    copy.CopyFrom(run)
    return copy


class _Assembly:
    """A group in the making."""

    def __init__(self, position: int, stamp: timestamp_pb2.Timestamp, checkpoint: pb.Checkpoint | None) -> None:
        self.position = position
        self.group = Group(checkpoint=checkpoint)
        self.events: list[events.RunEvent] = []
        self.finished: list[str] = []
        self._stamp = stamp

    def add(self, fresh: Sequence[events.RunEvent], head: RunHead) -> None:
        """Give *fresh* their places after *head*, which moves on."""
        listed = False
        for event in fresh:
            self.position += 1
            # The one place where a message is changed: copying it would cost as much as all the rest.
            event.seq = head.run.head_seq + 1
            event.recorded_at.CopyFrom(self._stamp)
            entry = _entry(self.position, event, head.hash)
            self.group.entries.append(entry)
            head.take(event, entry.hash)
            listed = listed or event.type.partition(".")[0] in LISTED
        self.events.extend(fresh)
        if listed:
            self.group.runs[head.run.run_id] = head.run
        if head.finished:
            self.finished.append(head.run.run_id)


def _entry(position: int, event: events.RunEvent, previous: bytes) -> Entry:
    encoded = event.SerializeToString()
    run_id, seq, event_id, type_ = event.run_id, event.seq, event.event_id, event.type
    hash_ = chained(previous, run_id, seq, event_id, type_, encoded)
    return Entry(position, run_id, seq, event_id, type_, hash_, encoded)
