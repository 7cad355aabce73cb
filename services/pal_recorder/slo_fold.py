"""Keeps the rollups: a fold over the log that goes on where it was, and counts each run once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress

from pal.service.v1 import slo_pb2 as slo
from pal.v1 import run_event_pb2 as events
from pal_recorder.slo_rollup import HOUR, KEPT_SECONDS, Rollup, RollupKey, keys_of, lost_keys_of
from pal_recorder.slo_timing import TYPES, RunTiming
from pal_recorder.store import Entry, EventStore, StoreUnavailable

log = logging.getLogger("pal.recorder")

FOLD_SECONDS = 1.0
# A stretch of time that ended so long ago is over: hardly anything is counted into it any more.
SETTLED_SECONDS = 300
_PAGE = 1000
_OPEN_RUNS = 20_000
# Rollups that are still being added to; a log that is caught up with has more for a while.
_OPEN_ROLLUPS = 2_000
# A log that is caught up with leaves room for those who write it.
_BREATH_SECONDS = 0.005


class SloFold:
    """Adds up finished runs and writes down how far it has got, both together."""

    def __init__(self, store: EventStore, now: Callable[[], float] = time.time) -> None:
        """Read and write *store*."""
        self._store = store
        self._now = now
        self._position: int | None = None
        self._runs: OrderedDict[str, RunTiming] = OrderedDict()
        self._rollups: OrderedDict[RollupKey, Rollup] = OrderedDict()
        self._folding = asyncio.Lock()
        self._pruned_hour = 0
        # How often something was counted into a time that has been over for a while.
        self.late = 0
        self._listeners: list[Callable[[RunTiming], None]] = []

    def listen(self, listener: Callable[[RunTiming], None]) -> None:
        """Call *listener* with every run that is counted from now on."""
        self._listeners.append(listener)

    async def follow(self) -> None:
        """Count what finishes, for ever."""
        while True:
            # A store that is away is read again a moment later.
            with suppress(StoreUnavailable):
                await self.catch_up()
            await asyncio.sleep(FOLD_SECONDS)

    async def catch_up(self) -> None:
        """Count everything that was durable when this was called.

        Raises:
            StoreUnavailable: the rollups cannot be written now.
        """
        async with self._folding:
            if self._position is None:
                self._position = await self._store.slo_position()
            try:
                await self._catch_up()
            except BaseException:
                # What was added up here may not be written down.
                self._forget(None)
                raise

    async def _catch_up(self) -> None:
        assert self._position is not None
        while page := await self._store.entries_of_all(self._position, _PAGE):
            if not await self._fold(page):
                self._forget(await self._store.slo_position())
            if len(page) < _PAGE:
                break
            await asyncio.sleep(_BREATH_SECONDS)

    async def behind(self) -> int:
        """Return about how many events are not looked at yet."""
        return max(await self._store.last_position() - (self._position or 0), 0)

    async def _fold(self, page: Sequence[Entry]) -> bool:
        """Take *page* in; tell whether nobody else has."""
        assert self._position is not None
        finished: list[RunTiming] = []
        for entry in page:
            if entry.type in TYPES and (run := await self._taken(entry)) is not None:
                finished.append(run)
        changed = dict.fromkeys(key for run in finished for key in (*keys_of(run), *lost_keys_of(run)))
        for key in changed:
            await self._open(key)
        for run in finished:
            for key in keys_of(run):
                self._rollups[key].add_run(run)
            for key in lost_keys_of(run):
                self._rollups[key].add_lost()
        rows = [(key, self._rollups[key].message().SerializeToString()) for key in changed]
        first = await self._store.put_slo(self._position, page[-1].position, rows, self._prunable())
        if first:
            self._position = page[-1].position
            over = self._now() - SETTLED_SECONDS
            self.late += any(key.start + key.width <= over for key in changed)
            for run in finished:
                for listener in self._listeners:
                    listener(run)
        while len(self._rollups) > _OPEN_ROLLUPS:
            self._rollups.popitem(last=False)
        return first

    async def _taken(self, entry: Entry) -> RunTiming | None:
        """Take an entry in; return its run if that is over with it."""
        run = self._runs.get(entry.run_id)
        if run is None:
            run = RunTiming() if entry.seq == 1 else await self._reread(entry.run_id, entry.seq)
            self._runs[entry.run_id] = run
            if len(self._runs) > _OPEN_RUNS:
                self._runs.popitem(last=False)
        run.add(events.RunEvent.FromString(entry.encoded))
        if run.finished is None:
            return None
        del self._runs[entry.run_id]
        # Nobody knows whose it was when its beginning is not kept any more.
        return run if run.agent else None

    async def _reread(self, run_id: str, before_seq: int) -> RunTiming:
        run, after_seq = RunTiming(), 0
        while page := await self._store.entries(run_id, after_seq, _PAGE):
            for entry in page:
                if entry.seq < before_seq and entry.type in TYPES:
                    run.add(events.RunEvent.FromString(entry.encoded))
            after_seq = page[-1].seq
            if after_seq >= before_seq:
                break
        return run

    async def _open(self, key: RollupKey) -> None:
        if key in self._rollups:
            self._rollups.move_to_end(key)
            return
        rollup = self._rollups[key] = Rollup()
        for found, encoded in await self._store.slo_rows(key.width, key.start, key.start):
            if found == key:
                rollup.add(slo.SloRollup.FromString(encoded))

    def _forget(self, position: int | None) -> None:
        self._position = position
        self._runs.clear()
        self._rollups.clear()

    def _prunable(self) -> list[tuple[int, int]]:
        """Return, once an hour, the widths with the start below which their rollups are not kept any more."""
        now = int(self._now())
        if now // HOUR == self._pruned_hour:
            return []
        self._pruned_hour = now // HOUR
        return [(width, now - kept_seconds) for width, kept_seconds in KEPT_SECONDS.items()]
