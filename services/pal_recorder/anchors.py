"""Anchors the hash chains of the runs: a signed checkpoint each second, or each thousand events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

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
        The checkpoint that says so also tells it from what this recorder has not anchored when it crashes.

        Raises:
            StoreUnavailable: the store takes nothing now.
        """
        newest = await self._store.last_checkpoint()
        before = statement_of(newest or pb.Checkpoint())
        self._through = position if before.closing else before.through_position
        if newest is None or before.closing:
            await self._write(self._through, closing=False)

    async def close(self, position: int) -> None:
        """Anchor everything up to *position*, and close the record there.

        One that others write to as well stays open.

        Raises:
            StoreUnavailable: the store takes nothing now.
        """
        while self._through < position or (self._store.exclusive and not self._closed):
            await self._write(position, closing=self._store.exclusive)

    def seconds_left(self, position: int) -> float | None:
        """Return the seconds until a checkpoint is due; None while all is anchored up to *position*."""
        if position <= self._through:
            return None
        return 0.0 if position - self._through >= _EVENTS else max(0.0, self._made + _SECONDS - self._clock())

    def due(self, position: int) -> bool:
        """Tell whether the record, durable up to *position*, wants a checkpoint."""
        return self.seconds_left(position) == 0.0

    async def next(self, position: int) -> pb.Checkpoint | None:
        """Return the checkpoint that covers what is durable up to *position*, or a good part of it.

        None when another recorder has made it. Called by whoever has the turn to write.
        """
        return await self._make(position, closing=False)

    async def removing(self, position: int, removals: Sequence[pb.RunRemoval]) -> pb.Checkpoint:
        """Return the checkpoint that says that runs are deleted, and covers what is durable as :meth:`next` does.

        Each of *removals*, which come by run id, is told which checkpoint says so.
        """
        checkpoint = await self._make(position, closing=False, empty=True, removals=removals)
        assert checkpoint is not None
        return checkpoint

    def written(self, checkpoint: pb.Checkpoint) -> None:
        """Take note that *checkpoint* is durable."""
        statement = statement_of(checkpoint)
        self._through, self._closed, self._made = statement.through_position, statement.closing, self._clock()

    async def _write(self, position: int, *, closing: bool) -> None:
        async with self._store.turn() as turn:
            checkpoint = await self._make(position, closing=closing, empty=True)
            if checkpoint:
                await turn.write(Group(checkpoint=checkpoint))
        if checkpoint:
            self.written(checkpoint)

    async def _make(
        self, position: int, *, closing: bool, empty: bool = False, removals: Sequence[pb.RunRemoval] = ()
    ) -> pb.Checkpoint | None:
        newest = await self._store.last_checkpoint()
        before = statement_of(newest or pb.Checkpoint())
        # Others anchor as well, and a checkpoint whose writing was given up may be durable all the same.
        after = self._through = max(self._through, before.through_position)
        through = min(position, after + _MAX_EVENTS)
        if through <= after and not (empty and (newest is None or before.closing or closing or removals)):
            return None
        statement = pb.CheckpointStatement(
            number=before.number + 1,
            created_at=now(),
            after_position=after,
            through_position=max(through, after),
            event_count=max(0, through - after),
            previous_digest=digest_of(newest) if newest else b"",
            closing=closing and through >= position,
        )
        for removal in removals:
            removal.checkpoint = statement.number
        return signed(statement, await self._store.heads(after, through), self._key, removals)
