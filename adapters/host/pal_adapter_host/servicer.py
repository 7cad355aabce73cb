"""RuntimeService over one runtime."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc

from pal.service.v1 import runtime_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal_adapter_host.attempts import Attempts

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class RuntimeServicer(rpc.RuntimeServiceServicer):
    """Serves what *attempts* can do."""

    def __init__(self, attempts: Attempts) -> None:
        """Serve *attempts*."""
        self._attempts = attempts

    async def Describe(self, request: pb.DescribeRequest, context: Context) -> pb.DescribeResponse:
        """Return the declaration and what stands in the way of an agent."""
        return self._attempts.describe(request)

    async def Run(
        self, request: pb.RuntimeServiceRunRequest, context: Context
    ) -> AsyncIterator[pb.RuntimeServiceRunResponse]:
        """Carry out one attempt."""
        async with contextlib.aclosing(self._attempts.run(request, context.time_remaining())) as batches:
            async for frames in batches:
                yield pb.RuntimeServiceRunResponse(frames=frames)

    async def Cancel(
        self, request: pb.RuntimeServiceCancelRequest, context: Context
    ) -> pb.RuntimeServiceCancelResponse:
        """Take a run away."""
        await self._attempts.cancel(request)
        return pb.RuntimeServiceCancelResponse()
