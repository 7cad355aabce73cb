"""The faults of drills at a seam: which of them a call meets. A run that is no drill meets none."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator

from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import fault_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_log import clock
from pal_rpc.errors import MeshError
from pal_rpc.snapshot import RegistrySnapshot

DRILL = common.EXECUTION_MODE_DRILL
DEFAULT_DELAY_SECONDS = 1.0
# Services whose clock a drill may set.
CLOCKED = ("router", "llm_provider", "tool_executor")
_MILLION = 1_000_000
_CLOCKS = frozenset({pb.FAULT_KIND_CLOCK_SKEW})
# How long a seam that is being started waits for a registry that is being started beside it.
_KNOWN_SECONDS = 30.0


class DrillsForbidden(MeshError):
    """The mesh was not started with drills allowed."""

    def __init__(self, action: str) -> None:
        """Name the *action* that only a drill does."""
        super().__init__(
            reasons.ERROR_REASON_DRILLS_FORBIDDEN,
            "this mesh does not allow drills; `pal up --drills` starts one that does (PAL_DRILLS=true)",
            action=action,
        )


class Faults:
    """The faults that stand, as the calls of one seam meet them; calls are counted here and now."""

    def __init__(self, snapshot: RegistrySnapshot, service: str = "", *, allowed: bool) -> None:
        """Take them from *snapshot* for *service*; nothing is met unless drills are *allowed*."""
        self._snapshot = snapshot
        self._service = service
        self._allowed = allowed
        self._calls: Counter[tuple[str, str]] = Counter()

    async def known(self) -> None:
        """Wait until what stands is known here, 30 s at most; a seam that served before would let a drill pass by."""
        if self._allowed:
            await self._snapshot.ready(_KNOWN_SECONDS)

    def met(
        self, run_id: str, grant: shared.RunGrant, kinds: Collection[pb.FaultKind], target: str, tool: str = ""
    ) -> tuple[registry.Fault, events.FaultInjected] | None:
        """Return the fault of *kinds* that the next call of a drill run meets, and its receipt; None for none.

        Every fault that matches the call counts it, whether it hits it or not.
        """
        if not self._allowed or not self._snapshot.faults:
            return None
        self._forget()
        hit = None
        for fault in self._snapshot.faults:
            if fault.order.kind in kinds and self._fits(fault, grant, tool):
                number = self._counted(fault, run_id)
                if hit is None and _hits(fault, number):
                    hit = fault, number
        if hit is None:
            return None
        fault, number = hit
        receipt = events.FaultInjected(
            drill_id=fault.drill_id, fault_id=fault.fault_id, kind=fault.order.kind, target=target, call=number
        )
        return fault, receipt

    async def skew(
        self,
        run_id: str,
        grant: shared.RunGrant,
        target: str,
        receipt: Callable[[events.FaultInjected], Awaitable[object]],
    ) -> None:
        """Have this task go by the clock that a fault gives this call of a drill run, once the receipt is on record."""
        met = self.met(run_id, grant, _CLOCKS, target)
        if met is None:
            clock.skew(0)
            return
        fault, injected = met
        await receipt(injected)
        clock.skew(-delay_seconds(fault) if fault.order.backward else delay_seconds(fault))

    def _fits(self, fault: registry.Fault, grant: shared.RunGrant, tool: str) -> bool:
        match = fault.order.match
        return (
            fault.drill_id == grant.accepted.drill_id
            and match.agent in ("", grant.accepted.agent.name)
            and match.runtime in ("", grant.runtime)
            and match.tool in ("", tool)
            and match.service in ("", self._service)
            # What the registry cannot take back any more ends here.
            and fault.expires_at.ToNanoseconds() > time.time_ns()
        )

    def _counted(self, fault: registry.Fault, run_id: str) -> int:
        key = (fault.fault_id, run_id if fault.order.match.per_run else "")
        self._calls[key] += 1
        return self._calls[key]

    def _forget(self) -> None:
        standing = {fault.fault_id for fault in self._snapshot.faults}
        for key in [key for key in self._calls if key[0] not in standing]:
            del self._calls[key]


def problems_with_clock(order: pb.FaultOrder) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with *order* as to clocks: the field, and how to mend it."""
    service, skews = order.match.service, order.kind in _CLOCKS
    if not skews:
        if service:
            yield "match.service", "belongs to CLOCK_SKEW; leave it out"
        if order.backward:
            yield "backward", "belongs to CLOCK_SKEW; leave it out"
        return
    if service and service not in CLOCKED:
        yield "match.service", f"{service[:60]} has no clock that a drill sets; name one of {', '.join(CLOCKED)}"
    if not seconds(order.delay):
        yield "delay", "missing; write how far the clock is off, for example 30s"


def delay_seconds(fault: registry.Fault, default: float = DEFAULT_DELAY_SECONDS) -> float:
    """Return how long what *fault* makes slow or silent is so."""
    return seconds(fault.order.delay) if fault.order.HasField("delay") else default


def seconds(duration: duration_pb2.Duration) -> float:
    """Return *duration* in seconds."""
    return float(duration.seconds) + duration.nanos / 1e9


def _hits(fault: registry.Fault, number: int) -> bool:
    match = fault.order.match
    first = match.first_call or 1
    if number < first or (match.calls and number >= first + match.calls):
        return False
    if not match.probability_ppm:
        return True
    return random.Random(f"{match.seed}/{number}").random() * _MILLION < match.probability_ppm
