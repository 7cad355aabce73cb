"""One run on the target, driven as a router drives it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Protocol

import grpc

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as run_events
from pal_conformance.play import Play
from pal_conformance.record import ended
from pal_conformance.verdict import Broken
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error


class Call(Protocol):
    """A stream of responses that can be left."""

    def __aiter__(self) -> AsyncIterator[rt.RuntimeServiceRunResponse | None]:
        """Read."""
        ...

    def cancel(self) -> bool:
        """Leave."""
        ...


class Run:
    """One attempt of a run and everything it streamed."""

    def __init__(self, call: Call, request: rt.RuntimeServiceRunRequest, play: Play) -> None:
        """Read *call*, which carries out *request*."""
        self.call = call
        self.request = request
        self.lease: shared.RunLease = request.lease
        self.play = play
        self.frames: list[rt.RunFrame] = []
        # What came in the message of the result is recorded together with the end.
        self._last: list[run_events.RunEvent] = []
        # Whether the kit ended it: no result can be asked for then.
        self.taken_away = False
        self.over = asyncio.Event()
        self.ended_at = 0.0
        self.status = ""
        self.refusal: MeshError | None = None

    async def read(self) -> None:
        """Read to the end of the stream and complete the record."""
        try:
            async for response in self.call:
                # grpc.aio hands out None for a message that it cannot read.
                self._take(list(response.frames if response is not None else _garbage()))
        except grpc.aio.AioRpcError as error:
            self.status, self.refusal = f"{error.code().name}: {error.details()}", from_rpc_error(error)
        except asyncio.CancelledError:
            self.status = "CANCELLED by the kit"
        except Broken as broken:
            self.status = broken.problem
        finally:
            self.call.cancel()
        self.ended_at = time.monotonic()
        await self.play.record.end(self.lease, self._outcome(), self._last)
        self.over.set()
        self.play.changes.tell()

    def _take(self, frames: list[rt.RunFrame]) -> None:
        self.frames.extend(frames)
        sent = [frame.event for frame in frames if frame.HasField("event")]
        if any(frame.HasField("result") for frame in frames):
            self._last = sent
        else:
            for event in sent:
                self.play.record.adapter_event(self.lease, event)
        self.play.changes.tell()

    def _outcome(self) -> rt.RuntimeResult:
        result = next((frame.result for frame in self.frames if frame.HasField("result")), None)
        if result is not None:
            return result
        if self.status.startswith("DEADLINE_EXCEEDED"):
            error = MeshError(reasons.ERROR_REASON_DEADLINE_EXCEEDED, "the run's time was up")
            return ended(error, run_events.RUN_OUTCOME_LIMITED)
        lost = MeshError(reasons.ERROR_REASON_ADAPTER_LOST, f"the stream ended without a result ({self.status})")
        return ended(self.refusal or lost, run_events.RUN_OUTCOME_FAILED)

    def leave(self) -> None:
        """Go away, as a router does that was killed."""
        self.taken_away = True
        self.call.cancel()

    async def until(self, holds: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
        """Return once *holds*.

        Raises:
            Broken: it does not within *seconds*, or the run ended before; *what* says what was waited for.
        """
        await self.play.changes.until(lambda: holds() or self.over.is_set(), seconds)
        if not holds():
            how = f"the run ended before ({self.end})" if self.over.is_set() else f"not within {seconds:g} s"
            raise Broken(f"{what}: {how}", self.frames[-1] if self.frames else "no frame came")

    async def held(self, what: str) -> None:
        """Return once a seam holds back an answer of this run."""
        await self.until(lambda: self.play.holding > 0, what)

    @property
    def result(self) -> rt.RuntimeResult:
        """The result.

        Raises:
            Broken: there is none.
        """
        found = [frame.result for frame in self.frames if frame.HasField("result")]
        if not found:
            last = self.frames[-1] if self.frames else "no frame came"
            raise Broken(f"the stream ended without a result ({self.status or 'OK'})", last)
        return found[0]

    @property
    def end(self) -> str:
        """How it ended, for example ``FAILED OUTPUT_EMPTY``."""
        found = [frame.result for frame in self.frames if frame.HasField("result")]
        if not found:
            return f"no result, {self.status or 'OK'}"
        return ending(found[0].outcome, found[0].failure.reason)

    @property
    def output(self) -> str:
        """The text or JSON that the run produced."""
        return self.result.output.text or self.result.output.json

    @property
    def events(self) -> list[run_events.RunEvent]:
        """The events that the adapter sent."""
        return [frame.event for frame in self.frames if frame.HasField("event")]

    @property
    def live(self) -> list[shared.LiveOutput]:
        """The live output that the adapter sent."""
        return [frame.live_output for frame in self.frames if frame.HasField("live_output")]

    @property
    def messages(self) -> list[run_events.MessageAdded]:
        """The messages that the adapter announced."""
        return [event.message_added for event in self.events if event.HasField("message_added")]

    @property
    def asked(self) -> list[llm.ModelRequest]:
        """What the model was asked."""
        return self.play.asked

    @property
    def executed(self) -> list[executor.ExecuteToolRequest]:
        """What the tools were asked."""
        return self.play.executed


def ending(outcome: int, reason: str = "") -> str:
    """Return how a run ended in words, for example ``FAILED OUTPUT_EMPTY``."""
    known = outcome in run_events.RunOutcome.values()
    name = run_events.RunOutcome.Name(outcome) if known else str(outcome)
    return f"{name.removeprefix('RUN_OUTCOME_')} {reason}".strip()


def _garbage() -> Iterable[rt.RunFrame]:
    raise Broken("it sent bytes that are no RuntimeServiceRunResponse")
