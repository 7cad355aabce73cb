"""LLMProviderService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import llm_provider_service_pb2_grpc as rpc
from pal_llm_provider.seam import Seam

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]


class LLMProviderServicer(rpc.LLMProviderServiceServicer):
    """Asks models."""

    def __init__(self, seam: Seam, profiles: Sequence[pb.ModelProfile]) -> None:
        """Ask through *seam*; *profiles* are what can be asked for."""
        self._seam = seam
        self._profiles = profiles

    async def Complete(self, request: pb.CompleteRequest, context: Context) -> pb.CompleteResponse:
        """Return a whole answer."""
        return pb.CompleteResponse(answer=await self._seam.whole(request.request))

    async def StreamComplete(
        self, request: pb.StreamCompleteRequest, context: Context
    ) -> AsyncIterator[pb.StreamCompleteResponse]:
        """Return an answer while it is produced."""
        async with aclosing(self._seam.stream(request.request)) as answering:
            async for frames in answering:
                yield pb.StreamCompleteResponse(frames=frames)

    async def ListProfiles(self, request: pb.ListProfilesRequest, context: Context) -> pb.ListProfilesResponse:
        """List the profiles."""
        return pb.ListProfilesResponse(profiles=self._profiles)
