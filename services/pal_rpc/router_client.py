"""The router, as services ask it."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError
from pal_rpc.identity import bearer
from pal_rpc.status import from_rpc_error, is_lost

_PLAN_SECONDS = 10.0
Followed = (
    grpc.aio.UnaryStreamCall[pb.ShadowRequest, pb.ShadowResponse]
    | grpc.aio.UnaryStreamCall[pb.ReplayRequest, pb.ReplayResponse]
)


class RouterUnavailable(MeshError):
    """The router cannot be reached."""

    def __init__(self, address: str) -> None:
        """Name the *address* that was tried."""
        super().__init__(
            reasons.ERROR_REASON_ROUTER_UNAVAILABLE,
            f"the router at {address} cannot be reached; start it (`pal status` shows which process is down)",
            address=address,
        )


class RouterClient:
    """Has runs shadowed, and asks for routes."""

    def __init__(self, stub: rpc.RouterServiceStub, token: str, address: str) -> None:
        """Ask through *stub* with the service *token*; *address* is for messages only."""
        self._stub = stub
        self._metadata = bearer(token)
        self._address = address

    async def shadow(self, request: pb.ShadowRequest) -> events.RunEvent:
        """Return the end of the shadow run that *request* asks for.

        Raises:
            MeshError: it could not begin, or ROUTER_UNAVAILABLE: asked for again it is the same run.
        """
        return await self._end_of(self._stub.Shadow(request, metadata=self._metadata))

    async def replay(self, request: pb.ReplayRequest) -> events.RunEvent:
        """Return the end of the replay that *request* asks for.

        Raises:
            MeshError: it could not begin, or ROUTER_UNAVAILABLE: asked for again it is the same run.
        """
        return await self._end_of(self._stub.Replay(request, metadata=self._metadata))

    async def production(self, agent: str) -> str:
        """Return the runtime that a run of *agent* would get.

        Raises:
            MeshError: none would take it, or ROUTER_UNAVAILABLE.
        """
        request = pb.PlanRouteRequest(agent=common.SpecSelector(name=agent))
        try:
            planned = await self._stub.PlanRoute(request, timeout=_PLAN_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None
        return planned.primary.runtime

    async def breakers(self) -> Sequence[pb.Breaker]:
        """Return the breakers that have seen a failure lately.

        Raises:
            MeshError: ROUTER_UNAVAILABLE.
        """
        try:
            return (await self._stub.ListBreakers(pb.ListBreakersRequest(), timeout=_PLAN_SECONDS)).breakers
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None

    async def _end_of(self, call: Followed) -> events.RunEvent:
        try:
            async for response in call:
                for frame in response.frames:
                    if frame.event.type == "run.finished":
                        return frame.event
        except grpc.aio.AioRpcError as error:
            raise self._translate(error) from None
        finally:
            call.cancel()
        raise RouterUnavailable(self._address)

    def _translate(self, error: grpc.aio.AioRpcError) -> Exception:
        known = from_rpc_error(error)
        if known is None and (is_lost(error) or error.code() is grpc.StatusCode.DEADLINE_EXCEEDED):
            return RouterUnavailable(self._address)
        return known or error
