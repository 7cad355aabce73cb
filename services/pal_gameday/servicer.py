"""GameDayService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import gameday_service_pb2 as pb
from pal.service.v1 import gameday_service_pb2_grpc as rpc
from pal_gameday.gamedays import GameDays
from pal_gameday.plan import drafted
from pal_gameday.shelf import Shelf
from pal_rpc.identity import HEADER, OPERATOR, require

if TYPE_CHECKING:
    import grpc

    Context = grpc.aio.ServicerContext[Any, Any]


class GameDayServicer(rpc.GameDayServiceServicer):
    """Rehearses failures."""

    def __init__(self, gamedays: GameDays, shelf: Shelf, mesh_key: ed25519.Ed25519PublicKey) -> None:
        """Serve *gamedays* to operators, whom *mesh_key* tells from others, and *shelf* to everybody."""
        self._gamedays = gamedays
        self._shelf = shelf
        self._mesh_key = mesh_key

    async def RunGameDay(self, request: pb.RunGameDayRequest, context: Context) -> AsyncIterator[pb.RunGameDayResponse]:
        """Carry a plan out."""
        metadata = self._operator("RunGameDay", context)
        async with aclosing(self._gamedays.run(request, metadata)) as saying:
            async for said in saying:
                yield said

    async def StopGameDay(self, request: pb.StopGameDayRequest, context: Context) -> pb.StopGameDayResponse:
        """Break a drill off."""
        self._operator("StopGameDay", context)
        return pb.StopGameDayResponse(stopped=await self._gamedays.stop(request.drill_id))

    async def CheckGameDay(self, request: pb.CheckGameDayRequest, context: Context) -> pb.CheckGameDayResponse:
        """Check a plan."""
        return pb.CheckGameDayResponse(plan=drafted(request.text, request.source))

    async def ListCertificates(
        self, request: pb.ListCertificatesRequest, context: Context
    ) -> pb.ListCertificatesResponse:
        """List certificates."""
        return self._shelf.listed(request)

    async def GetCertificate(self, request: pb.GetCertificateRequest, context: Context) -> pb.GetCertificateResponse:
        """Return a certificate."""
        return pb.GetCertificateResponse(certificate=self._shelf.get(request.number))

    async def VerifyCertificate(
        self, request: pb.VerifyCertificateRequest, context: Context
    ) -> pb.VerifyCertificateResponse:
        """Check a certificate."""
        return self._shelf.verified(request)

    def _operator(self, action: str, context: Context) -> tuple[tuple[str, str], ...]:
        """Return what proves that an operator calls, to be passed on."""
        metadata = context.invocation_metadata() or ()
        require(OPERATOR, action, metadata, self._mesh_key)
        return tuple((key, str(value)) for key, value in metadata if key == HEADER)
