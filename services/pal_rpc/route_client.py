"""Routes, as services read and set them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import grpc
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error, is_lost

T = TypeVar("T")
_CALL_SECONDS = 20.0


class RouteClient:
    """Reads the route of an agent, and sets it when nobody else did meanwhile."""

    def __init__(self, stub: rpc.RegistryServiceStub) -> None:
        """Ask through *stub*."""
        self._stub = stub

    async def present(self, agent: str) -> pb.Route:
        """Return the route of *agent* for all its versions; revision 0 when it has none of its own.

        Raises:
            MeshError: REGISTRY_UNAVAILABLE.
        """
        answer = await _translated(self._stub.GetRoute(pb.GetRouteRequest(agent=agent), timeout=_CALL_SECONDS))
        return next((route for route in answer.routes if not route.version_range), pb.Route())

    async def set(self, route: pb.Route, expected_revision: int, within_seconds: int) -> pb.SetRouteResponse:
        """Make *route* the next revision after *expected_revision*.

        Returns once every router follows, or after *within_seconds* with those that do not.

        Raises:
            MeshError: ROUTE_CHANGED, another revision is the present one; it is refused, or the registry is away.
        """
        request = pb.SetRouteRequest(
            route=route,
            expected_revision=expected_revision,
            acknowledged_within=duration_pb2.Duration(seconds=within_seconds),
        )
        return await _translated(self._stub.SetRoute(request, timeout=_CALL_SECONDS))


async def _translated(call: Awaitable[T]) -> T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        known = from_rpc_error(error)
        if known is not None:
            raise known from None
        if not is_lost(error) and error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
            raise
        raise MeshError(
            reasons.ERROR_REASON_REGISTRY_UNAVAILABLE,
            "the registry cannot be reached, so no route can be set; `pal status` shows which process is down",
        ) from None
