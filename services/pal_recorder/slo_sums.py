"""Sums of rollups, kept where the time that they are of is over: adding up a month again for each question is slow.

A bucket is closed when it ended SETTLED_SECONDS ago. What this recorder counts into a closed bucket all the same drops
every sum; where there may be other recorders, what they count there is seen after KEPT_SECONDS.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pal.service.v1 import slo_pb2 as slo
from pal_recorder.slo_fold import SETTLED_SECONDS, SloFold
from pal_recorder.slo_rollup import Rollup, stretches
from pal_recorder.store import EventStore

KEPT_SECONDS = 60.0
# Encoded, one takes less than a kilobyte.
_MAX_ROLLUPS = 10_000
# So many rows are added up in about three milliseconds; then others have their turn.
_BREATH_ROWS = 64
Who = tuple[int, str, str]
Sums = defaultdict[Who, Rollup]


@dataclass(frozen=True)
class Wanted:
    """Whose runs are added up: of a mode, of an agent and a runtime if they are named; or only how they ended."""

    mode: int
    agent: str = ""
    runtime: str = ""
    outcomes: bool = False

    def take(self, into: Rollup, encoded: bytes) -> None:
        """Count a rollup in."""
        (into.add_outcomes if self.outcomes else into.add)(slo.SloRollup.FromString(encoded))


# The width of the buckets, the number of the first and of the last, and whose.
Place = tuple[int, int, int, Wanted]


@dataclass(frozen=True)
class _Kept:
    """A sum: when it was added up, how often the fold had counted late by then, and the rollups."""

    at: float
    late: int
    rollups: Sequence[tuple[Who, bytes]]


class SloSums:
    """Adds rollups of a window up, by mode, agent and runtime."""

    def __init__(self, store: EventStore, fold: SloFold, clock: Callable[[], float] = time.monotonic) -> None:
        """Read *store*, which *fold* keeps up to date."""
        self._store = store
        self._fold = fold
        self._clock = clock
        self._kept_seconds = math.inf if store.exclusive else KEPT_SECONDS
        self._kept: OrderedDict[Place, _Kept] = OrderedDict()
        self._rollups = 0

    async def of(self, wanted: Wanted, start: int, end: int) -> dict[Who, Rollup]:
        """Return the sums from *start* to *end*, which is now, in seconds."""
        found: Sums = defaultdict(Rollup)
        for width, first, last in stretches(start, end):
            closed = (end - SETTLED_SECONDS) // width * width - width
            if first <= closed:
                for who, encoded in await self._closed(wanted, width, first, min(last, closed)):
                    wanted.take(found[who], encoded)
            if last > closed:
                await self._add(found, wanted, width, max(first, closed + 1), last)
        return dict(found)

    async def _closed(self, wanted: Wanted, width: int, first: int, last: int) -> Sequence[tuple[Who, bytes]]:
        # Which starts lie between them does not change with every second.
        place = (width, -(-first // width), last // width, wanted)
        known = self._kept.get(place)
        if known is None or known.at <= self._clock() - self._kept_seconds or known.late != self._fold.late:
            began, late = self._clock(), self._fold.late
            sums: Sums = defaultdict(Rollup)
            await self._add(sums, wanted, width, first, last)
            rollups = [(who, one.message().SerializeToString()) for who, one in sums.items()]
            self._drop(place)
            known = self._kept[place] = _Kept(began, late, rollups)
            self._rollups += len(rollups)
            while self._rollups > _MAX_ROLLUPS and len(self._kept) > 1:
                self._drop(next(iter(self._kept)))
        self._kept.move_to_end(place)
        return known.rollups

    def _drop(self, place: Place) -> None:
        if (known := self._kept.pop(place, None)) is not None:
            self._rollups -= len(known.rollups)

    async def _add(self, sums: Sums, wanted: Wanted, width: int, first: int, last: int) -> None:
        for place, (key, encoded) in enumerate(await self._store.slo_rows(width, first, last), 1):
            if place % _BREATH_ROWS == 0:
                await asyncio.sleep(0)
            if key.mode == wanted.mode and wanted.agent in ("", key.agent) and wanted.runtime in ("", key.runtime):
                wanted.take(sums[key.mode, key.agent, key.runtime], encoded)
