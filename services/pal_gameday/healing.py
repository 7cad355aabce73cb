"""Drills whose controller was lost: what they changed is put back by the next one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import grpc

from pal.service.v1 import gameday_service_pb2 as service
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal_gameday.drill import CALL_SECONDS, Metadata
from pal_gameday.home import Home
from pal_gameday.journal import Keep
from pal_gameday.mesh import ERRORS, Mesh, said
from pal_gameday.processes import acted, go_on
from pal_gameday.rehearsals import taken_back
from pal_gameday.routing import Routing
from pal_gameday.traffic import BrokenOff
from pal_rpc.errors import MeshError, disposition
from pal_rpc.status import from_rpc_error, is_lost

log = logging.getLogger("pal.gameday")
_AGAIN_SECONDS = 1.0
Part = tuple[str, Callable[[], Awaitable[None]]]


async def heal(left: Sequence[service.UnfinishedDrill], mesh: Mesh, home: Home, metadata: Metadata, keep: Keep) -> None:
    """Put back what the drills of *left* changed, as soon as the mesh can be reached; *keep* notes that it is done."""
    for drill in left:
        log.warning("a drill was left unfinished", extra={"drill_id": drill.drill_id})
        for paused in drill.paused:
            go_on(home, paused.name, paused.pid)
        for what, putting in _parts(drill, mesh, home, metadata):
            await _done(drill.drill_id, what, putting)
        drill.over = True
        await keep(drill)


def _parts(drill: service.UnfinishedDrill, mesh: Mesh, home: Home, metadata: Metadata) -> list[Part]:
    async def route() -> None:
        routing = Routing(mesh, drill.plan.spec.agent.name, drill.drill_id)
        # A revision that somebody has made since then is not the drill's to take back.
        if await routing.take_up(drill.route):
            await routing.restore()

    async def faults() -> None:
        request = registry.HealFaultsRequest(drill_id=drill.drill_id)
        await mesh.registry.HealFaults(request, metadata=metadata, timeout=CALL_SECONDS)

    async def processes() -> None:
        for step in drill.plan.spec.rollback:
            if step.HasField("process"):
                await acted(home, step.process, 0.0, _ignored)

    async def rollouts() -> None:
        await taken_back(mesh, drill.drill_id)

    return [("rollouts", rollouts), ("route", route), ("faults", faults), ("processes", processes)]


async def _done(drill_id: str, what: str, putting: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await putting()
        except (BrokenOff, *ERRORS) as error:
            if not _away(error):
                log.warning("not put back", extra={"drill_id": drill_id, "what": what, "problem": said(error)})
                return
        await asyncio.sleep(_AGAIN_SECONDS)


def _away(error: BaseException) -> bool:
    if isinstance(error, MeshError):
        return disposition(error.reason) == common.FAILURE_DISPOSITION_RETRY
    if not isinstance(error, grpc.aio.AioRpcError):
        return False
    return is_lost(error) or (error.code() is grpc.StatusCode.UNAVAILABLE and from_rpc_error(error) is None)


async def _ignored(name: str, pid: int) -> None:
    """Take nothing down: a rollback that pauses a process is over before it could be lost."""
