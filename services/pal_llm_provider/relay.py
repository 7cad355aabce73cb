"""Text on its way to an adapter: the first piece at once, what follows gathered for a moment: few messages go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal_llm_provider.provider import Answering, Completion

WINDOW_SECONDS = 0.04


class Relay:
    """Reads an answer as fast as it comes and hands its text out in windows."""

    def __init__(self, answering: Answering) -> None:
        """Read *answering*."""
        self._answering = answering
        self._waiting: list[str] = []
        self._parts: list[str] = []
        self._offset = 0
        self._news = asyncio.Event()
        self.completion: Completion | None = None

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._parts)

    async def frames(self) -> AsyncIterator[pb.ModelFrame]:
        """Yield frames of text until the answer is complete; text that ends with the answer is left for `rest`."""
        # Not a TaskGroup: this is a generator, which may be closed while the reading goes on.
        reading = asyncio.create_task(self._read())
        try:
            sent_at = 0.0
            while True:
                await self._news.wait()
                if (pause := sent_at + WINDOW_SECONDS - time.monotonic()) > 0:
                    await asyncio.wait([reading], timeout=pause)
                if reading.done():
                    # Raises what the provider raised.
                    reading.result()
                    return
                self._news.clear()
                if frame := self._gathered():
                    sent_at = time.monotonic()
                    yield frame
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    def rest(self) -> list[pb.ModelFrame]:
        """Return the text that was not handed out."""
        frame = self._gathered()
        return [frame] if frame else []

    async def _read(self) -> None:
        try:
            async for piece in self._answering:
                if isinstance(piece, Completion):
                    self.completion = piece
                else:
                    self._waiting.append(piece)
                    self._parts.append(piece)
                    self._news.set()
        finally:
            self._news.set()
            await self._answering.aclose()  # type: ignore[attr-defined]  # an async generator

    def _gathered(self) -> pb.ModelFrame | None:
        if not self._waiting:
            return None
        text = "".join(self._waiting)
        self._waiting.clear()
        frame = pb.ModelFrame(text=pb.TextChunk(offset=self._offset, text=text))
        self._offset += len(text.encode())
        return frame
