"""Measurements on their way to the recorder: batched, bounded, and dropped rather than in anybody's way."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self

import grpc

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.v1 import trace_span_pb2 as traces
from pal_rpc.identity import bearer

FLUSH_SECONDS = 1.0
_MAX_WAITING, _MAX_BATCH = 10_000, 500
_WRITE_SECONDS = 2.0


class SpanWriter:
    """Writes spans about once a second. Losing them changes no run."""

    def __init__(self, stub: rpc.RecorderServiceStub, token: str) -> None:
        """Write through *stub* with the service *token*."""
        self._stub = stub
        self._metadata = bearer(token)
        self._waiting: deque[traces.TraceSpan] = deque(maxlen=_MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    def add(self, span: traces.TraceSpan) -> None:
        """Take *span*; the oldest waiting one is dropped when too many wait."""
        self._waiting.append(span)

    async def __aenter__(self) -> Self:
        """Begin to write."""
        # Not a TaskGroup: the writing lives exactly as long as this object, which is a context manager.
        self._task = asyncio.create_task(self._write_on())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits, once, then stop."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._write()

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._write()

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_MAX_BATCH, len(self._waiting)))]
            request = pb.WriteSpansRequest(spans=batch)
            try:
                await self._stub.WriteSpans(request, metadata=self._metadata, timeout=_WRITE_SECONDS)
            except grpc.aio.AioRpcError:
                return
