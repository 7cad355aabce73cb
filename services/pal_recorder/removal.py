"""Runs whose events leave the store: what has to stay so that the checkpoints still hold."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncGenerator, Iterator, Sequence, Set
from itertools import pairwise

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_recorder.checkpoints import statement_of
from pal_recorder.store import Entry, RecordReader

_PAGE_CHECKPOINTS, _PAGE_EVENTS, _BATCH_EVENTS = 50, 1000, 2000
# Beyond so many pages a place is searched for.
_NEAR_PAGES = 3


class Ends:
    """Where checkpoints end; asked for places that grow, it reads each of them once."""

    def __init__(self, store: RecordReader) -> None:
        """Read the checkpoints of *store*."""
        self._store = store
        self._number = 0
        self._ends: list[int] = []

    async def ends_at(self, position: int) -> bool:
        """Tell whether a checkpoint ends at *position*."""
        for _ in range(_NEAR_PAGES):
            if self._ends and position <= self._ends[-1]:
                break
            if not await self._next():
                return False
        else:
            await self._search(position)
        place = bisect_left(self._ends, position)
        return place < len(self._ends) and self._ends[place] == position

    async def _next(self) -> bool:
        page = await self._store.checkpoints(self._number, _PAGE_CHECKPOINTS)
        if page:
            self._number = page[-1][0]
            self._ends = [statement_of(checkpoint).through_position for _, checkpoint in page]
        return bool(page)

    async def _search(self, position: int) -> None:
        newest = statement_of(await self._store.last_checkpoint() or pb.Checkpoint()).number
        low, high = self._number, newest
        while low < high:
            middle = (low + high) // 2
            found = await self._store.checkpoints(middle - 1, 1)
            if found and statement_of(found[0][1]).through_position < position:
                low = middle + 1
            else:
                high = middle
        self._number = low - 1
        await self._next()


async def all_entries(store: RecordReader, run_id: str) -> list[Entry]:
    """Return every entry of a run."""
    entries: list[Entry] = []
    while page := await store.entries(run_id, entries[-1].seq if entries else 0, _PAGE_EVENTS):
        entries += page
    return entries


async def logs(store: RecordReader, runs: Sequence[shared.Run]) -> AsyncGenerator[list[Entry], None]:
    """Yield every entry of each of *runs*, which are over and not archived; small runs are read together."""
    start = 0
    while start < len(runs):
        end, events = start + 1, runs[start].head_seq
        while end < len(runs) and events + runs[end].head_seq <= _BATCH_EVENTS:
            events += runs[end].head_seq
            end += 1
        batch = [run.run_id for run in runs[start:end]]
        found: dict[str, list[Entry]] = {run_id: [] for run_id in batch}
        for entry in await store.entries_of(batch) if len(batch) > 1 else await all_entries(store, batch[0]):
            found[entry.run_id].append(entry)
        for run_id in batch:
            # Somebody else may have moved it meanwhile.
            yield found[run_id]
        start = end


async def stand_ins(store: RecordReader, runs: Sequence[Sequence[Entry]]) -> list[list[Entry]]:
    """Return those of the entries of each run that checkpoints end with, without their bytes.

    What lies apart from the next of its run counts as well: an end may lie between, and one too many does no harm.
    """
    ends = Ends(store)
    close = sorted(entry.position for run in runs for entry, _ in _neighbours(run))
    ending = {position for position in close if await ends.ends_at(position)}
    return [_kept(run, ending) for run in runs]


def _neighbours(run: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    return ((entry, following) for entry, following in pairwise(run) if following.position == entry.position + 1)


def _kept(run: Sequence[Entry], ending: Set[int]) -> list[Entry]:
    spared = {entry.position for entry, _ in _neighbours(run)} - ending
    return [entry._replace(event_id="", type="", encoded=b"") for entry in run if entry.position not in spared]
