"""The reading end of the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import grpc

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import slo_pb2
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error, is_lost

_PAGE_EVENTS = 1000
_READ_SECONDS = 10.0
_RECONNECT_SECONDS = 0.1


class RecorderUnavailable(MeshError):
    """The recorder cannot be reached."""

    def __init__(self, address: str) -> None:
        """Name the *address* that was tried."""
        super().__init__(
            reasons.ERROR_REASON_RECORDER_UNAVAILABLE,
            f"the recorder at {address} cannot be reached, so nothing can be recorded; "
            "start it (`pal status` shows which process is down) and try again",
            address=address,
        )


class RecorderClient:
    """Reads runs and events, and follows the log."""

    def __init__(self, stub: rpc.RecorderServiceStub, address: str) -> None:
        """Read through *stub*; *address* is for messages only."""
        self._stub = stub
        self.address = address

    async def read(self, run_id: str, after_seq: int = 0) -> pb.ReadEventsResponse:
        """Return the events of *run_id* after a position, at most a page.

        Raises:
            MeshError: RUN_NOT_FOUND, or RECORDER_UNAVAILABLE.
        """
        request = pb.ReadEventsRequest(run_id=run_id, after_seq=after_seq, max_events=_PAGE_EVENTS)
        try:
            return await self._stub.ReadEvents(request, timeout=_READ_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None

    async def log(self, run_id: str, after_seq: int = 0) -> AsyncIterator[events.RunEvent]:
        """Yield the recorded events of *run_id* after a position, in order.

        Raises:
            MeshError: RUN_NOT_FOUND, RUN_DELETED, or RECORDER_UNAVAILABLE.
        """
        while True:
            page = await self.read(run_id, after_seq)
            for gap in page.gaps:
                raise MeshError(
                    reasons.ERROR_REASON_RUN_DELETED,
                    f"run {run_id} was deleted ({gap.reason}); its events are not kept any more",
                    run_id=run_id,
                )
            for event in page.events:
                yield event
            if not page.events or page.through_seq >= page.head_seq:
                return
            after_seq = page.through_seq

    async def run(self, run_id: str) -> shared.Run:
        """Return the present state of *run_id*.

        Raises:
            MeshError: RUN_NOT_FOUND, or RECORDER_UNAVAILABLE.
        """
        try:
            response = await self._stub.GetRun(pb.RecorderServiceGetRunRequest(run_id=run_id), timeout=_READ_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None
        return response.run

    async def runs(self, query: shared.RunQuery) -> pb.RecorderServiceListRunsResponse:
        """Return a page of runs, newest first."""
        try:
            return await self._stub.ListRuns(pb.RecorderServiceListRunsRequest(query=query), timeout=_READ_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None

    async def slo(self, request: slo_pb2.GetSloRequest) -> slo_pb2.GetSloResponse:
        """Return how well runs go.

        Raises:
            MeshError: RECORDER_UNAVAILABLE, or a field is wrong.
        """
        try:
            return await self._stub.GetSlo(request, timeout=_READ_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None

    async def follow(
        self, run_id: str, after_seq: int, type_prefixes: Sequence[str] = ()
    ) -> AsyncIterator[pb.TailEventsResponse]:
        """Yield the frames of one run after a position until it is over; its events are those of *type_prefixes*."""
        request = pb.TailEventsRequest(run_id=run_id, after_seq=after_seq, type_prefixes=type_prefixes)
        call = self._stub.TailEvents(request)
        try:
            async for frame in call:
                yield frame
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None
        finally:
            call.cancel()

    async def tail_from(self, cursor: str, type_prefixes: Sequence[str]) -> AsyncIterator[pb.TailAllResponse]:
        """Yield frames of the events of all runs after *cursor*, which is empty for the present end.

        Raises:
            MeshError: RECORDER_UNAVAILABLE, whatever the cut was: the cursor of the last frame goes on.
        """
        call = self._stub.TailAll(pb.TailAllRequest(after_cursor=cursor, type_prefixes=type_prefixes))
        try:
            async for frame in call:
                yield frame
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) or RecorderUnavailable(self.address) from None
        finally:
            call.cancel()

    async def tail(self, connected: asyncio.Event) -> AsyncIterator[Sequence[events.RunEvent]]:
        """Yield the events of all runs from now on, in the order they became durable, across cuts, for ever.

        *connected* is set while the recorder is followed.
        """
        cursor = ""
        while True:
            call = self._stub.TailAll(pb.TailAllRequest(after_cursor=cursor, from_oldest=bool(cursor)))
            try:
                async for frame in call:
                    connected.set()
                    cursor = frame.cursor
                    if frame.events:
                        yield frame.events
            except grpc.aio.AioRpcError:
                pass
            finally:
                connected.clear()
                call.cancel()
            await asyncio.sleep(_RECONNECT_SECONDS)

    def _translate(self, error: grpc.aio.AioRpcError) -> Exception:
        return from_rpc_error(error) or (RecorderUnavailable(self.address) if is_lost(error) else error)
