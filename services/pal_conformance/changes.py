"""Waiting for something to become true, without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """Wakes whoever waits whenever something has changed."""

    def __init__(self) -> None:
        """Nothing has changed yet."""
        self._next = asyncio.Event()

    def tell(self) -> None:
        """Say that something has changed."""
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Return True once *holds*, False when it does not within *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await self._next.wait()
        except TimeoutError:
            return holds()
        return True
