"""Answers from the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_recorder.checkpoints import statement_of, without_heads
from pal_recorder.log import RunLog
from pal_recorder.store import EventStore, RunDeleted, RunNotFound, accepted_ns
from pal_recorder.tails import Tails, log_of
from pal_rpc.errors import InvalidField

_EVENTS, _MAX_EVENTS = 500, 5000
_RUNS, _MAX_RUNS = 50, 200
_DELETED = 10
_SPANS, _MAX_SPANS = 200, 1000
_CHECKPOINTS, _MAX_CHECKPOINTS = 50, 1000
MAX_OPEN_BREAKERS = 200
_MAX_HOLDER_CHARACTERS = 128
_PROGRESS_SECONDS = 15.0
# A page stays well below the limit of one message.
_PAGE_BYTES = 2 * 1024 * 1024
_TERMINAL = "run.finished"


class Reading:
    """Reads runs, events and spans."""

    def __init__(self, log: RunLog, store: EventStore, tails: Tails) -> None:
        """Read from *store*, with what is newest from *log*."""
        self._log = log
        self._store = store
        self._tails = tails

    async def run(self, run_id: str) -> shared.Run:
        """Return a run.

        Raises:
            RunNotFound: nothing of it is recorded.
            RunDeleted: it was.
        """
        run = await self._log.run(run_id)
        if run is None:
            raise RunNotFound(run_id)
        return run

    async def read(self, request: pb.ReadEventsRequest) -> pb.ReadEventsResponse:
        """Return a page of events of one run."""
        if request.after_seq < 0:
            raise InvalidField("after_seq", f"{request.after_seq} is negative; 0 reads from the beginning")
        try:
            head_seq = (await self.run(request.run_id)).head_seq
        except RunDeleted as deleted:
            head_seq = deleted.head_seq
            return pb.ReadEventsResponse(
                through_seq=max(head_seq, request.after_seq), head_seq=head_seq, gaps=_gaps(deleted, request.after_seq)
            )
        limit = min(request.max_events or _EVENTS, _MAX_EVENTS)
        page = await self._store.entries(request.run_id, request.after_seq, limit, request.type_prefixes)
        taken, size_bytes = 0, 0
        for entry in page:
            size_bytes += len(entry.encoded)
            if taken and size_bytes > _PAGE_BYTES:
                break
            taken += 1
        complete = taken == len(page) < limit
        # The log may have grown since its head was asked for.
        head_seq = max(head_seq, page[-1].seq if page else 0)
        return pb.ReadEventsResponse(
            events=[events.RunEvent.FromString(entry.encoded) for entry in page[:taken]],
            through_seq=max(head_seq, request.after_seq) if complete else page[taken - 1].seq,
            head_seq=head_seq,
        )

    async def tail(self, request: pb.TailEventsRequest) -> AsyncIterator[pb.TailEventsResponse]:
        """Yield the events of one run, those to come as well, until the run is over."""
        try:
            run = await self.run(request.run_id)
        except RunDeleted as deleted:
            for gap in _gaps(deleted, request.after_seq):
                yield pb.TailEventsResponse(gap=gap)
            return
        cursor = request.after_seq
        prefixes = (*request.type_prefixes, _TERMINAL) if request.type_prefixes else ()
        while True:
            growth = self._tails.growth(request.run_id)
            async for event in log_of(self._store, request.run_id, cursor, prefixes):
                yield pb.TailEventsResponse(event=event)
                cursor = event.seq
            run = await self.run(request.run_id)
            if run.state == shared.RUN_STATE_FINISHED and (prefixes or cursor >= run.head_seq):
                return
            try:
                async with asyncio.timeout(_PROGRESS_SECONDS):
                    await growth.wait()
            except TimeoutError:
                progress = shared.WatchProgress(through_seq=cursor, head_seq=run.head_seq)
                yield pb.TailEventsResponse(progress=progress)

    async def runs(self, query: shared.RunQuery) -> pb.RecorderServiceListRunsResponse:
        """Return a page of runs."""
        limit = min(query.page_size or _RUNS, _MAX_RUNS)
        page = await self._store.runs(query, place_of(query.page_token), limit + 1)
        shown = [_listed(run) for run in await self._log.current(page[:limit])]
        token = cursor_of(page[limit - 1]) if len(page) > limit else ""
        first = not query.page_token
        deleted = await self._store.deleted_of(query.conversation_id, _DELETED) if first else []
        return pb.RecorderServiceListRunsResponse(runs=shown, next_page_token=token, deleted_run_ids=deleted)

    async def spans(self, request: pb.ListSpansRequest) -> pb.ListSpansResponse:
        """Return a page of spans of one run."""
        limit = min(request.page_size or _SPANS, _MAX_SPANS)
        after = _number("page_token", request.page_token)
        page = await self._store.spans(request.run_id, after, limit + 1)
        token = str(page[limit - 1][0]) if len(page) > limit else ""
        return pb.ListSpansResponse(spans=[span for _, span in page[:limit]], next_page_token=token)

    async def checkpoints(self, request: pb.ListCheckpointsRequest) -> pb.ListCheckpointsResponse:
        """Return a page of checkpoints, newest first."""
        limit = min(request.page_size or _CHECKPOINTS, _MAX_CHECKPOINTS)
        below = _number("page_token", request.page_token)
        if not below:
            newest = await self._store.last_checkpoint()
            below = statement_of(newest).number + 1 if newest else 1
        first = max(1, below - limit)
        page = await self._store.checkpoints(first - 1, below - first)
        return pb.ListCheckpointsResponse(
            checkpoints=[without_heads(checkpoint) for number, checkpoint in reversed(page) if number < below],
            next_page_token=str(first) if first > 1 else "",
        )

    async def hold(self, request: pb.HoldRequest) -> list[pb.Holder]:
        """Count a beat of a router and return all who are remembered."""
        if not 0 < len(request.holder) <= _MAX_HOLDER_CHARACTERS:
            raise InvalidField("holder", f"1 to {_MAX_HOLDER_CHARACTERS} characters; send the instance_id of this life")
        if len(request.open_breakers) > MAX_OPEN_BREAKERS:
            raise InvalidField("open_breakers", f"{len(request.open_breakers)} are too many; send {MAX_OPEN_BREAKERS}")
        return await self._store.hold(request.holder, leaving=request.leaving, opened=request.open_breakers)

    def position(self, request: pb.TailAllRequest) -> int | None:
        """Return the position that *request* wants to go on from; None for the present end."""
        if request.after_cursor:
            return _number("after_cursor", request.after_cursor)
        return 0 if request.from_oldest else None


def _gaps(deleted: RunDeleted, after_seq: int) -> list[shared.HistoryGap]:
    if after_seq >= deleted.head_seq:
        return []
    return [shared.HistoryGap(first_seq=after_seq + 1, last_seq=deleted.head_seq, reason=deleted.reason_of_gap)]


def _listed(run: shared.Run) -> shared.Run:
    run.ClearField("output")
    run.ClearField("pending_inputs")
    return run


def cursor_of(run: shared.Run) -> str:
    """Return the place just below *run* in the list of runs."""
    return f"{accepted_ns(run)}.{run.run_id}"


def place_of(cursor: str, field: str = "page_token") -> tuple[int, str] | None:
    """Return the key of a place in the list of runs; None for its beginning.

    Raises:
        InvalidField: *cursor* was not given out here.
    """
    if not cursor:
        return None
    moment, _, run_id = cursor.partition(".")
    return _number(field, moment), run_id


def _number(field: str, text: str) -> int:
    if (text and not text.isascii()) or (text and not text.isdigit()):
        raise InvalidField(field, f"{text} was not given out here; leave it empty to start again")
    return int(text or 0)
