"""The work on samples: both lanes one soon after the other, at a pace that leaves the live runs alone."""

from __future__ import annotations

import asyncio
import logging
import time

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_migration.comparing import Comparing
from pal_migration.lanes import BASELINE, CANDIDATE, LaneLost, Lanes
from pal_migration.ledger import Ledger
from pal_migration.pacing import Pace, patiently
from pal_migration.sampling import candidate_first
from pal_migration.shadows import Shadows
from pal_migration.store import Item, Kind
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient

log = logging.getLogger("pal.migration")

LIVE_CANCELLED, ON_CANDIDATE, LIVE_STILL_GOING = "LIVE_RUN_CANCELLED", "LIVE_RUN_ON_CANDIDATE", "LIVE_RUN_STILL_GOING"
# How long the end of a live run is waited for that was shadowed while it was going.
_LIVE_SECONDS = 900.0
_STORE_RETRY_SECONDS = 1.0
_NO_WORK = frozenset({events.RUN_OUTCOME_CANCELLED, events.RUN_OUTCOME_REJECTED})


class _LeftOut(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Work:
    """Takes samples from the queue and carries them out."""

    def __init__(
        self, shadows: Shadows, lanes: Lanes, record: RecorderClient, comparing: Comparing, pace: Pace
    ) -> None:
        """Begin shadow runs at *pace*, whatever the number of workers."""
        self._shadows = shadows
        self._lanes = lanes
        self._record = record
        self._comparing = comparing
        self._pace = pace

    async def go_on(self) -> None:
        """Carry out one sample after the other, for ever."""
        while True:
            ledger, sample = await self._shadows.queue.get()
            try:
                await self._carry_out(ledger, sample)
            except _LeftOut as left_out:
                ledger.leave_out(sample, left_out.reason)
            except LaneLost as lost:
                ledger.lose(sample, lost.reason)
            except MeshError as error:
                ledger.lose(sample, error.reason_name)
            except Exception as error:
                log.error("sample failed", extra={"run_id": sample.run_id}, exc_info=error)
                ledger.lose(sample, "INTERNAL")

    async def _carry_out(self, ledger: Ledger, sample: pb.Sample) -> None:
        _check_open(ledger, sample)
        live = await patiently(lambda: self._record.run(sample.run_id))
        _check(live, ledger)
        # Another worker may have begun meanwhile.
        _check_open(ledger, sample)
        ledger.begin(sample)
        runtimes = {CANDIDATE: ledger.plan.candidate}
        if sample.with_baseline:
            runtimes[BASELINE] = live.runtime
        # What is over was so before the service was started again.
        going = [lane for lane in runtimes if not getattr(sample, f"{lane}_run_id")]
        first = candidate_first(ledger.shadow_id, sample.run_id)
        for lane in sorted(going, key=lambda lane: (lane == CANDIDATE) != first):
            await self._pace.turn()
            ended = await self._lanes.run(ledger.shadow, sample.run_id, lane, runtimes[lane])
            ledger.spent(sample, lane, ended)
        await self._compare(ledger, sample)

    async def _compare(self, ledger: Ledger, sample: pb.Sample) -> None:
        kept: list[Item] = []
        if sample.with_baseline:
            await self._over(sample.run_id, ledger)
            made_at = time.time_ns()
            triple = await patiently(lambda: self._comparing.triple(sample))
            for pair in await patiently(lambda: self._comparing.pairs(triple)):
                key = f"{ledger.shadow_id}/{made_at:020}/{sample.run_id}/{pair.pair_kind}"
                kept.append(Item(Kind.COMPARISON, key, pair.SerializeToString()))
        ledger.compared(sample)
        await self._keep(kept)

    async def _keep(self, items: list[Item]) -> None:
        """Keep *items* together with the end of their sample, as soon as the store takes them."""
        while True:
            try:
                return await self._shadows.keep(*items)
            except MeshError as error:
                log.warning("comparison not kept yet", extra={"reason": error.reason_name, "error": error.message})
            await asyncio.sleep(_STORE_RETRY_SECONDS)

    async def _over(self, run_id: str, ledger: Ledger) -> None:
        """Wait for the end of a live run that was shadowed while it was going."""
        try:
            async with asyncio.timeout(_LIVE_SECONDS):
                live = await self._record.run(run_id)
                while live.state != shared.RUN_STATE_FINISHED:
                    async for _ in self._record.follow(run_id, live.head_seq, ("run.finished",)):
                        pass
                    live = await self._record.run(run_id)
        except TimeoutError:
            raise LaneLost(LIVE_STILL_GOING) from None
        _check(live, ledger)


def _check_open(ledger: Ledger, sample: pb.Sample) -> None:
    if reason := ledger.refusal(sample):
        raise _LeftOut(reason)


def _check(live: shared.Run, ledger: Ledger) -> None:
    if live.outcome in _NO_WORK:
        raise _LeftOut(LIVE_CANCELLED)
    if live.runtime == ledger.plan.candidate != ledger.shadow.baseline:
        raise _LeftOut(ON_CANDIDATE)
