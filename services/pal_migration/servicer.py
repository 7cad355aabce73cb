"""MigrationService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import migration_service_pb2_grpc as rpc
from pal_migration.advising import Advising
from pal_migration.comparing import RUNTIME, Comparing
from pal_migration.judging import Judging
from pal_migration.paging import page
from pal_migration.shadows import Shadows
from pal_migration.starting import Starting

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]


class MigrationServicer(rpc.MigrationServiceServicer):
    """Shadows, compares, judges and advises."""

    def __init__(
        self, shadows: Shadows, starting: Starting, comparing: Comparing, judging: Judging, advising: Advising
    ) -> None:
        """Serve *shadows*."""
        self._shadows = shadows
        self._starting = starting
        self._comparing = comparing
        self._judging = judging
        self._advising = advising

    async def StartShadow(self, request: pb.StartShadowRequest, context: Context) -> pb.StartShadowResponse:
        """Begin to shadow an agent."""
        return pb.StartShadowResponse(shadow=await self._starting.start(request.plan))

    async def StopShadow(self, request: pb.StopShadowRequest, context: Context) -> pb.StopShadowResponse:
        """Stop a shadow."""
        return pb.StopShadowResponse(shadow=await self._shadows.stop(request.shadow))

    async def GetShadow(self, request: pb.GetShadowRequest, context: Context) -> pb.GetShadowResponse:
        """Return a shadow."""
        return pb.GetShadowResponse(shadow=self._shadows.find(request.shadow).shadow)

    async def ListShadows(self, request: pb.ListShadowsRequest, context: Context) -> pb.ListShadowsResponse:
        """List shadows."""
        entries = [(shadow.shadow_id, shadow) for shadow in self._shadows.all(request.agent)]
        shadows, token = page(entries, request.page_size, request.page_token)
        return pb.ListShadowsResponse(shadows=shadows, next_page_token=token)

    async def WatchShadow(
        self, request: pb.WatchShadowRequest, context: Context
    ) -> AsyncIterator[pb.WatchShadowResponse]:
        """Follow a shadow."""
        async for shadow in self._shadows.watch(request.shadow):
            yield pb.WatchShadowResponse(shadow=shadow)

    async def Compare(self, request: pb.CompareRequest, context: Context) -> pb.CompareResponse:
        """Compare two runs."""
        return pb.CompareResponse(comparison=await self._comparing.compare(request))

    async def ListComparisons(self, request: pb.ListComparisonsRequest, context: Context) -> pb.ListComparisonsResponse:
        """List the comparisons of a shadow."""
        entries = await self._judging.compared(self._shadows.find(request.shadow), request.pair_kind or RUNTIME)
        comparisons, token = page(entries, request.page_size, request.page_token, default=20, most=100)
        return pb.ListComparisonsResponse(comparisons=comparisons, next_page_token=token)

    async def GetVerdict(self, request: pb.GetVerdictRequest, context: Context) -> pb.GetVerdictResponse:
        """Judge."""
        ledger = self._shadows.find(request.shadow)
        return pb.GetVerdictResponse(verdict=await self._judging.verdict(ledger), shadow_id=ledger.shadow_id)

    async def ListVerdicts(self, request: pb.ListVerdictsRequest, context: Context) -> pb.ListVerdictsResponse:
        """List verdicts."""
        entries = await self._judging.kept(request.agent, request.candidate)
        verdicts, token = page(entries, request.page_size, request.page_token)
        return pb.ListVerdictsResponse(verdicts=verdicts, next_page_token=token)

    async def Advise(self, request: pb.AdviseRequest, context: Context) -> pb.AdviseResponse:
        """Advise."""
        return pb.AdviseResponse(advice=await self._advising.advise(request))
