"""The run that is shadowed, as far as it has come: what its calls were given, and what people said about them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import aclosing

from pal.v1 import run_event_pb2 as events
from pal_log.call_ids import first
from pal_rpc.recorder_client import RecorderClient
from pal_tool_executor.replay import Key, Missing, Recorded, Source, Writes, key_of

# Where a call of the shadow is: what it is found by, and how many of the same came before it.
Place = tuple[Key, int]
_FOLLOWED = ("tool.", "input.", "run.finished")


class Primary:
    """Answers the calls of one attempt of a shadow run, waiting for what the primary has not done yet."""

    def __init__(self, source: Source, recorder: RecorderClient, before: Iterable[events.ToolCallRequested]) -> None:
        """Read on from *source*; *before* are the calls that the shadow has made so far, in order."""
        self._source = source
        self._recorder = recorder
        self._writes = Writes()
        self._placed: dict[str, Place] = {}
        self._asked: Counter[Key] = Counter()
        self._following = asyncio.Lock()
        for asked in before:
            self.place(asked)

    @property
    def goes_on(self) -> bool:
        """Whether the primary may still do something, as far as is known."""
        return not self._source.finished

    def place(self, asked: events.ToolCallRequested) -> Place:
        """Return where *asked* is; a repeat of a call is where the call was."""
        call_id = first(asked.call_id)
        if call_id not in self._placed:
            key = key_of(asked, self._writes)
            self._writes.add(asked)
            self._placed[call_id] = key, self._asked[key]
            self._asked[key] += 1
        return self._placed[call_id]

    async def found(self, place: Place, *, again: bool, until: float) -> Recorded | None:
        """Return what the primary was given at *place*; None when it was given nothing there.

        As long as the primary is going, at most *until* (seconds since the epoch), that is waited for. With *again*
        the last result serves for all that come after it: nothing was written between them.
        """
        key, number = place
        while True:
            results = self._source.results(key)
            if number < len(results):
                return results[number]
            if again and results:
                return results[-1]
            if self._source.finished:
                return None
            try:
                async with asyncio.timeout(until - time.time()), self._following:
                    if len(self._source.results(key)) == len(results) and not self._source.finished:
                        await self._read_on()
            except TimeoutError:
                return None

    def answer(self, found: Recorded | None) -> tuple[int, Recorded, events.InputReceived] | None:
        """Return what a person said about the call that was *found*, and where."""
        known = self._source.answer(found.requested.call_id) if found is not None else None
        return (known[0], found, known[1]) if found is not None and known is not None else None

    def missing(self, asked: events.ToolCallRequested, place: Place) -> Missing:
        """Return the fact that the primary was given nothing for *asked*."""
        return self._source.missing(asked, place[0])

    async def _read_on(self) -> None:
        """Take in the primary's log up to the next end of a call, or to its own."""
        follow = self._recorder.follow(self._source.run_id, self._source.head_seq, _FOLLOWED)
        async with aclosing(follow) as frames:  # type: ignore[type-var]
            async for frame in frames:
                if frame.WhichOneof("frame") != "event":
                    continue
                self._source.add(frame.event)
                if frame.event.type in ("tool.call.finished", "run.finished"):
                    return
        # A run that can say nothing more has said everything.
        self._source.finished = True
