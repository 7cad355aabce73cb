"""What is to be put back after a drill, kept before it is changed: its controller may be lost at any moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pal.service.v1 import gameday_service_pb2 as service
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import gameday_pb2 as pb

Keep = Callable[[service.UnfinishedDrill], Awaitable[None]]


class Journal:
    """The journal of one drill."""

    def __init__(self, keep: Keep, drill_id: str, plan: pb.GameDay) -> None:
        """Write by *keep*, which returns once it is durable."""
        self._keep = keep
        self._known = service.UnfinishedDrill(drill_id=drill_id, plan=plan)

    async def begin(self, route: registry.Route) -> None:
        """Note that the drill begins, and the *route* before it."""
        self._known.route.CopyFrom(route)
        await self._keep(self._known)

    async def pausing(self, name: str, pid: int) -> None:
        """Note that a process is about to be paused."""
        self._known.paused.add(name=name, pid=pid)
        await self._keep(self._known)

    async def over(self) -> None:
        """Note that everything is put back."""
        self._known.over = True
        await self._keep(self._known)
