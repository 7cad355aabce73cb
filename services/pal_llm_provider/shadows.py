"""What shadow runs may ask of models: less than they would, so that live runs never wait for them at an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pal.v1 import common_pb2 as common
from pal_rpc.lease import Lease


class ShadowPace:
    """Lets shadow runs ask a few at a time and no faster than a rate; everybody else passes."""

    def __init__(self, concurrent: int, per_minute: float, clock: Callable[[], float]) -> None:
        """Let *concurrent* calls be open at once and *per_minute* begin in a minute; 0 sets no such bound."""
        self._places = asyncio.Semaphore(concurrent) if concurrent else None
        self._gap_seconds = 60 / per_minute if per_minute else 0.0
        self._clock = clock
        self._next = 0.0

    @asynccontextmanager
    async def place(self, lease: Lease) -> AsyncIterator[None]:
        """Hold a place for a call of *lease*, in the order of asking."""
        if lease.mode != common.EXECUTION_MODE_SHADOW:
            yield
            return
        if self._places is None:
            await self._turn()
            yield
            return
        async with self._places:
            await self._turn()
            yield

    async def _turn(self) -> None:
        begins = max(self._next, self._clock())
        self._next = begins + self._gap_seconds
        await asyncio.sleep(begins - self._clock())
