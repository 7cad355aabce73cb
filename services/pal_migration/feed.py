"""The live runs of agents that are shadowed, as the log brings them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import aclosing

from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.ends import by_quota
from pal_migration.shadows import Shadows
from pal_rpc.ending import end
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient

log = logging.getLogger("pal.migration")

PREFIXES = ("run.accepted", "run.finished")
REMEMBERED_RUNS = 100_000
_RECONNECT_SECONDS = 0.2
_GONE = frozenset({reasons.ERROR_REASON_RUN_NOT_FOUND, reasons.ERROR_REASON_RUN_DELETED})
_NO_WORK = frozenset({events.RUN_OUTCOME_CANCELLED, events.RUN_OUTCOME_REJECTED})


class Feed:
    """Follows the log while something is shadowed, across cuts and restarts, from a cursor that is kept."""

    def __init__(self, record: RecorderClient, shadows: Shadows) -> None:
        """Tell *shadows* of what *record* brings."""
        self._record = record
        self._shadows = shadows
        # The agents of runs that were accepted and are not over.
        self._agents: OrderedDict[str, str] = OrderedDict()

    async def follow(self) -> None:
        """Follow for ever."""
        while True:
            await self._shadows.wanted.wait()
            over = self._shadows.over
            following, ending = asyncio.create_task(self._follow(over)), asyncio.create_task(_set(over))
            try:
                await asyncio.wait((following, ending), return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end(ending)
                await end(following)
                self._shadows.connected.clear()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _follow(self, over: asyncio.Event) -> None:
        try:
            await self._tail(over)
        except MeshError as error:
            # The record goes on from the cursor when the recorder is back; from its end when it is another record.
            if error.reason == reasons.ERROR_REASON_INVALID_FIELD:
                log.warning("cursor left", extra={"cursor": self._shadows.cursor, "error": error.message})
                self._shadows.cursor = ""
        except Exception as error:
            log.error("feed cut", exc_info=error)

    async def _tail(self, over: asyncio.Event) -> None:
        async with aclosing(self._record.tail_from(self._shadows.cursor, PREFIXES)) as frames:  # type: ignore[type-var]
            async for frame in frames:
                for event in frame.events:
                    # What is on its way when nothing is shadowed any more is not for what is shadowed next.
                    if over.is_set():
                        return
                    if event.mode == common.EXECUTION_MODE_LIVE:
                        await self._take(event)
                if over.is_set():
                    return
                if frame.cursor:
                    self._shadows.move_on(frame.cursor)

    async def _take(self, event: events.RunEvent) -> None:
        if event.type == "run.accepted":
            agent = event.run_accepted.agent.name
            self._agents[event.run_id] = agent
            if len(self._agents) > REMEMBERED_RUNS:
                self._agents.popitem(last=False)
            self._shadows.accepted(agent, event.run_id)
        elif event.run_finished.outcome not in _NO_WORK and not by_quota(event.run_finished):
            agent = self._agents.pop(event.run_id, "") or await self._agent_of(event.run_id)
            self._shadows.finished(agent, event.run_id)
        else:
            self._agents.pop(event.run_id, None)

    async def _agent_of(self, run_id: str) -> str:
        try:
            return (await self._record.run(run_id)).agent.name
        except MeshError as error:
            if error.reason not in _GONE:
                raise
            return ""


async def _set(event: asyncio.Event) -> None:
    await event.wait()
