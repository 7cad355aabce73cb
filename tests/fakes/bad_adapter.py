"""A fake adapter that breaks the contract as it is told."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import runtime_service_pb2 as pb
from pal.v1 import runtime_capability_pb2 as capability
from pal_rpc.server import serving

METHOD = "pal.service.v1.RuntimeService"


class BadAdapter:
    """Answers Run with the bytes it was given, message by message."""

    def __init__(self) -> None:
        """Say nothing yet."""
        self.messages: list[bytes] = []
        # Whether it goes on for ever after its last message, without a word.
        self.hangs = False

    def says(self, *frames: pb.RunFrame) -> None:
        """Answer the next run with *frames*, one a message."""
        self.messages = [pb.RuntimeServiceRunResponse(frames=[frame]).SerializeToString() for frame in frames]

    async def run(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        """Answer a run."""
        for message in self.messages:
            yield message
        if self.hangs:
            await asyncio.Event().wait()


@asynccontextmanager
async def bad_adapter(stub: registry_rpc.RegistryServiceStub) -> AsyncIterator[BadAdapter]:
    """Serve the adapter and announce it as the runtime ``bad``."""
    adapter = BadAdapter()

    def register(server: Any) -> None:
        # Bytes in, bytes out: what is sent need not be a message.
        handlers = {"Run": grpc.unary_stream_rpc_method_handler(adapter.run)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(METHOD, handlers),))

    async with serving("127.0.0.1:0", [METHOD], register, drain_seconds=0) as server:
        declared = capability.RuntimeCapability(
            runtime="bad",
            version=">=1",
            capabilities=capability.RuntimeFeatures(modes=["conversational", "workflow"]),
        )
        await stub.RegisterRuntime(
            registry.RegisterRuntimeRequest(
                capability=declared,
                installed_version="1.0.0",
                endpoint=server.address,
                instance_id=str(uuid.uuid4()),
                # It says nothing of itself afterwards.
                ttl=duration_pb2.Duration(seconds=3600),
            )
        )
        yield adapter
