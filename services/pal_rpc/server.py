"""A gRPC server with health, reflection, tracing and an edge, on a loopback address."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection, reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

from pal_rpc import telemetry
from pal_rpc.config import StartError
from pal_rpc.edge import EdgeServer
from pal_rpc.in_process import InProcessChannel
from pal_rpc.options import MAX_CONCURRENT_RPCS, SERVER

_HEALTH = "grpc.health.v1.Health"
_REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"


@dataclass(frozen=True)
class Server:
    """A server that serves."""

    address: str
    health: HealthServicer
    services: tuple[str, ...]
    # The same services for whoever lives in this process.
    local: InProcessChannel

    async def set_serving(self, serving: bool) -> None:
        """Report *serving* for the whole server and for each of its services."""
        state = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in ("", *self.services):
            await self.health.set(service, state)


@asynccontextmanager
async def serving(
    address: str,
    services: Sequence[str],
    register: Callable[[grpc.aio.Server], None],
    *,
    drain_seconds: float = 5.0,
    healthy: bool = True,
) -> AsyncIterator[Server]:
    """Serve what *register* adds, on *address* (port 0 picks one), until the block ends.

    On the way out: NOT_SERVING first, then open calls get *drain_seconds* to end.

    Raises:
        StartError: the address is taken or is not a loopback address.
    """
    _require_loopback(address)
    server = grpc.aio.server(
        interceptors=telemetry.server_interceptors(),
        options=SERVER,
        maximum_concurrent_rpcs=MAX_CONCURRENT_RPCS,
    )
    register(cast("grpc.aio.Server", EdgeServer(server)))
    local = InProcessChannel()
    register(cast("grpc.aio.Server", local))
    health = HealthServicer()
    add_HealthServicer_to_server(health, server)
    _add_reflection(server, (*services, _HEALTH, reflection.SERVICE_NAME, _REFLECTION_V1))
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        raise StartError(
            f"PAL_ADDRESS={address} is in use or cannot be bound; stop the process that has it or choose another"
        ) from None
    await server.start()
    running = Server(f"{address.rpartition(':')[0]}:{port}", health, tuple(services), local)
    try:
        await running.set_serving(healthy)
        yield running
    finally:
        await running.set_serving(False)
        await server.stop(drain_seconds)


def _require_loopback(address: str) -> None:
    host = address.rpartition(":")[0].strip("[]")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise StartError(
            f"PAL_ADDRESS={address} is not a loopback address; serving others needs TLS and authentication, "
            "which this version does not have: bind to 127.0.0.1"
        )


def _add_reflection(server: grpc.aio.Server, names: Sequence[str]) -> None:
    reflection.enable_server_reflection(names, server)
    # The package speaks v1alpha only; v1 has the same messages, and tools ask for it first.
    servicer = ReflectionServicer(names)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handlers = grpc.method_handlers_generic_handler(_REFLECTION_V1, {"ServerReflectionInfo": method})
    server.add_generic_rpc_handlers((handlers,))
