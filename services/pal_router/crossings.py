"""Runs between the choice of their runtime and the moment in which the record has it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Crossings:
    """Knows when every run that was routed by an earlier state has its choice on record."""

    def __init__(self) -> None:
        """Begin without any."""
        self._open: set[asyncio.Event] = set()

    @contextmanager
    def crossing(self) -> Iterator[None]:
        """Hold for the block, in which a choice is made and recorded."""
        over = asyncio.Event()
        self._open.add(over)
        try:
            yield
        finally:
            self._open.discard(over)
            over.set()

    async def settled(self) -> None:
        """Return once every crossing that is open now is over; later ones are not waited for."""
        for over in list(self._open):
            await over.wait()
