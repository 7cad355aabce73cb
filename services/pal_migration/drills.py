"""Drills in this process: their service, and the journal of each in the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pal.service.v1 import gameday_service_pb2 as pb
from pal.service.v1 import gameday_service_pb2_grpc as rpc
from pal_gameday.gamedays import GameDays
from pal_gameday.healing import heal
from pal_gameday.home import Home
from pal_gameday.mesh import Mesh
from pal_gameday.servicer import GameDayServicer
from pal_gameday.shelf import Shelf
from pal_migration.store import Item, Kind, MigrationStore
from pal_rpc.identity import bearer
from pal_rpc.keys import MESH, public_key

if TYPE_CHECKING:
    import grpc


class Drills:
    """Carries drills out on the mesh of a home."""

    def __init__(self, mesh: Mesh, home: Path, store: MigrationStore, token: str) -> None:
        """Drill *mesh*; what is to be put back is in *store*, and *token* is this service's own.

        Raises:
            StartError: there are no keys in *home*.
        """
        self._mesh = mesh
        self._home = Home(home.resolve())
        self._store = store
        self._metadata = bearer(token)
        self._gamedays = GameDays(mesh, self._home, self._keep)
        self._servicer = GameDayServicer(self._gamedays, Shelf(self._home), public_key(self._home.keys, MESH))
        self._left: list[pb.UnfinishedDrill] = []

    async def open(self) -> None:
        """Look for drills that a life before has left; before the first one of this life begins."""
        kept = [pb.UnfinishedDrill.FromString(item.encoded) for item in await self._store.items(Kind.DRILL)]
        self._left = [drill for drill in kept if not drill.over]

    def add_to(self, server: grpc.aio.Server) -> None:
        """Have *server* serve drills."""
        rpc.add_GameDayServiceServicer_to_server(self._servicer, server)

    async def heal(self) -> None:
        """Put back what was left."""
        await heal(self._left, self._mesh, self._home, self._metadata, self._keep)

    async def close(self) -> None:
        """Break off every drill."""
        await self._gamedays.close()

    async def _keep(self, drill: pb.UnfinishedDrill) -> None:
        known = pb.UnfinishedDrill(drill_id=drill.drill_id, over=True) if drill.over else drill
        await self._store.put([Item(Kind.DRILL, drill.drill_id, known.SerializeToString())])
