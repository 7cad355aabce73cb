"""The controller: every active rollout is looked at, decided and carried on, one action at a time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from pal.service.v1 import migration_service_pb2 as migration
from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_log import clock
from pal_migration.rollouts.acting import Acting
from pal_migration.rollouts.holding import Rollouts
from pal_migration.rollouts.sights import Sights
from pal_migration.shadows import Shadows
from pal_rollout import actions, changes
from pal_rollout.machine import PAUSED, RUNNING, decide
from pal_rollout.seen import Seen
from pal_rpc import kill_points
from pal_rpc.errors import MeshError, disposition

log = logging.getLogger("pal.migration")

# More in a row is a fault of ours, and no reason to keep a core busy.
_MOST_ACTIONS = 50


class Control:
    """Carries rollouts on."""

    def __init__(
        self, rollouts: Rollouts, sights: Sights, acting: Acting, shadows: Shadows, interval_seconds: float
    ) -> None:
        """Look at each of *rollouts* every *interval_seconds*, and when something wakes it."""
        self._rollouts = rollouts
        self._sights = sights
        self._acting = acting
        self._shadows = shadows
        self._interval_seconds = interval_seconds

    async def keep_on(self) -> None:
        """Carry on for ever."""
        while True:
            await self._rollouts.wanted.wait()
            self._rollouts.wake.clear()
            await asyncio.gather(*(self.look(status) for status in self._rollouts.active()))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_seconds):
                    await self._rollouts.wake.wait()

    async def look(self, status: pb.RolloutStatus) -> None:
        """Carry *status* on until it has to wait; what keeps it from going on is told in it."""
        try:
            problem = await self._carry_on(status)
        except MeshError as error:
            problem = error.message
            if disposition(error.reason) != common.FAILURE_DISPOSITION_RETRY and status.state == RUNNING:
                changes.pause(status, clock.now_ns(), reason=error.message)
                self._rollouts.touch(status)
        except Exception as error:
            log.error("rollout not carried on", extra={"rollout_id": status.rollout_id}, exc_info=error)
            problem = f"this is a fault of PAL: {type(error).__name__}: {error}"
        if status.problem != problem:
            status.problem = problem
            self._rollouts.touch(status)
        with suppress(MeshError):
            await self._rollouts.keep()

    async def _carry_on(self, status: pb.RolloutStatus) -> str:
        """Act until there is something to wait for; return what cannot be seen meanwhile."""
        for _ in range(_MOST_ACTIONS):
            await self._rollouts.keep()
            self._count_pairs(status)
            seen = await self._seen(status)
            action = decide(status, seen)
            match action:
                case actions.Rest():
                    return ""
                case actions.Wait():
                    await self._tell(status, action)
                    return seen.blind
                case actions.Place():
                    await self._acting.place(status, action.routes)
                    return ""
                case actions.Settle():
                    await self._acting.settle(status, action.agents)
                    return ""
                case actions.BeginShadows():
                    await self._acting.begin_shadows(status, action.agents)
                case actions.EndShadows():
                    await self._acting.end_shadows(status, action.agents)
                case _:
                    kill_points.reached("rollout.change")
                    _change(status, action)
                    self._rollouts.touch(status)
        log.error("a rollout does not come to rest", extra={"rollout_id": status.rollout_id})
        return ""

    async def _seen(self, status: pb.RolloutStatus) -> Seen:
        if status.state in (RUNNING, PAUSED):
            return await self._sights.seen(status)
        # The way back needs the registry and nobody else.
        return self._sights.routes(status)

    def _count_pairs(self, status: pb.RolloutStatus) -> None:
        for agent in status.agents:
            if agent.shadow_id:
                ledger = self._shadows.find(migration.ShadowSelector(shadow_id=agent.shadow_id))
                if agent.counts.pairs != ledger.progress.pairs:
                    agent.counts.pairs = ledger.progress.pairs
                    self._rollouts.touch(status)

    async def _tell(self, status: pb.RolloutStatus, action: actions.Wait) -> None:
        if list(status.gates) != list(action.gates):
            del status.gates[:]
            status.gates.extend(action.gates)
            await self._rollouts.tell()


def _change(status: pb.RolloutStatus, action: actions.Action) -> None:
    now_ns = clock.now_ns()
    match action:
        case actions.Begin():
            status.step_began_at.CopyFrom(changes.stamp(now_ns))
        case actions.Enter():
            changes.enter(status, action.wave, action.step, now_ns)
        case actions.Pause():
            status.pause_taken = status.pause_taken or action.by_plan
            changes.pause(status, now_ns, reason=action.reason)
        case actions.Abort():
            changes.abort(status, now_ns, reason=action.reason)
        case actions.Leave():
            for agent in status.agents:
                if agent.agent in action.agents:
                    agent.left = action.agents[agent.agent]
                    changes.note(status, now_ns, f"{agent.agent} is left", reason=agent.left)
        case actions.Conclude():
            changes.conclude(status, now_ns)
        case actions.End():
            changes.end(status, action.state, now_ns)
