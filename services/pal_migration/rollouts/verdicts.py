"""Verdicts on the shadows of rollouts, reached beside the controller: a judgement may take seconds."""

from __future__ import annotations

import asyncio
import logging

from pal.service.v1 import migration_service_pb2 as migration
from pal.service.v1 import rollout_service_pb2 as pb
from pal_migration.judging import Judging
from pal_migration.rollouts.holding import Rollouts
from pal_migration.rollouts.sights import Sights
from pal_migration.shadows import Shadows
from pal_rpc.errors import MeshError

log = logging.getLogger("pal.migration")


class Verdicts:
    """Judges each shadow of a rollout when there is something new to judge by."""

    def __init__(
        self, rollouts: Rollouts, shadows: Shadows, judging: Judging, sights: Sights, interval_seconds: float
    ) -> None:
        """Judge the same shadow once in *interval_seconds* at most, and tell *sights*."""
        self._rollouts = rollouts
        self._shadows = shadows
        self._judging = judging
        self._sights = sights
        self._interval_seconds = interval_seconds
        self._judged_on: dict[str, int] = {}

    async def keep_on(self) -> None:
        """Judge for ever."""
        while True:
            await self._rollouts.wanted.wait()
            for status in self._rollouts.active():
                for agent in status.agents:
                    if agent.shadow_id:
                        await self._judge(status, agent)
            await asyncio.sleep(self._interval_seconds)

    async def _judge(self, status: pb.RolloutStatus, agent: pb.RolloutAgent) -> None:
        shadow_id = agent.shadow_id
        try:
            ledger = self._shadows.find(migration.ShadowSelector(shadow_id=shadow_id))
            pairs = ledger.progress.pairs
            if not pairs or self._judged_on.get(shadow_id) == pairs:
                return
            found = await self._judging.verdict(ledger)
        except MeshError as error:
            log.warning("no verdict", extra={"shadow_id": shadow_id, "error": error.message})
            return
        self._judged_on[shadow_id] = pairs
        self._sights.verdicts[shadow_id] = found
        if agent.shadow_id == shadow_id:
            agent.verdict, agent.verdict_reason = found.outcome, found.reason
            self._rollouts.touch(status)
            self._rollouts.wake.set()
