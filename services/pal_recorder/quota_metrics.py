"""Quotas as Prometheus sees them: one series for each bound of a document, however many tenants have a counter."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from pal.service.v1 import quota_service_pb2 as pb
from pal_recorder.quota_tally import label, pool_word
from pal_recorder.quotas import Quotas
from pal_recorder.store import StoreUnavailable

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Gauge

_WHICH = ("quota", "pool", "limit")
_EVERY_SECONDS = 5.0
_PAGE = 200


class QuotaMetrics:
    """Has registries show quotas."""

    def __init__(self, quotas: Quotas) -> None:
        """Show *quotas*."""
        self._quotas = quotas
        self._gauges: list[Gauge] = []

    def show(self, registry: CollectorRegistry) -> None:
        """Have *registry* count refusals, and show how full the fullest counter of each bound is."""
        from prometheus_client import Counter, Gauge

        refusals = Counter("pal_quota_refusals", "Reservations that a quota refused", _WHICH, registry=registry)
        self._quotas.listen(lambda quota, pool, limit: refusals.labels(quota, pool, limit).inc())
        text = "Share of a bound that is used or reserved, of its fullest counter"
        self._gauges.append(Gauge("pal_quota_used_ratio", text, _WHICH, registry=registry))

    async def keep(self) -> None:
        """Keep the gauges up to date, for ever."""
        while self._gauges:
            # A store that is away is asked again.
            with suppress(StoreUnavailable):
                await self.look()
            await asyncio.sleep(_EVERY_SECONDS)

    async def look(self) -> None:
        """Bring the gauges up to date.

        Raises:
            StoreUnavailable: the store is away.
        """
        shares = await self._shares()
        for gauge in self._gauges:
            gauge.clear()
            for which, share in shares.items():
                gauge.labels(*which).set(share)

    async def _shares(self) -> dict[tuple[str, str, str], float]:
        shares: dict[tuple[str, str, str], float] = {}
        request = pb.ListUsageRequest(page_size=_PAGE)
        while True:
            page = await self._quotas.usage(request)
            for counter in page.counters:
                for usage in counter.usage:
                    limit = label(usage.measure, usage.window.seconds, usage.currency_code)
                    which = (counter.key.quota, pool_word(counter.key.pool), limit)
                    shares[which] = max(shares.get(which, 0.0), (usage.used + usage.reserved) / usage.allowed)
            if not page.next_page_token:
                return shares
            request.page_token = page.next_page_token
