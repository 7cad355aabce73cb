"""Those who follow the log: each at its own pace, with bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence, Set
from contextlib import contextmanager

from pal.v1 import run_event_pb2 as events
from pal_recorder.store import EventStore

PENDING_LIMIT_BYTES = 4 * 1024 * 1024
_PAGE_EVENTS = 500


class Tail:
    """One follower of all runs.

    What becomes durable is handed to it while it keeps up. When more than PENDING_LIMIT_BYTES wait, they are
    dropped and read again from the store once it asks.
    """

    def __init__(self, store: EventStore, position: int, newest: int) -> None:
        """Follow after *position*; *newest* is the present end."""
        self._store = store
        self.position = position
        self._newest = newest
        self._behind = position < newest
        self._pending: list[events.RunEvent] = []
        self._pending_bytes = 0
        self._wake = asyncio.Event()
        if self._behind:
            self._wake.set()

    def offer(self, group: Sequence[events.RunEvent], size_bytes: int, position: int) -> None:
        """Take the events that have just become durable, up to *position*."""
        self._newest = position
        if not self._behind:
            self._pending.extend(group)
            self._pending_bytes += size_bytes
            if self._pending_bytes > PENDING_LIMIT_BYTES:
                self._pending, self._pending_bytes, self._behind = [], 0, True
        self._wake.set()

    async def next(self, timeout_seconds: float) -> Sequence[events.RunEvent]:
        """Return the next events in order, once there are any; none when time is up."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._wake.wait()
        except TimeoutError:
            return ()
        return await self._catch_up() if self._behind else self._take()

    def _take(self) -> Sequence[events.RunEvent]:
        self._wake.clear()
        taken, self._pending, self._pending_bytes = self._pending, [], 0
        self.position = self._newest
        return taken

    async def _catch_up(self) -> Sequence[events.RunEvent]:
        page = await self._store.entries_of_all(self.position, _PAGE_EVENTS)
        if page:
            self.position = page[-1].position
        if self.position >= self._newest:
            self._behind = False
            self._wake.clear()
        return [events.RunEvent.FromString(entry.encoded) for entry in page]


class Tails:
    """All followers, and the position up to which everything is durable."""

    def __init__(self, store: EventStore, position: int) -> None:
        """Begin at *position*, the newest of *store*."""
        self._store = store
        self.position = position
        self._tails: set[Tail] = set()
        self._grown: dict[str, asyncio.Event] = {}
        # Set once somebody waits for more, or did a moment ago.
        self.wanted = asyncio.Event()

    def publish(self, group: Sequence[events.RunEvent], position: int) -> None:
        """Hand *group*, durable up to *position*, to everybody."""
        self.position = position
        if self._tails:
            size_bytes = sum(event.ByteSize() for event in group)
            for tail in self._tails:
                tail.offer(group, size_bytes, position)
        for run_id in {event.run_id for event in group} & self._grown.keys():
            self._grown.pop(run_id).set()

    @property
    def followed(self) -> bool:
        """Whether somebody waits for more."""
        return bool(self._tails or self._grown)

    def skip(self, run_ids: Set[str], position: int) -> None:
        """Go on to *position* while nobody follows all runs; some have grown."""
        self.position = position
        for run_id in run_ids & self._grown.keys():
            self._grown.pop(run_id).set()

    @property
    def follows_all(self) -> bool:
        """Whether somebody follows all runs."""
        return bool(self._tails)

    @contextmanager
    def following(self, after_position: int | None) -> Iterator[Tail]:
        """Follow all runs after a position; None means from the present end."""
        tail = Tail(self._store, self.position if after_position is None else after_position, self.position)
        self._tails.add(tail)
        self.wanted.set()
        try:
            yield tail
        finally:
            self._tails.discard(tail)

    def growth(self, run_id: str) -> asyncio.Event:
        """Return what is set once the log of *run_id* has grown; ask again each time, before reading."""
        self.wanted.set()
        return self._grown.setdefault(run_id, asyncio.Event())


def chunks(group: Sequence[events.RunEvent], limit_bytes: int) -> Iterator[list[events.RunEvent]]:
    """Yield *group* in pieces that fit into a message of *limit_bytes*."""
    piece: list[events.RunEvent] = []
    size_bytes = 0
    for event in group:
        length = event.ByteSize() + 8
        if piece and size_bytes + length > limit_bytes:
            yield piece
            piece, size_bytes = [], 0
        piece.append(event)
        size_bytes += length
    if piece:
        yield piece


async def log_of(
    store: EventStore, run_id: str, after_seq: int, prefixes: Sequence[str]
) -> AsyncIterator[events.RunEvent]:
    """Yield the entries of one run that are there now."""
    while page := await store.entries(run_id, after_seq, _PAGE_EVENTS, prefixes):
        for entry in page:
            yield events.RunEvent.FromString(entry.encoded)
        after_seq = page[-1].seq
