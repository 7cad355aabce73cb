"""Whole runs on their way from one record to another, in the bytes in which they are recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import trace_span_pb2 as traces
from pal_recorder.foreign import CheckedRun, ForeignRun, Frames, checked, placed
from pal_recorder.log import RunLog
from pal_recorder.reading import cursor_of, place_of
from pal_recorder.store import Entry, EventStore, Group, StoreUnavailable, accepted_ns
from pal_rpc.errors import MeshError, failure

_PAGE_RUNS, _PAGE_EVENTS, _PAGE_SPANS = 200, 1000, 500
_BATCH_EVENTS, _BATCH_SPANS = 2000, 5000
_FRAME_BYTES = 256 * 1024
_MESSAGE_BYTES = 1024 * 1024
_IMPORTED, _UNCHANGED, _REFUSED = (
    pb.IMPORT_OUTCOME_IMPORTED,
    pb.IMPORT_OUTCOME_UNCHANGED,
    pb.IMPORT_OUTCOME_REFUSED,
)


class Export:
    """Reads whole runs of a store."""

    def __init__(self, store: EventStore, request: pb.ExportRunsRequest) -> None:
        """Export what *request* asks for."""
        self._store = store
        self._request = request
        self._unfinished = 0

    async def messages(self) -> AsyncIterator[pb.ExportRunsResponse]:
        """Yield the runs, newest first, in messages of moderate size; the last says how many were left out."""
        frames: list[pb.RecordFrame] = []
        size_bytes, cursor = 0, ""
        async for run, frame in self._frames():
            frames.append(frame)
            size_bytes += frame.ByteSize()
            cursor = cursor_of(run) if frame.HasField("end") else ""
            if size_bytes > _MESSAGE_BYTES:
                yield pb.ExportRunsResponse(frames=frames, cursor=cursor, unfinished_runs=self._unfinished)
                frames, size_bytes = [], 0
        yield pb.ExportRunsResponse(frames=frames, cursor=cursor, unfinished_runs=self._unfinished)

    async def _frames(self) -> AsyncIterator[tuple[shared.Run, pb.RecordFrame]]:
        async for batch in self._batches():
            spans = await self._spans(batch)
            together = [run.run_id for run in batch] if spans is not None else []
            entries = _by_run(await self._store.entries_of(together))
            for run in batch:
                log = entries.get(run.run_id, [])
                if log and log[-1].seq == run.head_seq and spans is not None:
                    for frame in _whole(log, spans.get(run.run_id, [])):
                        yield run, frame
                else:
                    async for frame in self._paged(run):
                        yield run, frame

    async def _batches(self) -> AsyncIterator[list[shared.Run]]:
        """Yield runs that are read together, as many as are small; one that is long or going is read in pages."""
        batch: list[shared.Run] = []
        events = 0
        async for run in self._runs():
            if batch and events + run.head_seq > _BATCH_EVENTS:
                yield batch
                batch, events = [], 0
            batch.append(run)
            events += run.head_seq
        if batch:
            yield batch

    async def _spans(self, batch: Sequence[shared.Run]) -> dict[str, list[traces.TraceSpan]] | None:
        """Return the spans of a batch by run; None when there are too many at once, or too many events."""
        if sum(run.head_seq for run in batch) > _BATCH_EVENTS:
            return None
        found = await self._store.spans_of([run.run_id for run in batch], _BATCH_SPANS)
        if len(found) == _BATCH_SPANS:
            return None
        spans: dict[str, list[traces.TraceSpan]] = {}
        for span in found:
            spans.setdefault(span.run_id, []).append(span)
        return spans

    async def _runs(self) -> AsyncIterator[shared.Run]:
        query, before = self._request.query, place_of(self._request.after_cursor, "after_cursor")
        while page := await self._store.runs(query, before, _PAGE_RUNS):
            for run in page:
                if run.state == shared.RUN_STATE_FINISHED or self._request.unfinished:
                    yield run
                else:
                    self._unfinished += 1
            before = (accepted_ns(page[-1]), page[-1].run_id)

    async def _paged(self, run: shared.Run) -> AsyncIterator[pb.RecordFrame]:
        # A run that is going may have grown; what it has now is exported.
        last = await self._store.newest_ids(run.run_id, 1)
        head_seq = max(last.values(), default=0)
        head = await self._store.entries(run.run_id, head_seq - 1, 1)
        stored = pb.StoredRun(run_id=run.run_id, head_seq=head_seq, head_hash=head[0].hash if head else b"")
        yield pb.RecordFrame(begin=stored)
        after_seq = 0
        while page := await self._store.entries(run.run_id, after_seq, min(_PAGE_EVENTS, head_seq - after_seq)):
            for piece in _pieces(page):
                yield pb.RecordFrame(events=pb.StoredEvents(events=piece))
            after_seq = page[-1].seq
            if after_seq >= head_seq:
                break
        key = 0
        while spans := await self._store.spans(run.run_id, key, _PAGE_SPANS):
            yield pb.RecordFrame(spans=pb.StoredSpans(spans=[span for _, span in spans]))
            key = spans[-1][0]
        yield pb.RecordFrame(end=stored)


class Import:
    """Records whole runs."""

    def __init__(self, log: RunLog, store: EventStore) -> None:
        """Write by *log*."""
        self._log = log
        self._store = store

    async def answers(self, requests: AsyncIterator[pb.ImportRunsRequest]) -> AsyncIterator[pb.ImportRunsResponse]:
        """Yield what becomes of the runs in *requests*."""
        frames = Frames()
        async for request in requests:
            ended = [run for frame in request.frames if (run := frames.take(frame))]
            if ended and request.check_only:
                yield pb.ImportRunsResponse(runs=await self._fates([run.stored for run in ended]))
            elif ended:
                yield pb.ImportRunsResponse(runs=await self._take(ended))

    async def _take(self, runs: Sequence[ForeignRun]) -> list[pb.ImportedRun]:
        # Hashing and parsing would hold everybody up.
        results = await asyncio.to_thread(lambda: [_checked(run) for run in runs])
        told = {place: result for place, result in enumerate(results) if isinstance(result, pb.ImportedRun)}
        fitting = {place: result for place, result in enumerate(results) if isinstance(result, CheckedRun)}

        async def assembled(position: int) -> Group:
            fresh: dict[str, CheckedRun] = {}
            fates = await self._fates([run.stored for run in fitting.values()])
            for (place, run), fate in zip(fitting.items(), fates, strict=True):
                told[place] = fate
                if fate.outcome == _IMPORTED and run.stored.run_id not in fresh:
                    fresh[run.stored.run_id] = run
            taken = list(fresh.values())
            return Group(
                placed(taken, position),
                {run.stored.run_id: run.run for run in taken},
                spans=[span for run in taken for span in run.spans],
            )

        try:
            await self._log.write(assembled)
        except StoreUnavailable as error:
            # As an answer, since a stream that ends while somebody writes to it does not say why.
            return [_refused(run.stored.run_id, error) for run in runs]
        return [told[place] for place in range(len(runs))]

    async def _fates(self, runs: Sequence[pb.StoredRun]) -> list[pb.ImportedRun]:
        # Most are new here, which one question answers for all.
        known = await self._store.known([stored.run_id for stored in runs])
        return [
            await self._fate(stored)
            if stored.run_id in known
            else pb.ImportedRun(run_id=stored.run_id, outcome=_IMPORTED)
            for stored in runs
        ]

    async def _fate(self, stored: pb.StoredRun) -> pb.ImportedRun:
        """Return what becomes of a run that is known."""
        if await self._store.run(stored.run_id) is None:
            return pb.ImportedRun(run_id=stored.run_id, outcome=pb.IMPORT_OUTCOME_DELETED)
        ends = await self._store.entries(stored.run_id, stored.head_seq - 1, 2)
        if [(entry.seq, entry.hash) for entry in ends] == [(stored.head_seq, stored.head_hash)]:
            return pb.ImportedRun(run_id=stored.run_id, outcome=_UNCHANGED)
        return _refused(stored.run_id, _differs(stored))


def _checked(run: ForeignRun) -> CheckedRun | pb.ImportedRun:
    try:
        return checked(run)
    except MeshError as error:
        return _refused(run.stored.run_id, error)


def _differs(stored: pb.StoredRun) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_RUN_DIFFERS,
        f"run {stored.run_id} is recorded here with other events than those up to {stored.head_seq} that are imported",
        run_id=stored.run_id,
        head_seq=stored.head_seq,
    )


def _refused(run_id: str, error: MeshError) -> pb.ImportedRun:
    return pb.ImportedRun(run_id=run_id, outcome=_REFUSED, refused=failure(error))


def _by_run(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.run_id, []).append(entry)
    return found


def _whole(log: Sequence[Entry], spans: Sequence[traces.TraceSpan]) -> Iterator[pb.RecordFrame]:
    stored = pb.StoredRun(run_id=log[-1].run_id, head_seq=log[-1].seq, head_hash=log[-1].hash)
    yield pb.RecordFrame(begin=stored)
    for piece in _pieces(log):
        yield pb.RecordFrame(events=pb.StoredEvents(events=piece))
    for start in range(0, len(spans), _PAGE_SPANS):
        yield pb.RecordFrame(spans=pb.StoredSpans(spans=spans[start : start + _PAGE_SPANS]))
    yield pb.RecordFrame(end=stored)


def _pieces(page: Sequence[Entry]) -> list[list[pb.StoredEvent]]:
    pieces: list[list[pb.StoredEvent]] = [[]]
    size_bytes = 0
    for entry in page:
        if pieces[-1] and size_bytes + len(entry.encoded) > _FRAME_BYTES:
            pieces.append([])
            size_bytes = 0
        pieces[-1].append(pb.StoredEvent(encoded=entry.encoded, hash=entry.hash))
        size_bytes += len(entry.encoded) + 48
    return pieces
