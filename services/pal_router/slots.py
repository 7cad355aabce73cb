"""Who may run on a runtime now and who waits: the ceiling that each runtime declares, kept for the runs of this router.

Another router keeps its own count; where both together ask too much, the adapter refuses and the run waits on.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import error_reason_pb2 as reasons
from pal_router.rotation import Rotation, Weight, one
from pal_router.slot import Overloaded, Slot
from pal_rpc.errors import MeshError

# How long the runs that wait go on waiting for a runtime that takes none.
ABSENCE_SECONDS = 10.0
_MIN_RETRY_SECONDS, _MAX_RETRY_SECONDS = 1, 60
# How much the newest run counts in the estimate of how long a run takes.
_NEWEST = 0.2
# Share of the places of a runtime that no shadow run takes.
_KEPT = 0.5
Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]


class Slots:
    """The places on all runtimes."""

    def __init__(self, queued_runs: int, later: Later, weight: Weight = one) -> None:
        """Let up to *queued_runs* wait for each runtime; *later* is that of the event loop.

        *weight* says how many turns a tenant has for one of another.
        """
        self._queued_runs = queued_runs
        self._later = later
        self._weight = weight
        self._by_name: dict[str, RuntimeSlots] = {}

    def take(
        self,
        runtime: registry.RegisteredRuntime,
        path: tuple[str, ...],
        *,
        accepted: bool = False,
        spare: bool = False,
    ) -> Slot:
        """Return a place on *runtime*, held or waited for; *path* says for whom, from tenant to agent.

        A run that was *accepted* before may wait whatever the length of the queue. One that wants a *spare* place
        waits for none, and gets none of those that are kept for the others.

        Raises:
            Overloaded: too many wait already.
        """
        slots = self._by_name.get(runtime.name)
        if slots is None:
            slots = self._by_name[runtime.name] = RuntimeSlots(
                runtime.name, self._queued_runs, self._later, self._weight
            )
            slots.update(runtime)
        if spare:
            slots.check_spare(path)
        return slots.take(path, accepted=accepted)

    def update(self, runtimes: Mapping[str, registry.RegisteredRuntime]) -> None:
        """Keep to what the registry says now."""
        for name, slots in self._by_name.items():
            slots.update(runtimes.get(name))


class RuntimeSlots:
    """The places on one runtime, through all lives of its adapter."""

    def __init__(self, name: str, queued_runs: int, later: Later, weight: Weight = one) -> None:
        """Begin without an adapter."""
        self._name = name
        self._queued_runs = queued_runs
        self._later = later
        # Runs at the same time; None when the runtime does not declare it.
        self.limit: int | None = None
        self._instance_id = ""
        self._serving = False
        self._reason = ""
        self._held: Counter[str] = Counter()
        self._waiting: Rotation[Slot] = Rotation(weight)
        self._pause: asyncio.TimerHandle | None = None
        self._absence: asyncio.TimerHandle | None = None
        self._run_seconds = 1.0

    @property
    def active(self) -> int:
        """Places held on the present life of the adapter."""
        return self._held[self._instance_id]

    @property
    def waiting(self) -> int:
        """Runs that wait."""
        return len(self._waiting)

    def take(self, path: tuple[str, ...], *, accepted: bool = False) -> Slot:
        """Return a place; see :meth:`Slots.take`."""
        slot = Slot(self, path)
        if self._open and not self._waiting:
            self._grant(slot)
            return slot
        # Nobody fills the queue alone: what waits at one path stays below what is free for all the others.
        own, room = self._waiting.count(path), self._queued_runs - len(self._waiting)
        if own >= room and not accepted:
            raise self._overloaded(path, own)
        self._waiting.add(path, slot)
        self._mind_absence()
        return slot

    def check_spare(self, path: tuple[str, ...]) -> None:
        """Check that a place is free beside those that are kept for runs that somebody waits for.

        Raises:
            Overloaded: there is none.
        """
        kept = 0 if self.limit is None else math.ceil(self.limit * _KEPT)
        if not self._open or self._waiting or (self.limit is not None and self.active >= self.limit - kept):
            raise self._overloaded(path, self._waiting.count(path))

    def update(self, runtime: registry.RegisteredRuntime | None) -> None:
        """Take over what the registry says; None when it knows the runtime no more."""
        runtime = runtime or registry.RegisteredRuntime()
        if runtime.instance_id != self._instance_id:
            self._resume()
        limits = runtime.capability.limits
        self.limit = limits.concurrent_runs if limits.HasField("concurrent_runs") else None
        self._instance_id, self._reason = runtime.instance_id, runtime.reason
        self._serving = runtime.state == registry.RUNTIME_STATE_SERVING
        self._mind_absence()
        self._advance()

    def give_back(self, slot: Slot, pause_seconds: float) -> None:
        """Let *slot* wait again as the first, and grant nothing until a place is given up or the pause is over."""
        self._free(slot)
        self._waiting.add(slot.path, slot, first=True)
        if self._pause is None:
            self._pause = self._later(pause_seconds, self._retry)

    def leave(self, slot: Slot) -> None:
        """Take *slot* out, wherever it stands."""
        if not slot.held:
            self._waiting.remove(slot.path, slot)
            return
        self._run_seconds += _NEWEST * (time.monotonic() - slot.since - self._run_seconds)
        self._free(slot)
        self._retry()

    @property
    def _open(self) -> bool:
        free = self.limit is None or self.active < self.limit
        return free and self._serving and self._pause is None

    def _grant(self, slot: Slot) -> None:
        self._held[self._instance_id] += 1
        slot.grant(self._instance_id)

    def _free(self, slot: Slot) -> None:
        instance_id, slot.instance_id = slot.instance_id or "", None
        self._held[instance_id] -= 1
        if not self._held[instance_id]:
            del self._held[instance_id]

    def _advance(self) -> None:
        while self._waiting and self._open:
            self._grant(self._waiting.next())

    def _mind_absence(self) -> None:
        if self._serving and self._absence is not None:
            self._absence.cancel()
            self._absence = None
        elif not self._serving and self._absence is None:
            self._absence = self._later(ABSENCE_SECONDS, self._give_up)

    def _resume(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _retry(self) -> None:
        self._resume()
        self._advance()

    def _give_up(self) -> None:
        self._absence = None
        reason = self._reason or "it has not come back"
        while self._waiting:
            failure = MeshError(
                reasons.ERROR_REASON_RUNTIME_UNAVAILABLE,
                f"runtime {self._name} went away while the run waited for it: {reason}",
                runtime=self._name,
            )
            self._waiting.next().fail(failure)

    def _overloaded(self, path: tuple[str, ...], own: int) -> Overloaded:
        waiting, limit = len(self._waiting), self.active if self.limit is None else self.limit
        wait_seconds = waiting / max(limit, 1) * self._run_seconds
        retry_seconds = round(min(max(wait_seconds, _MIN_RETRY_SECONDS), _MAX_RETRY_SECONDS))
        return Overloaded(self._name, path[-1], limit=limit, waiting=waiting, own=own, retry_seconds=retry_seconds)
