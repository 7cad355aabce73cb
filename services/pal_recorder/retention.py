"""Retention: old runs are deleted, and the record says which."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_log.events import now
from pal_recorder.anchors import Anchors
from pal_recorder.archive import Archive
from pal_recorder.log import RunLog
from pal_recorder.removal import all_entries, stand_ins
from pal_recorder.store import Entry, EventStore, Group, Removal
from pal_rpc.errors import InvalidField

REASON = "RETENTION"
_PAGE_RUNS = 200
# One turn of the writer; others wait for it.
_TURN_RUNS, _TURN_EVENTS = 200, 20_000
_TURN_ARTIFACTS = 200
# Content is put before what refers to it, seconds before in a run, and perhaps hours in an import that is cut.
_SPARED_NS = 24 * 3600 * 10**9
_FINISHED = shared.RunQuery(states=[shared.RUN_STATE_FINISHED])


class Retention:
    """Deletes runs of one store."""

    def __init__(self, log: RunLog, store: EventStore, anchors: Anchors, archive: Archive) -> None:
        """Delete by *log*, in checkpoints of *anchors*; files of *archive* go with the last of their runs."""
        self._log = log
        self._store = store
        self._anchors = anchors
        self._archive = archive

    async def delete(self, request: pb.DeleteRunsRequest) -> pb.DeleteRunsResponse:
        """Delete the next runs that *request* asks for.

        Raises:
            MeshError: INVALID_FIELD, or STORE_UNAVAILABLE.
        """
        if not request.HasField("accepted_before"):
            raise InvalidField("accepted_before", "missing; state the moment before which runs are deleted")
        before = (request.accepted_before.ToNanoseconds(), "")
        if request.dry_run:
            return await self._counted(before)
        runs = await self._store.runs(_FINISHED, before, _TURN_RUNS)
        told = await self._delete(runs)
        if not told.more:
            told.artifacts = await self._sweep()
        return told

    async def _sweep(self) -> int:
        before_ns, count = time.time_ns() - _SPARED_NS, 0
        while swept := await self._store.sweep_artifacts(before_ns, _TURN_ARTIFACTS):
            count += swept
        return count

    async def _counted(self, before: tuple[int, str]) -> pb.DeleteRunsResponse:
        told = pb.DeleteRunsResponse()
        while page := await self._store.runs(_FINISHED, before, _PAGE_RUNS):
            told.runs += len(page)
            told.events += sum(run.head_seq for run in page)
            before = (page[-1].accepted_at.ToNanoseconds(), page[-1].run_id)
        return told

    async def _delete(self, runs: Sequence[shared.Run]) -> pb.DeleteRunsResponse:
        chosen: list[tuple[shared.Run, list[Entry]]] = []
        archived: dict[str, pb.ArchivedRun] = {}
        events = 0
        for run in runs:
            if chosen and events + run.head_seq > _TURN_EVENTS:
                break
            if place := await self._store.archived(run.run_id):
                archived[run.run_id] = place
            # What stands in for archived events is there already.
            chosen.append((run, [] if place else await all_entries(self._store, run.run_id)))
            events += run.head_seq
        chosen.sort(key=lambda one: one[0].run_id)

        async def assembled(position: int) -> Group:
            # Somebody else may have deleted them meanwhile.
            left = [one for one in chosen if await self._store.run(one[0].run_id)]
            if not left:
                return Group()
            deleted = [_removal(run, entries, archived.get(run.run_id)) for run, entries in left]
            checkpoint = await self._anchors.removing(position, deleted)
            heads = await stand_ins(self._store, [entries for _, entries in left])
            removals = [
                Removal(run, kept, deleted=removal)
                for (run, _), kept, removal in zip(left, heads, deleted, strict=True)
            ]
            return Group(checkpoint=checkpoint, removals=removals)

        await self._log.write(assembled)
        for url in sorted({place.url for place in archived.values()}):
            if not await self._store.in_archive(url):
                await self._archive.remove(url)
        return pb.DeleteRunsResponse(
            runs=len(chosen), events=events, more=len(runs) == _TURN_RUNS or len(chosen) < len(runs)
        )


def _removal(run: shared.Run, entries: Sequence[Entry], archived: pb.ArchivedRun | None) -> pb.RunRemoval:
    head_hash = entries[-1].hash if entries else archived.head_hash if archived else b""
    return pb.RunRemoval(
        run_id=run.run_id,
        head_seq=run.head_seq,
        head_hash=head_hash,
        removed_at=now(),
        reason=REASON,
        conversation_id=run.conversation_id,
    )
