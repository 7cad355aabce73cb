"""The drills that this process carries out, and the certificates they end in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from pal.service.v1 import gameday_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_gameday.chain import Chain
from pal_gameday.drill import Drill, Metadata
from pal_gameday.evidence import Evidence
from pal_gameday.home import Home
from pal_gameday.journal import Journal, Keep
from pal_gameday.mesh import Mesh
from pal_gameday.page import page
from pal_gameday.plan import check
from pal_log.events import new_id
from pal_rpc.certificates import Unreadable, read
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.keys import GAMEDAY, private_key

MAX_ID_CHARACTERS = 128
# What is said of a drill: a step, its certificate, or why there is none.
Said = pb.RunGameDayResponse | BaseException


class GameDays:
    """Carries drills out, each in a task of its own that outlives whoever listens until it is rolled back."""

    def __init__(self, mesh: Mesh, home: Home, keep: Keep) -> None:
        """Drill *mesh*, whose home is *home*; *keep* keeps the journals."""
        self._mesh = mesh
        self._home = home
        self._keep = keep
        self._going: dict[str, asyncio.Task[None]] = {}

    async def run(
        self, request: pb.RunGameDayRequest, metadata: Metadata
    ) -> AsyncGenerator[pb.RunGameDayResponse, None]:
        """Carry a plan out and yield what there is to say of it; whoever stops listening breaks it off.

        Raises:
            MeshError: the plan is wrong, the mesh does not have what it names, or there is no place for a certificate.
        """
        check(request.plan)
        drill_id = request.drill_id or new_id()
        if len(drill_id) > MAX_ID_CHARACTERS or drill_id in self._going:
            problem = f"write at most {MAX_ID_CHARACTERS} characters, and another one for each drill"
            raise InvalidField("drill_id", problem)
        if request.delay.ToNanoseconds() < 0:
            raise InvalidField("delay", "negative; write how long things are slow, silent or away")
        told: asyncio.Queue[Said] = asyncio.Queue()
        told.put_nowait(pb.RunGameDayResponse(begun=pb.DrillBegun(drill_id=drill_id)))
        task = self._going[drill_id] = asyncio.create_task(self._carried_out(request, drill_id, metadata, told))
        task.add_done_callback(lambda _: self._going.pop(drill_id, None))
        try:
            while True:
                said = await told.get()
                if isinstance(said, BaseException):
                    raise said
                yield said
                if said.HasField("certificate"):
                    return
        finally:
            _break_off(task)

    async def stop(self, drill_id: str) -> bool:
        """Break a drill off and return once it is rolled back; tell whether it was going on."""
        task = self._going.get(drill_id)
        if task is None:
            return False
        _break_off(task)
        await asyncio.wait([task])
        return True

    async def close(self) -> None:
        """Break off every drill and return once they are rolled back."""
        for drill_id in list(self._going):
            await self.stop(drill_id)

    async def _carried_out(
        self, request: pb.RunGameDayRequest, drill_id: str, metadata: Metadata, told: asyncio.Queue[Said]
    ) -> None:
        def tell(step: str, action: str) -> None:
            told.put_nowait(pb.RunGameDayResponse(step=pb.DrillStep(step=step, action=action)))

        journal = Journal(self._keep, drill_id, request.plan)
        drill = Drill(self._mesh, self._home, metadata, request.plan, drill_id, journal, tell)
        if request.HasField("delay"):
            drill.delay_seconds = request.delay.ToNanoseconds() / 1e9
        try:
            certificate = self._concluded(await drill.carried_out())
            told.put_nowait(pb.RunGameDayResponse(certificate=certificate))
        except asyncio.CancelledError:
            told.put_nowait(MeshError(reasons.ERROR_REASON_RUN_CANCELLED, f"drill {drill_id} was broken off"))
            raise
        except Exception as error:  # noqa: BLE001  the boundary: whoever listens hears of it
            told.put_nowait(error)

    def _concluded(self, seen: Evidence) -> pb.SignedCertificate:
        directory = self._home.certificates
        try:
            file, certificate = Chain(directory).add(seen, private_key(self._home.keys, GAMEDAY))
            text = file.read_text()
            file.with_suffix(".html").write_text(page(certificate, read(text).key))
        except (Unreadable, OSError) as error:
            problem = f"{directory}: the certificates there cannot be read or written: {error}"
            raise MeshError(reasons.ERROR_REASON_STORE_UNAVAILABLE, problem, store=str(directory)) from None
        return pb.SignedCertificate(file_name=file.name, text=text, certificate=certificate)


def _break_off(task: asyncio.Task[None]) -> None:
    # Once: a second time would end what puts everything back.
    if not task.cancelling():
        task.cancel()
