"""Runs that nobody drives: those that a router left behind, and those whose wait is over."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Sequence
from contextlib import suppress

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log import clock
from pal_log.events import stable_id
from pal_router.peers import Peers
from pal_router.runs import Runs
from pal_rpc.errors import MeshError

log = logging.getLogger("pal.router")

_OPEN = (shared.RUN_STATE_PENDING, shared.RUN_STATE_RUNNING, shared.RUN_STATE_STOPPING, shared.RUN_STATE_UNSPECIFIED)
_RETRY_SECONDS = 0.5
_PASSING = frozenset({reasons.ERROR_REASON_RECORDER_UNAVAILABLE, reasons.ERROR_REASON_STORE_UNAVAILABLE})
# How often this router looks for runs that nobody has, although nobody has gone away.
SWEEP_SECONDS = 15.0
# How long a router gives the one that recorded an answer to have the run go on.
OTHERS_SECONDS = 2.0


class Recovery:
    """Finds runs that are due and has them go on."""

    def __init__(self, runs: Runs, peers: Peers, tasks: asyncio.TaskGroup) -> None:
        """Have *runs* take them up, in *tasks*."""
        self._runs = runs
        self._peers = peers
        self._tasks = tasks
        self._writer = peers.writer
        # When the next input expires: (seconds since the epoch, run, input).
        self._expiries: list[tuple[float, str, str]] = []
        self._sooner = asyncio.Event()

    async def follow_tail(self) -> None:
        """Take in what the recorder makes durable, for ever."""
        async for batch in self._peers.recorder.tail(self._peers.tail_connected):
            for event in batch:
                self._runs.follow(event)
                if event.type in ("input.requested", "input.received", "input.expired"):
                    self._take(event)

    async def take_over(self) -> None:
        """Take up every run that nobody has any more, and wait for those that are suspended.

        Called once, before this router takes its first run: those of its earlier lives go on at once, those of others
        when it has watched for long enough to tell that they are gone.
        """
        await self._sweep()
        for run in await self._all((shared.RUN_STATE_SUSPENDED,)):
            waiting = await self._peers.recorder.run(run.run_id)
            for asked in waiting.pending_inputs:
                self._expect(run.run_id, asked)
            if not waiting.pending_inputs:
                self._tasks.create_task(self._recover(run.run_id))

    async def watch(self) -> None:
        """Take up the runs of routers that go away, for ever."""
        while True:
            await self._peers.holding.news(SWEEP_SECONDS)
            await self._sweep()

    async def _sweep(self) -> None:
        for run in await self._all(_OPEN):
            if self._runs.free(run.holder) and self._runs.carried(run.run_id) is None:
                self._tasks.create_task(self._recover(run.run_id))

    async def expire(self) -> None:
        """Record that nobody answered in time, whenever that is so, for ever."""
        while True:
            self._sooner.clear()
            now = clock.now()
            while self._expiries and self._expiries[0][0] <= now:
                _, run_id, input_id = heapq.heappop(self._expiries)
                await self._expired(run_id, input_id)
            pause = self._expiries[0][0] - now if self._expiries else None
            try:
                async with asyncio.timeout(pause):
                    await self._sooner.wait()
            except TimeoutError:
                continue

    def _take(self, event: events.RunEvent) -> None:
        if event.type == "input.requested":
            self._expect(event.run_id, event.input_requested)
        else:
            self._tasks.create_task(self._wake(event))

    def _expect(self, run_id: str, asked: events.InputRequested) -> None:
        if asked.HasField("expires_at"):
            heapq.heappush(self._expiries, (asked.expires_at.ToNanoseconds() / 1e9, run_id, asked.input_id))
            self._sooner.set()

    async def _expired(self, run_id: str, input_id: str) -> None:
        try:
            run = await self._peers.recorder.run(run_id)
            if input_id not in {asked.input_id for asked in run.pending_inputs}:
                return
            fact = self._writer.event(run_id, run.mode, run.epoch, input_expired=events.InputExpired(input_id=input_id))
            # Every router notices; one fact is recorded.
            fact.event_id = stable_id(run_id, "input.expired", input_id)
            await self._peers.appender.append(run_id, [fact])
        except MeshError as error:
            log.warning("input not expired", extra={"run_id": run_id, "reason": error.reason_name})
            if error.reason == reasons.ERROR_REASON_RECORDER_UNAVAILABLE:
                heapq.heappush(self._expiries, (clock.now() + _RETRY_SECONDS, run_id, input_id))

    async def _wake(self, settled: events.RunEvent) -> None:
        """Have a run go on once everybody has answered: whoever recorded the last answer does, or else another."""
        if settled.producer.instance_id != self._peers.holding.own:
            await asyncio.sleep(OTHERS_SECONDS)
        try:
            waiting = await self._peers.recorder.run(settled.run_id)
            if waiting.state == shared.RUN_STATE_SUSPENDED and not waiting.pending_inputs:
                await self._runs.go_on(await self._runs.adopted(settled.run_id))
        except MeshError as error:
            log.warning("run not resumed", extra={"run_id": settled.run_id, "reason": error.reason_name})

    async def _recover(self, run_id: str) -> None:
        while True:
            try:
                return await self._runs.go_on(await self._runs.adopted(run_id))
            except MeshError as error:
                if error.reason not in _PASSING:
                    return await self._give_up(run_id, error)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _give_up(self, run_id: str, error: MeshError) -> None:
        log.warning("run not recovered", extra={"run_id": run_id, "reason": error.reason_name})
        # When not even its documents are there, whoever looks finds the record as it is.
        with suppress(MeshError):
            await self._runs.give_up(await self._runs.adopted(run_id), error)

    async def _all(self, states: Sequence[shared.RunState]) -> list[shared.Run]:
        found: list[shared.Run] = []
        query = shared.RunQuery(states=states, page_size=200)
        while True:
            try:
                page = await self._peers.recorder.runs(query)
            except MeshError:
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            found.extend(page.runs)
            if not page.next_page_token:
                return found
            query.page_token = page.next_page_token
