"""Old runs move to the archive: written, read back, and only then, in one transaction, gone from here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_recorder.archive import Archive
from pal_recorder.log import RunLog
from pal_recorder.reading import cursor_of, place_of
from pal_recorder.removal import logs, stand_ins
from pal_recorder.store import Entry, EventStore, Group, Removal
from pal_rpc.errors import InvalidField

# One file, which is held in memory while it is made.
_FILE_RUNS, _FILE_BYTES = 2000, 32 * 1024 * 1024


class Archiving:
    """Archives runs of one store."""

    def __init__(self, log: RunLog, store: EventStore, archive: Archive) -> None:
        """Take events out of *store* by *log* once they are in *archive*."""
        self._log = log
        self._store = store
        self._archive = archive

    async def archive(self, request: pb.ArchiveRunsRequest) -> pb.ArchiveRunsResponse:
        """Archive the next runs that *request* asks for.

        Raises:
            MeshError: INVALID_FIELD, ARCHIVE_UNAVAILABLE, or STORE_UNAVAILABLE; then nothing has left the store.
        """
        if not request.HasField("accepted_before"):
            raise InvalidField("accepted_before", "missing; state the moment before which runs are archived")
        url = self._archive.checked(request.url) if request.url else self._archive.url
        if not url:
            raise InvalidField("url", "missing; name a directory or s3://BUCKET/PREFIX, or set PAL_ARCHIVE_URL")
        after = place_of(request.after_cursor, "after_cursor") or (-1, "")
        runs = await self._store.unarchived(after, request.accepted_before.ToNanoseconds(), _FILE_RUNS)
        looked_at, size_bytes = 0, 0
        chosen: list[tuple[shared.Run, list[Entry]]] = []
        async with aclosing(logs(self._store, runs)) as each:
            async for entries in each:
                if entries:
                    chosen.append((runs[looked_at], entries))
                looked_at += 1
                size_bytes += sum(len(entry.encoded) for entry in entries)
                if size_bytes > _FILE_BYTES:
                    break
        told = await self._move(url, chosen) if chosen else pb.ArchiveRunsResponse()
        more = looked_at < len(runs) or len(runs) == _FILE_RUNS
        told.cursor = cursor_of(runs[looked_at - 1]) if more else ""
        return told

    async def _move(self, url: str, chosen: Sequence[tuple[shared.Run, list[Entry]]]) -> pb.ArchiveRunsResponse:
        places, size_bytes = await self._archive.write(url, [entries for _, entries in chosen])
        told = pb.ArchiveRunsResponse(size_bytes=size_bytes)

        async def assembled(_: int) -> Group:
            moving = [
                (run, entries, place)
                for (run, entries), place in zip(chosen, places, strict=True)
                # Somebody else may have deleted or archived it meanwhile.
                if await self._store.run(run.run_id) and not await self._store.archived(run.run_id)
            ]
            heads = await stand_ins(self._store, [entries for _, entries, _ in moving])
            told.runs, told.events = len(moving), sum(len(entries) for _, entries, _ in moving)
            removals = [Removal(run, kept, archived=place) for (run, _, place), kept in zip(moving, heads, strict=True)]
            return Group(removals=removals)

        await self._log.write(assembled)
        return told
