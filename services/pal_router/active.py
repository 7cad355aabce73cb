"""A run that this router drives: its state, and who follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_router.acceptance import Acceptance
from pal_router.fold import RunFold
from pal_router.follower import Follower
from pal_router.selection import Selection
from pal_router.slot import Slot
from pal_rpc.errors import MeshError

if TYPE_CHECKING:
    from pal_router.attempt import Attempt


FIRST_EPOCH = 1
RECENT_LIMIT_BYTES = 64 * 1024


class ActiveRun:
    """One run between its acceptance and its terminal event."""

    def __init__(
        self, acceptance: Acceptance, traceparent: str, mode: common.ExecutionMode = common.EXECUTION_MODE_LIVE
    ) -> None:
        """Begin before the first event; *traceparent* is that of the caller."""
        self.acceptance = acceptance
        self.traceparent = traceparent
        self.mode = mode
        # The attempt that is going, and the runtime that the caller pins.
        self.epoch = FIRST_EPOCH
        self.pinned_runtime = ""
        self.selection: Selection | None = None
        # Where its conversation was until now, for whoever leaves the choice to the router.
        self.earlier_runtime = ""
        # Runtimes that have failed it.
        self.lost_on: set[str] = set()
        # Its place on the runtime, and whether the record says that the attempt has begun to work there.
        self._slot: Slot | None = None
        self.started = False
        # For a replay: the answers and results that its source was given.
        self.source_calls = 0
        self.run_id = acceptance.run_id
        self.fold = RunFold()
        self.stop: events.RunStopRequested | None = None
        self.attempt: Attempt | None = None
        self.driving: asyncio.Task[rt.RuntimeResult] | None = None
        # Why the attempt that is going is taken off its runtime, if it is.
        self.moved: MeshError | None = None
        # Done once the record has accepted the run, or refused it.
        self.admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.admitted.add_done_callback(_retrieve)
        # Whether something is done for it right now, and whether another router does it instead.
        self.carrying = False
        self.taken = False
        self._followers: set[Follower] = set()
        # The beginning of the log, as long as it is small: most who follow come at once.
        self._recent: list[events.RunEvent] = []
        self._recent_bytes = 0
        self._changed = asyncio.Event()
        # What the tail has brought of a run whose beginning is still being read.
        self._ahead: dict[int, events.RunEvent] = {}

    def add(self, event: events.RunEvent) -> None:
        """Take an event of the tail or of the record, in its turn; what is known already is left out."""
        following = self.fold.head_seq + 1
        if event.seq > following:
            self._ahead[event.seq] = event
        elif event.seq == following:
            self._take(event)
            while self._ahead and (ahead := self._ahead.pop(self.fold.head_seq + 1, None)):
                self._take(ahead)

    def _take(self, event: events.RunEvent) -> None:
        self.fold.add(event)
        size_bytes = event.ByteSize()
        self._recent_bytes += size_bytes
        if self._recent_bytes <= RECENT_LIMIT_BYTES:
            self._recent.append(event)
        else:
            self._recent.clear()
        for follower in self._followers:
            follower.offer_event(event, size_bytes)
        self._changed.set()

    def lose(self) -> None:
        """Leave the run to the router that has begun its next attempt, or has ended it."""
        self.taken = True
        if self.driving is not None:
            self.driving.cancel()

    def restore(self, log: list[events.RunEvent]) -> None:
        """Take in what was recorded before this router had the run."""
        self._recent_bytes = RECENT_LIMIT_BYTES + 1
        for event in log:
            self.add(event)
        self.epoch = self.fold.epoch
        self.stop = self.fold.stop

    @property
    def slot(self) -> Slot:
        """The place of the attempt that is going."""
        assert self._slot is not None, f"run {self.run_id} has no place"
        return self._slot

    def place(self, slot: Slot) -> None:
        """Take *slot* for the next attempt, which starts at once if the slot is held."""
        self.leave()
        self._slot, self.started = slot, slot.held

    def leave(self) -> None:
        """Free the place, if there is one."""
        if self._slot is not None:
            self._slot.leave()

    def move(self, why: MeshError) -> None:
        """End the attempt that is going, so that the next one goes on where the run belongs now."""
        if self.driving is not None and not self.driving.done():
            self.moved = why
            self.driving.cancel()

    @property
    def followed(self) -> bool:
        """Whether somebody follows the run here."""
        return bool(self._followers)

    def offer_live(self, live: shared.LiveOutput) -> None:
        """Pass live output on to whoever follows, and forget it."""
        if self._followers:
            output = shared.LiveOutput(
                run_id=self.run_id,
                message_id=live.message_id,
                part_index=live.part_index,
                offset=live.offset,
                text=live.text,
                after_seq=self.fold.head_seq,
            )
            frame = pb.RunStreamFrame(live_output=output)
            for follower in self._followers:
                follower.offer_live(frame, len(live.text))

    async def until(self, condition: Callable[[RunFold], bool]) -> None:
        """Wait until the recorded state satisfies *condition*."""
        while not condition(self.fold):
            self._changed.clear()
            await self._changed.wait()

    def attach(self, follower: Follower) -> None:
        """Hand *follower* what it has missed, as far as it is at hand, and everything from now on."""
        if self._recent:
            follower.begin(self._recent)
        self._followers.add(follower)

    def detach(self, follower: Follower) -> None:
        """Stop handing things to *follower*."""
        self._followers.discard(follower)


def _retrieve(admitted: asyncio.Future[None]) -> None:
    if not admitted.cancelled():
        admitted.exception()
