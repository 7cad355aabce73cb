"""Frames on their way to the router: bounded, batched, the result last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from pal.service.v1 import runtime_service_pb2 as rt

MAX_FRAMES = 256


class Outbox:
    """Holds what a run has to say until the stream takes it.

    What piled up while the last write was pending goes out together. A run that produces faster than the router reads
    waits here, and with it the model it listens to.
    """

    def __init__(self) -> None:
        """Be empty."""
        self._frames: list[rt.RunFrame] = []
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False
        self.quiet = True

    async def put(self, frames: Sequence[rt.RunFrame], *, linger: bool = False) -> None:
        """Add *frames*, once there is room; with *linger* they may wait for whatever comes next."""
        while len(self._frames) >= MAX_FRAMES and not self._closed:
            self._room.clear()
            await self._room.wait()
        if self._closed:
            return
        self._frames.extend(frames)
        if not linger:
            self._filled.set()

    def pulse(self) -> None:
        """Give a sign of life, unless one was given since the last call."""
        if self.quiet and not self._closed:
            if not self._frames:
                self._frames.append(rt.RunFrame(pulse=rt.RuntimePulse()))
            self._filled.set()
        self.quiet = True

    def close(self, last: Sequence[rt.RunFrame]) -> None:
        """Add *last*, which ends in the result, and take nothing more."""
        if not self._closed:
            self._frames.extend(last)
            self._closed = True
            self._filled.set()
            self._room.set()

    async def batches(self) -> AsyncIterator[list[rt.RunFrame]]:
        """Yield what has piled up, until the result is out."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            batch, self._frames = self._frames, []
            closed, self.quiet = self._closed, False
            self._room.set()
            yield batch
            if closed:
                return
