"""RouterService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal_router.active import ActiveRun
from pal_router.inputs import Inputs
from pal_router.peers import Peers
from pal_router.planning import breakers, plan
from pal_router.runs import Runs
from pal_router.shadowing import check_caller
from pal_rpc import telemetry
from pal_rpc.edge import annotate
from pal_rpc.identity import requester

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]

# Who shows no token of a tenant.
ANONYMOUS = common.Principal(id="anonymous", kind=common.PRINCIPAL_KIND_USER, tenant="default")


class RouterServicer(rpc.RouterServiceServicer):
    """Runs agents for callers."""

    def __init__(self, runs: Runs, inputs: Inputs, peers: Peers, mesh_key: ed25519.Ed25519PublicKey) -> None:
        """Serve *runs* and *inputs*; what is known besides comes from *peers*, and *mesh_key* tells services apart."""
        self._mesh_key = mesh_key
        self._runs = runs
        self._inputs = inputs
        self._peers = peers

    async def Run(self, request: pb.RunRequest, context: Context) -> AsyncIterator[pb.RunResponse]:
        """Start a run and follow it."""
        caller = self._requester(context)
        started = await self._runs.start(request, caller, _traceparent(context))
        annotate(run_id=started if isinstance(started, str) else started.run_id)
        try:
            async for frames in self._runs.frames(started):
                yield pb.RunResponse(frames=frames)
        finally:
            if request.stop_on_disconnect and isinstance(started, ActiveRun):
                await self._runs.stops.leave(started, caller)

    async def Watch(self, request: pb.WatchRequest, context: Context) -> AsyncIterator[pb.WatchResponse]:
        """Follow a run after a position."""
        async for frames in self._runs.watch(request):
            yield pb.WatchResponse(frames=frames)

    async def Cancel(self, request: pb.CancelRequest, context: Context) -> pb.CancelResponse:
        """Ask a run to stop."""
        return pb.CancelResponse(run=await self._runs.stops.cancel(request, self._requester(context)))

    async def Answer(self, request: pb.AnswerRequest, context: Context) -> pb.AnswerResponse:
        """Answer an input request."""
        return await self._inputs.answer(request, self._requester(context))

    async def ListInputs(self, request: pb.ListInputsRequest, context: Context) -> pb.ListInputsResponse:
        """List what runs wait for."""
        return await self._inputs.pending(request)

    async def GetRun(self, request: pb.GetRunRequest, context: Context) -> pb.GetRunResponse:
        """Return a run."""
        return pb.GetRunResponse(run=await self._runs.get(request))

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:
        """List runs."""
        page = await self._peers.recorder.runs(request.query)
        return pb.ListRunsResponse(runs=page.runs, next_page_token=page.next_page_token)

    async def Replay(self, request: pb.ReplayRequest, context: Context) -> AsyncIterator[pb.ReplayResponse]:
        """Repeat a run from its record and follow it."""
        started = await self._runs.replay(request, self._requester(context), _traceparent(context))
        annotate(run_id=started if isinstance(started, str) else started.run_id)
        async for frames in self._runs.frames(started):
            yield pb.ReplayResponse(frames=frames)

    async def Shadow(self, request: pb.ShadowRequest, context: Context) -> AsyncIterator[pb.ShadowResponse]:
        """Shadow a run and follow the shadow."""
        check_caller(context.invocation_metadata() or (), self._mesh_key)
        started = await self._runs.shadow(request, _traceparent(context))
        annotate(run_id=started if isinstance(started, str) else started.run_id)
        async for frames in self._runs.frames(started):
            yield pb.ShadowResponse(frames=frames)

    async def PlanRoute(self, request: pb.PlanRouteRequest, context: Context) -> pb.PlanRouteResponse:
        """Say which runtime a run would get."""
        return await self._peers.snapshot.found(lambda: plan(request, self._peers))

    async def ListBreakers(self, request: pb.ListBreakersRequest, context: Context) -> pb.ListBreakersResponse:
        """List the breakers that have seen a failure."""
        return pb.ListBreakersResponse(breakers=breakers(request.agent, self._peers))

    def _requester(self, context: Context) -> common.Principal:
        return requester(context.invocation_metadata() or (), self._mesh_key, ANONYMOUS)


def _traceparent(context: Context) -> str:
    metadata = context.invocation_metadata() or ()
    given = next((str(value) for key, value in metadata if key == "traceparent"), "")
    return telemetry.current_traceparent() or given or telemetry.new_traceparent()
