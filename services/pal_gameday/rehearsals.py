"""Rollouts in a drill: begun, followed to their end, and taken back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as service
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import gameday_pb2 as pb
from pal.v1 import rollout_pb2 as rollouts
from pal_gameday.evidence import RolledBack
from pal_gameday.mesh import Mesh
from pal_gameday.routing import AUTHOR, CALL_SECONDS
from pal_gameday.traffic import BrokenOff
from pal_rollout.machine import ACTIVE, DONE, PAUSED, ROLLING_BACK
from pal_rollout.plan import API_VERSION, KIND
from pal_rpc.errors import MeshError

_ENDS = {
    service.ROLLOUT_STATE_DONE: pb.GAME_DAY_ROLLOUT_END_DONE,
    service.ROLLOUT_STATE_ABORTED: pb.GAME_DAY_ROLLOUT_END_ABORTED,
}
_OVER = "the drill is over"
_MOST_ROLLOUTS = 200


class Rehearsals:
    """The rollouts of one drill."""

    def __init__(self, mesh: Mesh, plan: pb.GameDay, drill_id: str, tell: Callable[[str, str], None]) -> None:
        """Begin them in *mesh* for the drill *drill_id* of *plan*; *tell* what happens in them, by step."""
        self._mesh = mesh
        self._plan = plan
        self._drill_id = drill_id
        self._tell = tell
        self._known: dict[str, service.RolloutStatus] = {}
        self._changed = asyncio.Condition()

    async def begin(self, step: pb.GameDayStep) -> None:
        """Begin the rollout of *step*."""
        rollout = rehearsed(self._plan, step)
        request = service.ApplyRolloutRequest(rollout=rollout, author=_author(self._drill_id))
        answer = await self._mesh.rollouts.ApplyRollout(request, timeout=CALL_SECONDS)
        self._known[step.id] = answer.status

    async def follow(self, step: pb.GameDayStep) -> None:
        """Follow the rollout of *step* until it is over."""
        selector = service.RolloutSelector(rollout_id=self._known[step.id].rollout_id)
        told = 0
        async for frame in self._mesh.rollouts.WatchRollout(service.WatchRolloutRequest(rollout=selector)):
            for entry in frame.status.history[told:]:
                self._tell(step.id, _said(entry))
            told = len(frame.status.history)
            async with self._changed:
                self._known[step.id] = frame.status
                self._changed.notify_all()

    async def until(self, wait: pb.GameDayWait) -> None:
        """Return once the rollout that *wait* names is over, or has begun the wave.

        Raises:
            BrokenOff: it is over without having begun the wave.
        """
        names = [wave.name for wave in self._known[wait.rollout].rollout.spec.waves]
        place = names.index(wait.wave) if wait.wave else len(names)

        def come_so_far() -> bool:
            status = self._known[wait.rollout]
            return status.state in _ENDS or (status.wave >= place and status.HasField("step_began_at"))

        async with self._changed:
            await self._changed.wait_for(come_so_far)
        status = self._known[wait.rollout]
        if wait.wave and status.state in _ENDS and status.wave < place:
            raise BrokenOff(f"rollout {wait.rollout} ended before wave {wait.wave}: {status.reason or 'done'}")

    async def seen(self) -> list[pb.DrillRollout]:
        """Return how the rollouts of the drill went so far."""
        expected = {step.id: step.rollout.expect for step in self._plan.spec.method}
        return [
            pb.DrillRollout(
                step=step,
                rollout_id=status.rollout_id,
                ended=_ENDS.get(status.state, pb.GAME_DAY_ROLLOUT_END_UNSPECIFIED),
                expected=expected[step] or pb.GAME_DAY_ROLLOUT_END_DONE,
                reason=status.reason,
                history=[_said(entry) for entry in status.history],
                repeated_acts=await self._repeated(status),
            )
            for step, status in self._known.items()
        ]

    def rollbacks(self) -> list[RolledBack]:
        """Return the routes that rollouts have put back by themselves, agent by agent."""
        return [
            RolledBack(
                step=step,
                agent=agent.agent,
                left=status.rollout.spec.candidate,
                back_on=agent.before.stable,
                switched_ns=status.applied_at.ToNanoseconds(),
                ordered_ns=status.back_ordered_at.ToNanoseconds(),
                acknowledged_ns=status.ended_at.ToNanoseconds(),
            )
            for step, status in self._known.items()
            for agent in status.agents
            if status.state == service.ROLLOUT_STATE_ABORTED and agent.HasField("present")
        ]

    async def _repeated(self, status: service.RolloutStatus) -> list[str]:
        marks: Counter[str] = Counter()
        for agent in status.agents:
            request = registry.ListRouteRevisionsRequest(agent=agent.agent)
            listed = await self._mesh.registry.ListRouteRevisions(request, timeout=CALL_SECONDS)
            own = (route.mark for route in listed.routes if route.mark.startswith(f"{status.rollout_id}/"))
            marks.update(f"{agent.agent} {mark}" for mark in own)
        return sorted(mark for mark, times in marks.items() if times > 1)


def rehearsed(plan: pb.GameDay, step: pb.GameDayStep) -> rollouts.Rollout:
    """Return the rollout of *step*, which looks at drills alone."""
    name = f"{plan.metadata.name}-{step.id}"
    rollout = rollouts.Rollout(
        api_version=API_VERSION,
        kind=KIND,
        metadata=common.SpecMeta(name=name, version=plan.metadata.version),
        spec=step.rollout.plan,
    )
    rollout.spec.lane = common.EXECUTION_MODE_DRILL
    return rollout


async def taken_back(mesh: Mesh, drill_id: str) -> None:
    """End the rollouts of a drill, and take back those that are done. Safe to repeat."""
    listed = await mesh.rollouts.ListRollouts(
        service.ListRolloutsRequest(page_size=_MOST_ROLLOUTS), timeout=CALL_SECONDS
    )
    for status in listed.rollouts:
        if status.applied_by != _author(drill_id):
            continue
        selector = service.RolloutSelector(rollout_id=status.rollout_id)
        if status.state in (DONE, ROLLING_BACK):
            back = service.RollbackRolloutRequest(rollout=selector, author=AUTHOR, reason=_OVER)
            await mesh.rollouts.RollbackRollout(back, timeout=CALL_SECONDS)
        elif status.state in ACTIVE:
            aborting = service.AbortRolloutRequest(rollout=selector, author=AUTHOR, reason=_OVER)
            await mesh.rollouts.AbortRollout(aborting, timeout=CALL_SECONDS)


async def check_free(mesh: Mesh, agent: str) -> None:
    """Check that no rollout is at work on *agent*, whose route the drill is to set and to put back.

    Raises:
        MeshError: ROLLOUT_ACTIVE.
    """
    listed = await mesh.rollouts.ListRollouts(
        service.ListRolloutsRequest(agent=agent, page_size=_MOST_ROLLOUTS), timeout=CALL_SECONDS
    )
    for status in listed.rollouts:
        if status.state in ACTIVE - {PAUSED}:
            name = status.rollout.metadata.name
            raise MeshError(
                reasons.ERROR_REASON_ROLLOUT_ACTIVE,
                f"rollout {name} has agent {agent}, whose route this drill sets; wait until it is over, or pause it "
                f"meanwhile (`pal rollout pause {name}`)",
                agent=agent,
                rollout_id=status.rollout_id,
            )


def _author(drill_id: str) -> str:
    return f"{AUTHOR} {drill_id}"


def _said(entry: service.RolloutEntry) -> str:
    return f"{entry.what} ({entry.reason})" if entry.reason else entry.what
