"""RegistryService on the wire."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_registry.listing import page
from pal_registry.registry import Registry
from pal_rpc.faults import DrillsForbidden
from pal_rpc.identity import MIGRATION, OPERATOR, require

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]


class RegistryServicer(rpc.RegistryServiceServicer):
    """Answers for a registry."""

    def __init__(self, registry: Registry, mesh_key: ed25519.Ed25519PublicKey | None = None) -> None:
        """Serve *registry*; *mesh_key* tells operators from others, and is there where drills are allowed."""
        self._registry = registry
        self._mesh_key = mesh_key

    async def Apply(self, request: pb.ApplyRequest, context: Context) -> pb.ApplyResponse:
        """Publish documents."""
        return pb.ApplyResponse(applied=await self._registry.apply(request))

    async def ImportDocuments(self, request: pb.ImportDocumentsRequest, context: Context) -> pb.ImportDocumentsResponse:
        """Publish documents of another mesh."""
        return pb.ImportDocumentsResponse(applied=await self._registry.bring(request))

    async def GetDocument(self, request: pb.GetDocumentRequest, context: Context) -> pb.GetDocumentResponse:
        """Resolve a selector."""
        return pb.GetDocumentResponse(document=self._registry.catalogue.resolve(request.kind, request.selector))

    async def ListDocuments(self, request: pb.ListDocumentsRequest, context: Context) -> pb.ListDocumentsResponse:
        """List documents."""
        return page(request, self._registry.catalogue.all())

    async def DeleteDocument(self, request: pb.DeleteDocumentRequest, context: Context) -> pb.DeleteDocumentResponse:
        """Withdraw a document."""
        return pb.DeleteDocumentResponse(document=await self._registry.withdraw(request))

    async def RegisterRuntime(self, request: pb.RegisterRuntimeRequest, context: Context) -> pb.RegisterRuntimeResponse:
        """Announce a runtime."""
        return pb.RegisterRuntimeResponse(runtime=self._registry.runtimes.register(request))

    async def RenewRuntime(self, request: pb.RenewRuntimeRequest, context: Context) -> pb.RenewRuntimeResponse:
        """Keep an announcement alive."""
        renewed = self._registry.runtimes.renew(request.registration_id, request.active_runs)
        return pb.RenewRuntimeResponse(runtime=renewed)

    async def DrainRuntime(self, request: pb.DrainRuntimeRequest, context: Context) -> pb.DrainRuntimeResponse:
        """Take a runtime out of routing."""
        return pb.DrainRuntimeResponse(runtime=self._registry.runtimes.drain(request.registration_id, request.reason))

    async def ListRuntimes(self, request: pb.ListRuntimesRequest, context: Context) -> pb.ListRuntimesResponse:
        """List runtimes."""
        every = self._registry.runtimes.all()
        return pb.ListRuntimesResponse(runtimes=[one for one in every if request.name in ("", one.name)])

    async def GetRoute(self, request: pb.GetRouteRequest, context: Context) -> pb.GetRouteResponse:
        """Return the routes of an agent."""
        return pb.GetRouteResponse(routes=self._registry.routes.of(request.agent))

    async def SetRoute(self, request: pb.SetRouteRequest, context: Context) -> pb.SetRouteResponse:
        """Set a route."""
        return await self._registry.routes.set(request)

    async def ListRouteRevisions(
        self, request: pb.ListRouteRevisionsRequest, context: Context
    ) -> pb.ListRouteRevisionsResponse:
        """List the revisions of a route."""
        return await self._registry.routes.revisions(request)

    async def Acknowledge(self, request: pb.AcknowledgeRequest, context: Context) -> pb.AcknowledgeResponse:
        """Take in how far a watcher has got."""
        await self._registry.watchers.acknowledge(request.watcher, request.position)
        return pb.AcknowledgeResponse()

    async def PutFault(self, request: pb.PutFaultRequest, context: Context) -> pb.PutFaultResponse:
        """Have a fault stand."""
        self._check_operator("PutFault", context)
        return await self._registry.faults.put(request)

    async def ListFaults(self, request: pb.ListFaultsRequest, context: Context) -> pb.ListFaultsResponse:
        """List the faults that stand."""
        return pb.ListFaultsResponse(faults=self._registry.faults.of(request.drill_id))

    async def HealFaults(self, request: pb.HealFaultsRequest, context: Context) -> pb.HealFaultsResponse:
        """Heal faults."""
        # Whoever carries drills out puts an end to those of a life before.
        self._check_operator("HealFaults", context, also=MIGRATION)
        return await self._registry.faults.heal(request)

    def _check_operator(self, action: str, context: Context, *, also: str = "") -> None:
        if self._mesh_key is None:
            raise DrillsForbidden(action)
        require(OPERATOR, action, context.invocation_metadata() or (), self._mesh_key, also=also)

    async def Watch(
        self, request: pb.RegistryServiceWatchRequest, context: Context
    ) -> AsyncIterator[pb.RegistryServiceWatchResponse]:
        """Deliver the state and its changes."""
        async with contextlib.aclosing(self._registry.watch(request.watcher)) as changes:
            async for change in changes:
                yield change
