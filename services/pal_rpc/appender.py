"""The writing end of the log: one long Append stream, batched, re-sent after a cut until it is acknowledged."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import grpc

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.v1 import run_event_pb2 as events
from pal_rpc import kill_points
from pal_rpc.ending import end
from pal_rpc.errors import MeshError, parse_reason
from pal_rpc.identity import bearer
from pal_rpc.options import MIB
from pal_rpc.status import from_rpc_error

_MAX_MESSAGE_BATCHES = 256
_MAX_MESSAGE_BYTES = 1 * MIB
_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.05, 1.0
_CONNECT_SECONDS = 5.0
LINGER_SECONDS = 0.025


class _StreamLost(Exception):
    """The stream ended while batches may be open."""


@dataclass(eq=False)
class _Pending:
    batch: pb.AppendBatch
    size_bytes: int
    recorded: asyncio.Future[list[int]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Appender:
    """Appends events for one writer.

    Batches are recorded in the order of the calls. After a cut everything that is not acknowledged is sent
    again, which the recorder makes harmless by ``event_id``.
    """

    def __init__(self, stub: rpc.RecorderServiceStub, token: str) -> None:
        """Write through *stub*, proving with the service *token* who writes."""
        self._stub = stub
        self._metadata = bearer(token)
        self._waiting: deque[_Pending] = deque()
        self._sent: deque[_Pending] = deque()
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._connected = asyncio.Event()
        self._refusal: MeshError | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the recorder takes events right now."""
        return self._connected.is_set()

    @property
    def refusal(self) -> MeshError | None:
        """Why the recorder does not take events from this writer at all, for example an unknown token."""
        return self._refusal

    async def wait_connected(self, timeout_seconds: float) -> bool:
        """Wait until the recorder takes events; tell whether it does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._connected.wait()
        return self.connected

    async def append(
        self, run_id: str, batch: Sequence[events.RunEvent], *, expected_head_seq: int | None = None
    ) -> list[int]:
        """Record *batch* and return the positions once it is durable.

        When the caller is cancelled while the batch has not been sent, the batch is withdrawn.

        Raises:
            MeshError: the recorder refused the batch; its reason says why.
        """
        pending = self._enqueue(run_id, batch, expected_head_seq)
        self._wake.set()
        try:
            return await pending.recorded
        except asyncio.CancelledError:
            with suppress(ValueError):
                self._waiting.remove(pending)
            raise

    def submit(
        self,
        run_id: str,
        batch: Sequence[events.RunEvent],
        *,
        expected_head_seq: int | None = None,
        linger: bool = False,
    ) -> asyncio.Future[list[int]]:
        """Record *batch* without waiting; the future may be dropped.

        What may *linger* leaves within LINGER_SECONDS, together with what comes meanwhile.
        """
        pending = self._enqueue(run_id, batch, expected_head_seq)
        if not linger:
            self._wake.set()
        elif self._timer is None and not self._wake.is_set():
            self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._wake.set)
        pending.recorded.add_done_callback(_retrieve)
        return pending.recorded

    def _enqueue(self, run_id: str, batch: Iterable[events.RunEvent], expected_head_seq: int | None) -> _Pending:
        message = pb.AppendBatch(run_id=run_id, events=batch, expected_head_seq=expected_head_seq)
        pending = _Pending(message, message.ByteSize())
        self._waiting.append(pending)
        return pending

    async def __aenter__(self) -> Self:
        """Start to connect."""
        # Not a TaskGroup: the stream lives exactly as long as this object, which is a context manager.
        self._task = asyncio.create_task(self._keep_connected())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what is open if the recorder is there, then end the stream."""
        assert self._task is not None
        if kind is None and self.connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._drained()
        await end(self._task)
        for pending in (*self._sent, *self._waiting):
            pending.recorded.cancel()

    async def _drained(self) -> None:
        self._wake.set()
        while self._sent or self._waiting:
            last = (self._waiting or self._sent)[-1]
            await asyncio.wait([last.recorded])

    async def _keep_connected(self) -> None:
        backoff_seconds = _FIRST_BACKOFF_SECONDS
        while True:
            try:
                await self._session()
            except* _StreamLost:
                pass
            except* grpc.aio.AioRpcError as group:
                first = group.exceptions[0]
                self._refusal = from_rpc_error(first) if isinstance(first, grpc.aio.AioRpcError) else None
            backoff_seconds = (
                _FIRST_BACKOFF_SECONDS if self.connected else min(backoff_seconds * 2, _MAX_BACKOFF_SECONDS)
            )
            self._connected.clear()
            await asyncio.sleep(backoff_seconds)

    async def _session(self) -> None:
        call = self._stub.Append(metadata=self._metadata)
        try:
            # Not wait_for: in Python 3.11 it forgets that it was cancelled when the call fails at that moment.
            async with asyncio.timeout(_CONNECT_SECONDS):
                await _initial_metadata(call)
            self._refusal = None
            self._connected.set()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(call))
                group.create_task(self._receive(call))
        except TimeoutError:
            raise _StreamLost from None
        finally:
            call.cancel()
            # What was sent without an answer goes first again, in its order.
            self._waiting.extendleft(reversed(self._sent))
            self._sent.clear()
            if self._waiting:
                self._wake.set()

    async def _send(self, call: grpc.aio.StreamStreamCall[pb.AppendRequest, pb.AppendResponse]) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            while self._waiting:
                kill_points.reached("append.before")
                try:
                    await call.write(self._next_message())
                except asyncio.InvalidStateError:
                    raise _StreamLost from None

    def _next_message(self) -> pb.AppendRequest:
        taken: list[pb.AppendBatch] = []
        size_bytes = 0
        while self._waiting and len(taken) < _MAX_MESSAGE_BATCHES:
            size_bytes += self._waiting[0].size_bytes
            if taken and size_bytes > _MAX_MESSAGE_BYTES:
                break
            pending = self._waiting.popleft()
            self._sent.append(pending)
            taken.append(pending.batch)
        return pb.AppendRequest(batches=taken)

    async def _receive(self, call: grpc.aio.StreamStreamCall[pb.AppendRequest, pb.AppendResponse]) -> None:
        while (response := await call.read()) is not grpc.aio.EOF:
            assert isinstance(response, pb.AppendResponse)
            kill_points.reached("append.after")
            for result in response.results:
                _settle(self._sent.popleft().recorded, result)
        raise _StreamLost


async def _initial_metadata(call: grpc.aio.StreamStreamCall[pb.AppendRequest, pb.AppendResponse]) -> None:
    # An unreachable peer gives empty initial metadata and a status; only a peer that answered gives metadata alone.
    await call.initial_metadata()
    if call.done():
        await call.read()
        raise _StreamLost


def _settle(recorded: asyncio.Future[list[int]], result: pb.AppendResult) -> None:
    if recorded.done():
        return
    if result.HasField("refused"):
        error = MeshError(parse_reason(result.refused.reason), result.refused.message)
        error.metadata = dict(result.refused.metadata)
        recorded.set_exception(error)
    else:
        recorded.set_result(list(result.seqs))


def _retrieve(recorded: asyncio.Future[list[int]]) -> None:
    if not recorded.cancelled():
        recorded.exception()
