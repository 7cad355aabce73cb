"""Reservations of quotas with the recorder: waited for when something is taken, not when it is given back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
from google.protobuf import duration_pb2

from pal.service.v1 import quota_service_pb2 as pb
from pal.service.v1 import quota_service_pb2_grpc as rpc
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.ending import end
from pal_rpc.identity import bearer
from pal_rpc.recorder_client import RecorderUnavailable
from pal_rpc.status import from_rpc_error

log = logging.getLogger("pal.quotas")

_CALL_SECONDS = 5.0
_RETRY_SECONDS, _GOODBYE_SECONDS = 0.2, 1.0
# What cannot be given back for so long has expired.
_SETTLING_SECONDS = 300.0
# How long what is given back waits for more of it, and how much leaves together.
_LINGER_SECONDS, _TOGETHER = 0.005, 500
_NOTHING = pb.QuotaAmounts()


@dataclass(frozen=True)
class Reservation:
    """What was taken, and from where; *repeated* when it had been taken before."""

    reservation_id: str
    claims: Sequence[pb.QuotaClaim]
    repeated: bool = False

    @property
    def keys(self) -> list[pb.QuotaKey]:
        """Its counters."""
        return [claim.key for claim in self.claims]


class QuotaClient:
    """Reserves and settles."""

    def __init__(self, stub: rpc.QuotaServiceStub, token: str, address: str) -> None:
        """Call *stub* with the service *token*; *address* of the recorder is for messages."""
        self._stub = stub
        self._metadata = bearer(token)
        self._address = address
        # Not bounded: what it holds is as much as is going on at once.
        self._settling: asyncio.Queue[pb.QuotaSettlement] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to settle."""
        # Not a TaskGroup: it lives exactly as long as this object, which is a context manager.
        self._task = asyncio.create_task(self._settle_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Settle what is left, if the recorder takes it at once."""
        with_time = asyncio.create_task(self._settling.join())
        await asyncio.wait([with_time], timeout=_GOODBYE_SECONDS)
        with_time.cancel()
        assert self._task is not None
        await end(self._task)

    async def reserve(
        self,
        reservation_id: str,
        claims: Sequence[pb.QuotaClaim],
        amounts: pb.QuotaAmounts,
        ttl_seconds: float,
        *,
        accepted: bool = False,
    ) -> Reservation:
        """Take *amounts* from the counters of *claims*, for *ttl_seconds* unless it is settled or renewed.

        What is for a run that was *accepted* is not refused.

        Raises:
            MeshError: QUOTA_EXCEEDED, or RECORDER_UNAVAILABLE.
        """
        request = pb.ReserveRequest(
            reservation_id=reservation_id, claims=claims, amounts=amounts, ttl=_duration(ttl_seconds), accepted=accepted
        )
        reservation = Reservation(reservation_id, claims)
        try:
            response = await self._stub.Reserve(request, timeout=_CALL_SECONDS, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            if (known := from_rpc_error(error)) is not None:
                raise known from None
            # Nobody knows whether it was taken.
            self.settle(reservation, undone=True)
            raise RecorderUnavailable(self._address) from None
        except asyncio.CancelledError:
            self.settle(reservation, undone=True)
            raise
        return Reservation(reservation_id, claims, response.repeated)

    def settle(self, reservation: Reservation, used: pb.QuotaAmounts = _NOTHING, *, undone: bool = False) -> None:
        """Count what was *used* and give the rest back, without waiting; all of it when the use was *undone*."""
        self._settling.put_nowait(
            pb.QuotaSettlement(
                reservation_id=reservation.reservation_id, keys=reservation.keys, used=used, undone=undone
            )
        )

    async def renew(self, reservations: Sequence[Reservation], ttl_seconds: float) -> set[str]:
        """Let *reservations* stand for *ttl_seconds* from now on; return those that do not stand any more.

        Raises:
            MeshError: RECORDER_UNAVAILABLE.
        """
        renewed = [
            pb.QuotaReservation(reservation_id=reservation.reservation_id, keys=reservation.keys)
            for reservation in reservations
        ]
        request = pb.RenewRequest(reservations=renewed, ttl=_duration(ttl_seconds))
        try:
            response = await self._stub.Renew(request, timeout=_CALL_SECONDS, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) or RecorderUnavailable(self._address) from None
        return set(response.ended)

    async def _settle_all(self) -> None:
        while True:
            ended = [await self._settling.get()]
            await asyncio.sleep(_LINGER_SECONDS)
            while len(ended) < _TOGETHER and not self._settling.empty():
                ended.append(self._settling.get_nowait())
            try:
                await self._settle(pb.SettleRequest(settlements=ended))
            finally:
                for _ in ended:
                    self._settling.task_done()

    async def _settle(self, request: pb.SettleRequest) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _SETTLING_SECONDS
        while True:
            try:
                await self._stub.Settle(request, timeout=_CALL_SECONDS, metadata=self._metadata)
                return
            except grpc.aio.AioRpcError as error:
                known = from_rpc_error(error)
                passing = known is None or known.reason == reasons.ERROR_REASON_STORE_UNAVAILABLE
                if not passing or loop.time() > until:
                    extra = {"reservations": len(request.settlements), "problem": error.details() or ""}
                    log.warning("quotas not settled", extra=extra)
                    return
            await asyncio.sleep(_RETRY_SECONDS)


def _duration(seconds: float) -> duration_pb2.Duration:
    duration = duration_pb2.Duration()
    duration.FromMilliseconds(int(seconds * 1000))
    return duration
