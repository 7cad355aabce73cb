"""One client that follows a run, at its own pace and with bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_router.fold import RunFold
from pal_rpc.recorder_client import RecorderClient

PENDING_LIMIT_BYTES = 256 * 1024
PROGRESS_SECONDS = 15.0
# What follows a message within this time shares the next one: text that people watch appear, and what is recorded. The
# end of a run waits for nothing, and whatever leaves takes all the rest along.
LIVE_WINDOW_SECONDS, EVENT_WINDOW_SECONDS = 0.01, 0.1
_TERMINAL = "run.finished"


class Follower:
    """Hands the frames of one run to one client.

    Events come from the tail while the client keeps up. When more than PENDING_LIMIT_BYTES wait for it, the
    waiting ones are dropped and read again from the record once it asks; live output is dropped for good, since
    the complete message follows as an event.
    """

    def __init__(
        self,
        run_id: str,
        fold: RunFold,
        recorder: RecorderClient,
        *,
        after_seq: int = 0,
        live_output: bool = True,
        type_prefixes: Sequence[str] = (),
    ) -> None:
        """Follow *run_id*, whose state as far as the tail has come is *fold*, after a position."""
        self._run_id = run_id
        self._fold = fold
        self._recorder = recorder
        self._cursor = after_seq
        self._live_output = live_output
        self._prefixes = tuple(type_prefixes)
        self._pending: list[pb.RunStreamFrame] = []
        self._pending_bytes = 0
        self._behind = after_seq < fold.head_seq
        self._wake = asyncio.Event()
        # The end of the window. Kept beside the timer, which in uvloop does not always know it.
        self._timer: asyncio.Handle | None = None
        self._wakes_at = 0.0
        self._woken_at = 0.0
        # When the client was told something last, and whether it has to be told that there is nothing.
        self._told_at = 0.0
        self._due = False
        if self._behind or fold.finished:
            self._wake.set()

    def begin(self, log: Sequence[events.RunEvent]) -> None:
        """Take what was missed from *log*, the whole log so far."""
        self._behind = False
        self._wake.clear()
        for event in log:
            self.offer_event(event, event.ByteSize())

    def offer_event(self, event: events.RunEvent, size_bytes: int) -> None:
        """Take the next event of the tail."""
        if not self._behind and event.seq > self._cursor:
            self._push(pb.RunStreamFrame(event=event), size_bytes)
        self._notify(0.0 if event.type == _TERMINAL else EVENT_WINDOW_SECONDS)

    def offer_live(self, frame: pb.RunStreamFrame, size_bytes: int) -> None:
        """Take live output, unless the client is behind."""
        if self._live_output and not self._behind and self._pending_bytes + size_bytes <= PENDING_LIMIT_BYTES:
            self._push(frame, size_bytes)
            self._notify(LIVE_WINDOW_SECONDS)

    async def batches(self) -> AsyncIterator[list[pb.RunStreamFrame]]:
        """Yield what there is, several frames at a time under load, until the terminal event was yielded."""
        loop = asyncio.get_running_loop()
        self._told_at = loop.time()
        self._progress_timer = loop.call_later(PROGRESS_SECONDS, self._check_progress)
        try:
            while True:
                await self._wake.wait()
                frames = await self._catch_up() if self._behind else self._take()
                wanted = [frame for frame in frames if self._wants(frame)]
                if wanted or self._due:
                    self._due, self._told_at = False, loop.time()
                    yield wanted or [self._progress()]
                if any(frame.event.type == _TERMINAL for frame in frames):
                    return
        finally:
            self._progress_timer.cancel()

    def _check_progress(self) -> None:
        # One timer that looks at a clock: setting one anew for each message costs more than the message.
        loop = asyncio.get_running_loop()
        silent_seconds = loop.time() - self._told_at
        if silent_seconds >= PROGRESS_SECONDS:
            self._due, silent_seconds = True, 0.0
            self._wake.set()
        self._progress_timer = loop.call_later(PROGRESS_SECONDS - silent_seconds, self._check_progress)

    def _progress(self) -> pb.RunStreamFrame:
        progress = shared.WatchProgress(through_seq=self._cursor, head_seq=self._fold.head_seq)
        return pb.RunStreamFrame(progress=progress)

    def _notify(self, window_seconds: float) -> None:
        """Wake the client's stream: at once when it was quiet for so long, else at the end of the window."""
        loop = asyncio.get_running_loop()
        wakes_at = self._woken_at + window_seconds
        if not window_seconds or wakes_at <= loop.time():
            self._wake_now()
        elif self._timer is None or wakes_at < self._wakes_at:
            self._stop_timer()
            self._wakes_at = wakes_at
            self._timer = loop.call_at(wakes_at, self._wake_now)

    def _wake_now(self) -> None:
        self._stop_timer()
        self._woken_at = asyncio.get_running_loop().time()
        self._wake.set()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _push(self, frame: pb.RunStreamFrame, size_bytes: int) -> None:
        self._pending.append(frame)
        self._pending_bytes += size_bytes
        if self._pending_bytes > PENDING_LIMIT_BYTES:
            self._pending.clear()
            self._pending_bytes = 0
            self._behind = True

    def _take(self) -> list[pb.RunStreamFrame]:
        self._wake.clear()
        frames, self._pending, self._pending_bytes = self._pending, [], 0
        for frame in reversed(frames):
            if frame.HasField("event"):
                self._cursor = frame.event.seq
                break
        return frames

    async def _catch_up(self) -> list[pb.RunStreamFrame]:
        page = await self._recorder.read(self._run_id, self._cursor)
        frames = [pb.RunStreamFrame(event=event) for event in page.events]
        frames += [pb.RunStreamFrame(gap=gap) for gap in page.gaps]
        self._cursor = max(self._cursor, page.through_seq)
        # The record is never behind the tail; from here on the tail goes on without a hole.
        if self._cursor >= self._fold.head_seq:
            self._behind = False
            self._wake.clear()
        return frames

    def _wants(self, frame: pb.RunStreamFrame) -> bool:
        if not self._prefixes or not frame.HasField("event"):
            return True
        return frame.event.type.startswith(self._prefixes) or frame.event.type == _TERMINAL


async def recorded(
    run_id: str, recorder: RecorderClient, after_seq: int, *, follow: bool, type_prefixes: Sequence[str] = ()
) -> AsyncIterator[list[pb.RunStreamFrame]]:
    """Yield the events of a run that this router does not drive, and, to *follow*, those to come until its end."""
    prefixes = tuple(type_prefixes)
    finished = False
    while True:
        page = await recorder.read(run_id, after_seq)
        frames = [pb.RunStreamFrame(gap=gap) for gap in page.gaps]
        for event in page.events:
            finished = finished or event.type == _TERMINAL
            if not prefixes or event.type.startswith(prefixes) or event.type == _TERMINAL:
                frames.append(pb.RunStreamFrame(event=event))
        if frames:
            yield frames
        after_seq = max(after_seq, page.through_seq)
        if after_seq >= page.head_seq:
            break
    if follow and not finished:
        async for frame in recorder.follow(run_id, after_seq):
            if frame.HasField("event"):
                if not prefixes or frame.event.type.startswith(prefixes) or frame.event.type == _TERMINAL:
                    yield [pb.RunStreamFrame(event=frame.event)]
            elif frame.HasField("progress"):
                yield [pb.RunStreamFrame(progress=frame.progress)]
            elif frame.HasField("gap"):
                yield [pb.RunStreamFrame(gap=frame.gap)]
