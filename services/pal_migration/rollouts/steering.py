"""What people ask of a rollout that is under way."""

from __future__ import annotations

from collections.abc import Callable

from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_log import clock
from pal_migration.rollouts.applying import OPERATOR
from pal_migration.rollouts.holding import Rollouts
from pal_migration.rollouts.sights import Sights
from pal_rollout import changes
from pal_rollout.machine import DONE
from pal_rpc.errors import MeshError


class Steering:
    """Pauses, resumes, promotes, approves, aborts and rolls back. What is asked is kept before the answer.

    Raises (every method):
        MeshError: ROLLOUT_NOT_FOUND; ROLLOUT_OVER, it stands where that cannot be done; STORE_UNAVAILABLE.
    """

    def __init__(self, rollouts: Rollouts, sights: Sights) -> None:
        """Steer *rollouts*."""
        self._rollouts = rollouts
        self._sights = sights

    async def pause(self, request: pb.PauseRolloutRequest) -> pb.RolloutStatus:
        """Stay where it is."""
        who = request.author or OPERATOR
        return await self._steered(request.rollout, lambda one: changes.pause(one, clock.now_ns(), who, request.reason))

    async def resume(self, request: pb.ResumeRolloutRequest) -> pb.RolloutStatus:
        """Go on."""
        who = request.author or OPERATOR
        return await self._steered(
            request.rollout,
            lambda one: changes.resume(one, self._sights.routes(one), clock.now_ns(), who, request.reason),
        )

    async def promote(self, request: pb.PromoteRolloutRequest) -> pb.RolloutStatus:
        """Take the gates of the present step for held."""
        who = request.author or OPERATOR
        return await self._steered(
            request.rollout, lambda one: changes.promote(one, clock.now_ns(), who, request.reason)
        )

    async def approve(self, request: pb.ApproveRolloutRequest) -> pb.RolloutStatus:
        """Give the approval that the present step waits for."""
        who = request.author or OPERATOR
        return await self._steered(
            request.rollout, lambda one: changes.approve(one, clock.now_ns(), who, request.reason)
        )

    async def abort(self, request: pb.AbortRolloutRequest) -> pb.RolloutStatus:
        """Put everything back; the answer is given when that is done."""
        who = request.author or OPERATOR
        status = await self._steered(
            request.rollout, lambda one: changes.abort(one, clock.now_ns(), who, request.reason)
        )
        await self._rollouts.over(status)
        return status

    async def rollback(self, request: pb.RollbackRolloutRequest) -> pb.RolloutStatus:
        """Put everything back after it was done; the answer is given when that is done.

        Raises:
            MeshError: also ROLLOUT_ACTIVE, another rollout has one of its agents.
        """
        who = request.author or OPERATOR
        found = self._rollouts.find(request.rollout)
        if found.state == DONE:
            for agent in found.agents:
                self._rollouts.check_free(agent.agent, f"rollout {found.rollout.metadata.name}")
        status = await self._steered(
            request.rollout, lambda one: changes.roll_back(one, clock.now_ns(), who, request.reason)
        )
        await self._rollouts.over(status)
        return status

    async def _steered(
        self, selector: pb.RolloutSelector, change: Callable[[pb.RolloutStatus], None]
    ) -> pb.RolloutStatus:
        status = self._rollouts.find(selector)
        try:
            change(status)
        except changes.Refused as refused:
            raise MeshError(
                reasons.ERROR_REASON_ROLLOUT_OVER,
                str(refused),
                rollout_id=status.rollout_id,
                state=pb.RolloutState.Name(status.state).removeprefix("ROLLOUT_STATE_"),
            ) from None
        self._rollouts.touch(status)
        await self._rollouts.keep()
        self._rollouts.wake.set()
        return status
