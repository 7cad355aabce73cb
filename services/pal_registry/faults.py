"""The faults of drills: leases in memory, each of which ends by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import fault_pb2 as faults
from pal_registry.feed import Feed
from pal_registry.watchers import Watchers
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.faults import DrillsForbidden, problems_with_clock, seconds

MAX_FAULTS = 100
MAX_ID_CHARACTERS = 128
DEFAULT_TTL_SECONDS, MIN_TTL_SECONDS, MAX_TTL_SECONDS = 60.0, 1.0, 3600.0
MAX_DELAY_SECONDS, MAX_WAIT_SECONDS = 600.0, 60.0
MILLION = 1_000_000
_KINDS = frozenset(faults.FaultKind.values()) - {faults.FAULT_KIND_UNSPECIFIED}


class Faults:
    """The faults that stand."""

    def __init__(self, feed: Feed, watchers: Watchers, *, allowed: bool) -> None:
        """Tell *feed* about them and hear from *watchers*; there are none unless drills are *allowed*."""
        self._feed = feed
        self._watchers = watchers
        self._allowed = allowed
        self._standing: dict[str, tuple[pb.Fault, asyncio.TimerHandle]] = {}

    async def put(self, request: pb.PutFaultRequest) -> pb.PutFaultResponse:
        """Have a fault stand from now on; returns once the seams know it, if that is to be waited for.

        Raises:
            MeshError: DRILLS_FORBIDDEN, INVALID_FIELD or OVERLOADED.
        """
        if not self._allowed:
            raise DrillsForbidden("fault.put")
        check_order(request.order)
        for field, text in (("fault_id", request.fault_id), ("drill_id", request.drill_id)):
            if not 0 < len(text) <= MAX_ID_CHARACTERS:
                raise InvalidField(field, f"write 1 to {MAX_ID_CHARACTERS} characters; a UUID is enough")
        before = self._standing.get(request.fault_id)
        if before is None and len(self._standing) >= MAX_FAULTS:
            problem = f"{MAX_FAULTS} faults stand already; heal some first"
            raise MeshError(reasons.ERROR_REASON_OVERLOADED, problem, limit=MAX_FAULTS)
        if before is not None:
            before[1].cancel()
        ttl_seconds = seconds(request.order.ttl) if request.order.HasField("ttl") else DEFAULT_TTL_SECONDS
        fault = pb.Fault(fault_id=request.fault_id, drill_id=request.drill_id, order=request.order)
        fault.expires_at.FromNanoseconds(time.time_ns() + int(ttl_seconds * 1e9))
        ending = asyncio.get_running_loop().call_later(ttl_seconds, self._end, [fault.fault_id])
        self._standing[fault.fault_id] = (fault, ending)
        position = self._feed.publish(faults=self.all())
        return pb.PutFaultResponse(fault=fault, acknowledgements=await self._known(position, request))

    def of(self, drill_id: str) -> list[pb.Fault]:
        """Return the faults of a drill, or all of them for an empty name; oldest first."""
        return [fault for fault, _ in self._standing.values() if drill_id in ("", fault.drill_id)]

    async def heal(self, request: pb.HealFaultsRequest) -> pb.HealFaultsResponse:
        """End the faults that *request* names.

        Raises:
            InvalidField: no drill is named.
        """
        if not request.drill_id:
            raise InvalidField("drill_id", "empty; name the drill, `pal gameday faults` lists them")
        ended = [fault for fault in self.of(request.drill_id) if request.fault_id in ("", fault.fault_id)]
        position = self._end(fault.fault_id for fault in ended)
        return pb.HealFaultsResponse(faults=ended, acknowledgements=await self._known(position, request))

    def all(self) -> pb.FaultSet:
        """Return the faults as they are told to watchers."""
        return pb.FaultSet(faults=[fault for fault, _ in self._standing.values()])

    def close(self) -> None:
        """End every timer."""
        for _, ending in self._standing.values():
            ending.cancel()

    async def _known(
        self, position: int, request: pb.PutFaultRequest | pb.HealFaultsRequest
    ) -> list[pb.RouteAcknowledgement]:
        if not request.HasField("acknowledged_within"):
            return []
        wanted = min(seconds(request.acknowledged_within), MAX_WAIT_SECONDS)
        return await self._watchers.reached(position, wanted, seams=True)

    def _end(self, fault_ids: Iterable[str]) -> int:
        ended = [self._standing.pop(fault_id) for fault_id in list(fault_ids) if fault_id in self._standing]
        for _, ending in ended:
            ending.cancel()
        return self._feed.publish(faults=self.all()) if ended else 0


def check_order(order: faults.FaultOrder) -> None:
    """Check what a fault is to be.

    Raises:
        InvalidField: a field is wrong.
    """
    if order.kind not in _KINDS:
        raise InvalidField("order.kind", f"{order.kind} is no fault of this version; name one of FaultKind")
    if order.HasField("ttl") and not MIN_TTL_SECONDS <= seconds(order.ttl) <= MAX_TTL_SECONDS:
        raise InvalidField("order.ttl", f"write {MIN_TTL_SECONDS:.0f} s to {MAX_TTL_SECONDS:.0f} s")
    if order.HasField("delay") and not 0 <= seconds(order.delay) <= MAX_DELAY_SECONDS:
        raise InvalidField("order.delay", f"write 0 s to {MAX_DELAY_SECONDS:.0f} s")
    match = order.match
    for name, number in (("first_call", match.first_call), ("calls", match.calls)):
        if number < 0:
            raise InvalidField(f"order.match.{name}", f"cannot be negative, found {number}")
    for name, problem in problems_with_clock(order):
        raise InvalidField(f"order.{name}", problem)
    if not 0 <= match.probability_ppm <= MILLION:
        raise InvalidField("order.match.probability_ppm", f"write 0 to {MILLION}, found {match.probability_ppm}")
