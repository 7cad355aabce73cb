"""The archive of a store: runs whose events lie in files are read as if they were still here."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.chain import GENESIS, chained
from pal_recorder.store import ArchiveUnavailable, Entry, EventStore, RecordReader

if TYPE_CHECKING:
    from types import ModuleType

# Entries of runs that were read a moment ago: a run is read page after page.
_REMEMBERED_RUNS = 8


class Archive:
    """Reads and writes files, those of one URL and those that runs name."""

    def __init__(self, url: str | None = None) -> None:
        """Archive to *url* where no other is named; it is also where files are looked for that have moved.

        Raises:
            ArchiveUnavailable: *url* is none, or there is nothing to read and write it with.
        """
        self.url = self.checked(url) if url else None

    def checked(self, url: str) -> str:
        """Return *url* as it is noted.

        Raises:
            ArchiveUnavailable: it is none, or there is nothing to read and write it with.
        """
        try:
            return str(_files(url).checked_url(url))
        except ValueError as error:
            raise ArchiveUnavailable(url, str(error)) from None

    async def write(self, url: str, runs: Sequence[Sequence[Entry]]) -> tuple[list[pb.ArchivedRun], int]:
        """Keep *runs* in one file below *url*; return where each of them is, and the length of the file.

        Raises:
            ArchiveUnavailable: it cannot be written.
        """
        files = _files(url)

        def write() -> tuple[list[pb.ArchivedRun], int]:
            content, places = files.packed(runs)
            file = files.write(url, content)
            for place in places:
                place.url = file
            return places, len(content)

        try:
            return await asyncio.to_thread(write)
        except files.ERRORS as error:
            raise ArchiveUnavailable(url, _said(error)) from None

    async def read(self, place: pb.ArchivedRun) -> list[Entry]:
        """Return the entries of the run at *place*, which are those that were archived.

        Raises:
            ArchiveUnavailable: they cannot be read, or are not.
        """
        files = _files(place.url, place.run_id)
        entries: list[Entry] | None = None
        problem = ""
        for url in (place.url, *([files.moved(place.url, self.url)] if self.url else [])):
            try:
                entries = await asyncio.to_thread(files.read, url, place)
                break
            except files.ERRORS as error:
                problem = problem or _said(error)
        if entries is None:
            raise ArchiveUnavailable(place.url, problem, place.run_id)
        if not _whole(entries, place):
            raise ArchiveUnavailable(place.url, "it is not what was archived", place.run_id)
        return entries

    async def remove(self, url: str) -> None:
        """Remove a file that holds no run any more.

        Raises:
            ArchiveUnavailable: it stays.
        """
        files = _files(url)
        try:
            await asyncio.to_thread(files.remove, url)
        except files.ERRORS as error:
            raise ArchiveUnavailable(url, _said(error)) from None


class _WithArchive:
    """A store that reads what has left it from an archive."""

    def __init__(self, store: RecordReader, archive: Archive) -> None:
        self._store = store
        self._archive = archive
        self._read: OrderedDict[str, list[Entry]] = OrderedDict()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def entries(self, run_id: str, after_seq: int, limit: int, prefixes: Sequence[str] = ()) -> list[Entry]:
        """Return entries of one run, from wherever they are."""
        found = await self._store.entries(run_id, after_seq, limit, prefixes)
        if found or not (archived := await self._archived(run_id)):
            return found
        wanted = tuple(prefixes)
        later = (entry for entry in archived if entry.seq > after_seq)
        return [entry for entry in later if not wanted or entry.type.startswith(wanted)][:limit]

    async def newest_ids(self, run_id: str, limit: int) -> dict[str, int]:
        """Return the newest event ids of a run, from wherever they are."""
        found = await self._store.newest_ids(run_id, limit)
        return found or {entry.event_id: entry.seq for entry in (await self._archived(run_id))[-limit:]}

    async def _archived(self, run_id: str) -> list[Entry]:
        place = await self._store.archived(run_id)
        if place is None:
            self._read.pop(run_id, None)
            return []
        if run_id not in self._read:
            self._read[run_id] = await self._archive.read(place)
            while len(self._read) > _REMEMBERED_RUNS:
                self._read.popitem(last=False)
        return self._read.get(run_id, [])


def with_archive(store: EventStore, archive: Archive) -> EventStore:
    """Return *store* with the events of archived runs in *archive*."""
    return cast("EventStore", _WithArchive(store, archive))


def reader_with_archive(reader: RecordReader, archive: Archive) -> RecordReader:
    """Return *reader* with the events of archived runs in *archive*."""
    return cast("RecordReader", _WithArchive(reader, archive))


def _files(archive: str, run_id: str = "") -> ModuleType:
    try:
        from pal_recorder import archive_files
    except ImportError:
        problem = "pyarrow is not installed: pip install 'pal-mesh[archive]'"
        raise ArchiveUnavailable(archive, problem, run_id) from None
    return archive_files


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__


def _whole(entries: Sequence[Entry], place: pb.ArchivedRun) -> bool:
    hash_ = GENESIS
    for seq, entry in enumerate(entries, start=1):
        hash_ = chained(hash_, place.run_id, seq, entry.event_id, entry.type, entry.encoded)
        if (entry.run_id, entry.seq, entry.hash) != (place.run_id, seq, hash_):
            return False
    return (len(entries), hash_) == (place.head_seq, place.head_hash)
