"""RolloutService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import rollout_service_pb2_grpc as rpc
from pal_migration.paging import page
from pal_migration.rollouts.applying import Applying
from pal_migration.rollouts.holding import Rollouts
from pal_migration.rollouts.steering import Steering

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]


class RolloutServicer(rpc.RolloutServiceServicer):
    """Begins, shows and steers rollouts."""

    def __init__(self, rollouts: Rollouts, applying: Applying, steering: Steering) -> None:
        """Serve *rollouts*."""
        self._rollouts = rollouts
        self._applying = applying
        self._steering = steering

    async def ApplyRollout(self, request: pb.ApplyRolloutRequest, context: Context) -> pb.ApplyRolloutResponse:
        """Begin a rollout."""
        return pb.ApplyRolloutResponse(status=await self._applying.apply(request))

    async def GetRollout(self, request: pb.GetRolloutRequest, context: Context) -> pb.GetRolloutResponse:
        """Return a rollout."""
        return pb.GetRolloutResponse(status=self._rollouts.find(request.rollout))

    async def ListRollouts(self, request: pb.ListRolloutsRequest, context: Context) -> pb.ListRolloutsResponse:
        """List rollouts."""
        found, token = page(self._rollouts.all(request.agent), request.page_size, request.page_token)
        return pb.ListRolloutsResponse(rollouts=found, next_page_token=token)

    async def WatchRollout(
        self, request: pb.WatchRolloutRequest, context: Context
    ) -> AsyncIterator[pb.WatchRolloutResponse]:
        """Follow a rollout."""
        async for status in self._rollouts.watch(request.rollout):
            yield pb.WatchRolloutResponse(status=status)

    async def PauseRollout(self, request: pb.PauseRolloutRequest, context: Context) -> pb.PauseRolloutResponse:
        """Pause a rollout."""
        return pb.PauseRolloutResponse(status=await self._steering.pause(request))

    async def ResumeRollout(self, request: pb.ResumeRolloutRequest, context: Context) -> pb.ResumeRolloutResponse:
        """Resume a rollout."""
        return pb.ResumeRolloutResponse(status=await self._steering.resume(request))

    async def PromoteRollout(self, request: pb.PromoteRolloutRequest, context: Context) -> pb.PromoteRolloutResponse:
        """Promote a rollout."""
        return pb.PromoteRolloutResponse(status=await self._steering.promote(request))

    async def ApproveRollout(self, request: pb.ApproveRolloutRequest, context: Context) -> pb.ApproveRolloutResponse:
        """Approve the present step of a rollout."""
        return pb.ApproveRolloutResponse(status=await self._steering.approve(request))

    async def AbortRollout(self, request: pb.AbortRolloutRequest, context: Context) -> pb.AbortRolloutResponse:
        """Abort a rollout."""
        return pb.AbortRolloutResponse(status=await self._steering.abort(request))

    async def RollbackRollout(self, request: pb.RollbackRolloutRequest, context: Context) -> pb.RollbackRolloutResponse:
        """Take back a rollout that is done."""
        return pb.RollbackRolloutResponse(status=await self._steering.rollback(request))
