"""Runs between the choice of their runtime and the moment in which the record has it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager


class Crossings:
    """Knows when every run of an agent that was routed by an earlier state has its choice on record."""

    def __init__(self) -> None:
        """Begin without any."""
        self._open: dict[asyncio.Event, str] = {}

    @contextmanager
    def crossing(self, agent: str) -> Iterator[None]:
        """Hold for the block, in which a choice for a run of *agent* is made and recorded."""
        over = asyncio.Event()
        self._open[over] = agent
        try:
            yield
        finally:
            del self._open[over]
            over.set()

    async def settled(self, agents: Collection[str]) -> None:
        """Return once every crossing of *agents* that is open now is over; later ones are not waited for.

        An empty name among them stands for all.
        """
        for over in [over for over, agent in self._open.items() if "" in agents or agent in agents]:
            await over.wait()
