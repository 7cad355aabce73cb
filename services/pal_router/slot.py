"""One run's place on a runtime, from the wait for it to the end of its use."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError

if TYPE_CHECKING:
    from pal_router.slots import RuntimeSlots

_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.05, 2.0


class Overloaded(MeshError):
    """As many runs wait for a runtime as may."""

    def __init__(self, runtime: str, agent: str, *, limit: int, waiting: int, own: int, retry_seconds: int) -> None:
        """Say how many run at once and how many wait, *own* of them the caller's for *agent*."""
        super().__init__(
            reasons.ERROR_REASON_OVERLOADED,
            f"runtime {runtime} carries out {limit} runs at once and {waiting} wait for it, {own} of them yours for "
            f"agent {agent}; try again in {retry_seconds} s, or raise limits.concurrentRuns or PAL_QUEUED_RUNS",
            runtime=runtime,
            limit=limit,
            queue_length=waiting,
            retry_after_seconds=retry_seconds,
        )


class Slot:
    """A place that is waited for, or held, until the block ends that uses it."""

    def __init__(self, runtime: RuntimeSlots, path: tuple[str, ...]) -> None:
        """Stand at *path* in the queue of *runtime*."""
        self.path = path
        # The life of the adapter on which the place is held; None while it is not.
        self.instance_id: str | None = None
        self.since = time.monotonic()
        self._runtime = runtime
        self._decided = asyncio.Event()
        self._failure: MeshError | None = None
        self._left = False
        self._refusals = 0

    @property
    def held(self) -> bool:
        """Whether the run may go."""
        return self.instance_id is not None

    async def wait(self) -> None:
        """Return once the place is held.

        Raises:
            MeshError: RUNTIME_UNAVAILABLE, the runtime has taken no runs for a while.
        """
        await self._decided.wait()
        if self._failure is not None:
            raise self._failure

    def grant(self, instance_id: str) -> None:
        """Hold the place, on one life of the adapter."""
        self.instance_id, self.since = instance_id, time.monotonic()
        self._decided.set()

    def fail(self, failure: MeshError) -> None:
        """End the wait."""
        self._failure, self._left = failure, True
        self._decided.set()

    def give_back(self) -> None:
        """Wait again, before everybody else: the adapter is full, for it takes runs of other routers as well."""
        pause_seconds = min(_FIRST_PAUSE_SECONDS * 2**self._refusals, _MAX_PAUSE_SECONDS)
        self._refusals += 1
        self._decided.clear()
        self._runtime.give_back(self, pause_seconds)

    def leave(self) -> None:
        """Free the place, or leave the queue; a second time does nothing."""
        if not self._left:
            self._left = True
            self._runtime.leave(self)

    def __enter__(self) -> Self:
        """Return the slot."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        self.leave()
