"""What is left of quotas, for whoever is about to use some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from pal.service.v1 import quota_service_pb2 as pb
from pal_recorder import quota_counters
from pal_recorder.quota_counters import QuotaCounters, Tallies, keys_of
from pal_recorder.quota_tally import pool_word
from pal_rpc.errors import InvalidField
from pal_rpc.quota_refusal import QuotaExceeded

_PAGE, _MAX_PAGE = 50, 200


class Quotas:
    """Reserves and settles."""

    def __init__(self, counters: QuotaCounters, now_ms: Callable[[], int]) -> None:
        """Count in *counters*; *now_ms* is the time in milliseconds since 1970."""
        self._counters = counters
        self._now_ms = now_ms
        self._refused: Counter[tuple[str, str]] = Counter()
        self._listeners: list[Callable[[str, str, str], None]] = []

    def listen(self, listener: Callable[[str, str, str], None]) -> None:
        """Tell *listener* of every refusal: the quota, the pool and the limit."""
        self._listeners.append(listener)

    async def reserve(self, request: pb.ReserveRequest) -> pb.ReserveResponse:
        """Take amounts from all counters of *request* or from none.

        Raises:
            QuotaExceeded: one has no room.
            InvalidField: the request is not one.
        """
        quota_counters.check_claims(request)
        response = pb.ReserveResponse()

        def reserved(tallies: Tallies) -> None:
            response.repeated = quota_counters.reserve(tallies, request, self._now_ms())

        try:
            await self._counters.change(keys_of(claim.key for claim in request.claims), reserved)
        except QuotaExceeded as refusal:
            self._count(refusal)
            raise
        return response

    async def settle(self, request: pb.SettleRequest) -> pb.SettleResponse:
        """End reservations.

        Raises:
            InvalidField: the request is not one.
        """
        quota_counters.check_count("settlements", len(request.settlements))
        keys = keys_of(key for ended in request.settlements for key in ended.keys)
        if keys:
            await self._counters.change(keys, lambda tallies: quota_counters.settle(tallies, request, self._now_ms()))
        return pb.SettleResponse()

    async def renew(self, request: pb.RenewRequest) -> pb.RenewResponse:
        """Begin the time of reservations anew.

        Raises:
            InvalidField: the request is not one.
        """
        quota_counters.check_ttl(request.ttl.ToMilliseconds())
        quota_counters.check_count("reservations", len(request.reservations))
        response = pb.RenewResponse()

        def renewed(tallies: Tallies) -> None:
            response.ended.extend(quota_counters.renew(tallies, request, self._now_ms()))

        keys = keys_of(key for reservation in request.reservations for key in reservation.keys)
        if keys:
            await self._counters.change(keys, renewed)
        return response

    async def usage(self, request: pb.ListUsageRequest) -> pb.ListUsageResponse:
        """Return a page of counters.

        Raises:
            InvalidField: the page size is negative.
        """
        if request.page_size < 0:
            raise InvalidField("page_size", f"cannot be negative, found {request.page_size}")
        size = min(request.page_size or _PAGE, _MAX_PAGE)
        found = await self._counters.all(request.page_token, request.quota, size + 1)
        now_ms = self._now_ms()
        counters = [
            pb.QuotaCounter(
                key=tally.claim.key,
                usage=tally.usage(now_ms),
                refused=self._refused[tally.claim.key.quota, pool_word(tally.claim.key.pool)],
            )
            for _, tally in found[:size]
        ]
        return pb.ListUsageResponse(counters=counters, next_page_token=found[size - 1][0] if len(found) > size else "")

    def _count(self, refusal: QuotaExceeded) -> None:
        quota, pool = refusal.metadata["quota"], refusal.metadata["pool"]
        self._refused[quota, pool] += 1
        for listener in self._listeners:
            listener(quota, pool, refusal.metadata["limit"])
