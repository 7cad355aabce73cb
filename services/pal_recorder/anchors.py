"""Anchors the hash chains of the runs: a signed checkpoint each second, or each thousand events."""

from __future__ import annotations

import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import recorder_service_pb2 as pb
from pal_log.events import now
from pal_recorder.checkpoints import digest_of, signed, statement_of
from pal_recorder.store import EventStore, Group

_EVENTS, _SECONDS = 1000, 1.0
# After a migration there is much to anchor; a checkpoint stays a message of moderate size.
_MAX_EVENTS = 10_000


class Anchors:
    """Knows how far the record is anchored, and makes the next checkpoint."""

    def __init__(
        self, store: EventStore, key: ed25519.Ed25519PrivateKey, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Anchor *store* with *key*."""
        self._store = store
        self._key = key
        self._clock = clock
        self._through = 0
        self._closed = False
        self._made = clock()

    async def open(self, position: int) -> None:
        """Go on where the newest checkpoint ends; *position* is the end of the record.

        What came after a recorder had stopped in good order was written by nobody of ours: it stays without an anchor.
        So does a later checkpoint tell it from what this recorder loses its anchor of in a crash.

        Raises:
            StoreUnavailable: the store takes nothing now.
        """
        newest = await self._store.last_checkpoint()
        closed = newest is None or statement_of(newest).closing
        self._through = position if newest and closed else statement_of(newest or pb.Checkpoint()).through_position
        if closed:
            opening = await self._make(self._through, closing=False)
            await self._store.write(Group(checkpoint=opening))
            self.written(opening)

    def seconds_left(self, position: int) -> float | None:
        """Return the seconds until a checkpoint is due; None while all is anchored up to *position*."""
        if position <= self._through:
            return None
        return 0.0 if position - self._through >= _EVENTS else max(0.0, self._made + _SECONDS - self._clock())

    def due(self, position: int) -> bool:
        """Tell whether the record, durable up to *position*, wants a checkpoint."""
        return self.seconds_left(position) == 0.0

    async def next(self, position: int) -> pb.Checkpoint:
        """Return the checkpoint that covers what is durable up to *position*, or a good part of it."""
        return await self._make(position, closing=False)

    async def last(self, position: int) -> pb.Checkpoint | None:
        """Return the next one until the record is closed at *position*; None then."""
        if self._closed and position == self._through:
            return None
        return await self._make(position, closing=True)

    def written(self, checkpoint: pb.Checkpoint) -> None:
        """Take note that *checkpoint* is durable."""
        statement = statement_of(checkpoint)
        self._through, self._closed, self._made = statement.through_position, statement.closing, self._clock()

    async def _make(self, position: int, *, closing: bool) -> pb.Checkpoint:
        newest = await self._store.last_checkpoint()
        before = statement_of(newest or pb.Checkpoint())
        # One whose writing was given up may be durable all the same.
        after = max(self._through, before.through_position)
        through = min(position, after + _MAX_EVENTS)
        statement = pb.CheckpointStatement(
            number=before.number + 1,
            created_at=now(),
            after_position=after,
            through_position=through,
            event_count=through - after,
            previous_digest=digest_of(newest) if newest else b"",
            closing=closing and through == position,
        )
        return signed(statement, await self._store.heads(after, through), self._key)
