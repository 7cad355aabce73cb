"""What the two ports of one run share: the right to act, the first fatal error, the time that is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_rpc import telemetry
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error, is_lost

# How long a seam that is not there is waited for. It is being started again, and to begin another attempt meanwhile
# would only lose that one too.
AWAY_SECONDS = 10.0
AWAY_PAUSE_SECONDS = 0.2


class Grant:
    """What one run may still do.

    The first fatal error stays: whatever a runtime makes of it, the run ends with it, and no call begins after it.

    A run that waits for people goes on until nothing of it is going: calls that were asked for come to their end, and
    no model is asked any more.
    """

    def __init__(self, request: rt.RuntimeServiceRunRequest, time_left_seconds: float | None) -> None:
        """Grant what *request* asks for, for *time_left_seconds* (None: without end)."""
        self.lease: shared.RunLease = request.lease
        self.traceparent = request.traceparent
        # With spans exported, the channel sends the traceparent of the span in progress instead.
        said = request.traceparent and not telemetry.enabled()
        self.metadata = (("traceparent", request.traceparent),) if said else ()
        self.fatal: MeshError | None = None
        self._over: set[str] = set()
        # What people are asked, in the order it came up, each with the stage that asks.
        self.waits_for: list[tuple[events.InputRequested, str]] = []
        # Called once, when the run begins to wait.
        self.on_wait: Callable[[], None] = lambda: None
        self._going = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._ends_at = None if time_left_seconds is None else time.monotonic() + time_left_seconds

    @property
    def run_id(self) -> str:
        """The run."""
        return self.lease.run_id

    def end(self, error: MeshError, stage_id: str = "") -> MeshError:
        """Let nothing begin from now on; return the error the run ends with, which names the stage it came up in."""
        if self.fatal is None:
            self.fatal = error
            if stage_id:
                error.metadata["stage"] = stage_id
        return self.fatal

    def over(self, stage_id: str) -> None:
        """Let nothing of a stage begin from now on."""
        self._over.add(stage_id)

    def check(self, stage_id: str = "") -> None:
        """Raise the error that ended the run, if one did, or that the stage is over."""
        if self.fatal is not None:
            raise self.fatal
        if stage_id in self._over:
            message = f"the runtime went on with stage {stage_id} after its end"
            raise MeshError(reasons.ERROR_REASON_RUNTIME_ERROR, message)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count a call as going on until the block ends."""
        self._going += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._going -= 1
            if not self._going:
                self._quiet.set()

    def wait_for(self, asked: events.InputRequested, stage_id: str = "") -> None:
        """Have the run wait for a person, once its calls have come to their end."""
        self.waits_for.append((asked, stage_id))
        if len(self.waits_for) == 1:
            self.on_wait()

    async def quiet(self) -> None:
        """Return once no call is going on."""
        await self._quiet.wait()

    async def hold(self) -> None:
        """Return at once, or never when the run waits for people."""
        if self.waits_for:
            await asyncio.Event().wait()

    def time_left(self) -> float | None:
        """Return the seconds that a call may take; None for any time."""
        return None if self._ends_at is None else max(self._ends_at - time.monotonic(), 0.001)


def seam_error(error: grpc.aio.AioRpcError, unavailable: MeshError) -> MeshError:
    """Return what *error* of a seam means for the run; *unavailable* when the seam is gone."""
    if known := from_rpc_error(error):
        return known
    if is_lost(error):
        return unavailable
    match error.code():
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return MeshError(reasons.ERROR_REASON_DEADLINE_EXCEEDED, "the run's time was up")
        case grpc.StatusCode.CANCELLED:
            return unavailable
        case code:
            return MeshError(
                reasons.ERROR_REASON_INTERNAL, f"a seam answered {code.name} without saying why", code=code.name
            )
