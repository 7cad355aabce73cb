"""Counters in the memory of the one recorder of a store, and in the store with the next group of events.

Whoever has reserved something and then records an event has both durable, or the reservation first: the change is in
the group that is committed next, and the event in that one or in a later one. So a run that anybody can see has its
reservation on disk, and a reservation costs no write of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence

from pal.service.v1 import quota_service_pb2 as pb
from pal_recorder.quota_counters import Tallies
from pal_recorder.quota_tally import Tally

_PRUNED_EVERY_MS = 60_000


class MemoryCounters:
    """Counters by key; see :class:`pal_recorder.quota_counters.QuotaCounters`."""

    def __init__(self, rows: Mapping[str, bytes], now_ms: Callable[[], int]) -> None:
        """Begin with the *rows* of the store."""
        self._tallies = {key: Tally(pb.QuotaState.FromString(encoded)) for key, encoded in rows.items()}
        self._now_ms = now_ms
        self._changed: set[str] = set()
        self._pruned_ms = now_ms()
        self._wake: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> bool:
        """Whether there is a change that is not in the store."""
        return bool(self._changed)

    def listen(self, wake: Callable[[], None]) -> None:
        """Call *wake* after every change."""
        self._wake = wake

    async def change(self, keys: Sequence[str], changed: Callable[[Tallies], object]) -> None:
        """Change counters."""
        tallies = {key: self._tallies.get(key) or Tally(pb.QuotaState()) for key in keys}
        changed(tallies)
        self._tallies.update(tallies)
        self._changed.update(keys)
        self._wake()

    async def all(self, after: str, quota: str, limit: int) -> list[tuple[str, Tally]]:
        """Return counters."""
        fitting = (key for key, tally in self._tallies.items() if key > after and quota in ("", tally.claim.key.quota))
        return [(key, self._tallies[key]) for key in heapq.nsmallest(limit, fitting)]

    def rows(self) -> dict[str, bytes | None]:
        """Return what has changed since they were returned last, for the store; None for what leaves it."""
        rows: dict[str, bytes | None] = {}
        if (now_ms := self._now_ms()) - self._pruned_ms >= _PRUNED_EVERY_MS:
            self._pruned_ms = now_ms
            for key in [key for key, tally in self._tallies.items() if tally.idle(now_ms)]:
                del self._tallies[key]
                rows[key] = None
        for key in self._changed & self._tallies.keys():
            rows[key] = self._tallies[key].state().SerializeToString()
        self._changed.clear()
        return rows

    def put_back(self, keys: Iterable[str]) -> None:
        """Take *keys* for changed again: they did not get into the store."""
        self._changed.update(keys)
