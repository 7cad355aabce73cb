"""Measurements on their way to the recorder: batched, bounded, and dropped rather than in anybody's way."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import duration_pb2, timestamp_pb2

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.v1 import trace_span_pb2 as traces
from pal_rpc.identity import bearer
from pal_rpc.lease import Lease
from pal_rpc.telemetry import trace_id

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


def lease_span(lease: Lease, began: float, **fields: Any) -> traces.TraceSpan:
    """Return the measurement of work under *lease* that began at *began* (seconds since the epoch) and is over now."""
    nanos = max(int((time.time() - began) * 1e9), 0)
    return traces.TraceSpan(
        trace_id=trace_id(lease.grant.traceparent),
        span_id=secrets.token_hex(8),
        run_id=lease.run_id,
        started_at=timestamp_pb2.Timestamp(seconds=int(began), nanos=int(began % 1 * 1e9)),
        duration=duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000),
        mode=lease.mode,
        runtime=lease.grant.runtime,
        runtime_version=lease.grant.runtime_version,
        attempt=1,
        **fields,
    )
