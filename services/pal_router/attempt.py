"""One attempt of a run on an adapter: what its frames become, and what its end means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import ADAPTER_TYPES, BODIES, EventWriter, new_id, now, stable_id
from pal_router.active import ActiveRun
from pal_router.drilling import drilled
from pal_router.stages import RULE, StageOrder
from pal_rpc.adapter_client import AdapterClient, AdapterLost
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import MeshError, failure
from pal_rpc.faults import DRILL, Faults
from pal_rpc.spans import SpanWriter

# An adapter gives a sign of life every five seconds.
SILENCE_SECONDS = 20.0
# What people say in these is in the record.
_ALONE = frozenset({common.EXECUTION_MODE_SHADOW, common.EXECUTION_MODE_REPLAY})
_MODES = frozenset(common.ExecutionMode.values())


class AdapterProtocol(MeshError):
    """The adapter broke the contract of RuntimeService."""

    def __init__(self, runtime: str, rule: str, detail: str) -> None:
        """Name the *rule* that was broken and what was seen."""
        super().__init__(
            reasons.ERROR_REASON_ADAPTER_PROTOCOL,
            f"the adapter of runtime {runtime} broke the contract ({rule}): {detail}",
            runtime=runtime,
            rule=rule,
        )


@dataclass(kw_only=True)
class Attempt:
    """Drives one attempt.

    The events of the message that carries the result are kept in *last*, so that they become durable together with
    the terminal event.
    """

    run: ActiveRun
    runtime: str
    endpoint: str
    request: rt.RuntimeServiceRunRequest
    adapters: AdapterClient
    appender: Appender
    artifacts: ArtifactClient
    spans: SpanWriter
    writer: EventWriter
    faults: Faults
    # Records that a fault is met.
    receipt: Callable[[events.FaultInjected], Awaitable[object]]
    last: list[events.RunEvent] = field(default_factory=list)
    # Whether the adapter has said anything but a refusal.
    begun: bool = False
    _result: rt.RuntimeResult | None = None

    def __post_init__(self) -> None:
        """Begin before the first stage of the plan."""
        self._order = StageOrder(self.request.agent.spec.plan)

    async def drive(self, timeout_seconds: float) -> rt.RuntimeResult:
        """Pass on what the adapter streams until it gives its result, and return that.

        Raises:
            MeshError: ADAPTER_LOST, ADAPTER_PROTOCOL, DEADLINE_EXCEEDED, or what the adapter refused the run with.
        """
        clock = asyncio.get_running_loop().time
        try:
            async with (
                asyncio.timeout(SILENCE_SECONDS) as silence,
                aclosing(self._stream(timeout_seconds)) as stream,
            ):
                async for frames in stream:
                    # What takes its time here is not the adapter.
                    silence.reschedule(None)
                    self.begun = True
                    await self._take(frames)
                    silence.reschedule(clock() + SILENCE_SECONDS)
        except TimeoutError:
            raise AdapterLost(self.runtime, f"no sign of life for {SILENCE_SECONDS:.0f} s") from None
        if self._result is None:
            raise AdapterLost(self.runtime, "the stream ended without a result")
        return self._result

    def _stream(self, timeout_seconds: float) -> AsyncGenerator[Sequence[rt.RunFrame], None]:
        def opened(request: rt.RuntimeServiceRunRequest) -> AsyncGenerator[Sequence[rt.RunFrame], None]:
            return self.adapters.run(self.runtime, self.endpoint, request, timeout_seconds)

        if self.run.mode != DRILL:
            return opened(self.request)
        grant = shared.RunGrant(accepted=self.run.acceptance.accepted, runtime=self.runtime)
        return drilled(opened, self.request, self.faults, grant, self.receipt)

    async def _take(self, frames: Sequence[rt.RunFrame]) -> None:
        batch: list[events.RunEvent] = []
        for frame in frames:
            if self._result is not None:
                raise AdapterProtocol(self.runtime, "the result is the last frame", "something followed the result")
            match frame.WhichOneof("frame"):
                case "event":
                    batch.append(await self._event(frame.event))
                case "live_output":
                    self.run.offer_live(frame.live_output)
                case "span":
                    self.spans.add(frame.span)
                case "result":
                    if frame.result.HasField("suspended"):
                        self._check_may_wait()
                    self._result = frame.result
                case _:
                    # A sign of life, or a kind of frame from the future.
                    pass
        if self._result is not None:
            self.last = batch
            self._check(self._order.missing(self._result.outcome))
        elif batch:
            # What a stage asks waits for its start to be on record.
            begins = any(event.type == "stage.started" for event in batch)
            self.appender.submit(self.run.run_id, batch, linger=not begins)

    async def _event(self, event: events.RunEvent) -> events.RunEvent:
        if event.type not in ADAPTER_TYPES or event.WhichOneof("body") != BODIES.get(event.type):
            detail = f"it sent {event.type or 'an event without a type'}"
            raise AdapterProtocol(
                self.runtime, "an adapter writes stages, messages, artifacts, inputs and notes", detail
            )
        if event.run_id not in ("", self.run.run_id):
            raise AdapterProtocol(self.runtime, "events belong to the run", f"an event of run {event.run_id}")
        lease = self.request.lease
        if event.mode not in (common.EXECUTION_MODE_UNSPECIFIED, lease.mode):
            stated = common.ExecutionMode.Name(event.mode) if event.mode in _MODES else event.mode
            raise AdapterProtocol(self.runtime, "events have the mode of the run", f"an event of mode {stated}")
        if event.type == "input.requested":
            self._check_may_wait()
        self._check(self._order.problem(event))
        stamped = events.RunEvent(
            run_id=self.run.run_id,
            event_id=self._event_id(event),
            type=event.type,
            mode=lease.mode,
            occurred_at=event.occurred_at if event.HasField("occurred_at") else now(),
            producer=event.producer if event.HasField("producer") else self.writer.producer,
            lease_epoch=lease.epoch,
            advisory=event.advisory,
            traceparent=event.traceparent or self.request.traceparent,
            stage_id=event.stage_id,
        )
        match event.type:
            case "message.added":
                parts = [await self.artifacts.externalise(part) for part in event.message_added.parts]
                stamped.message_added.MergeFrom(event.message_added)
                del stamped.message_added.parts[:]
                stamped.message_added.parts.extend(parts)
            case "artifact.added":
                content = await self.artifacts.externalise(event.artifact_added.content)
                stamped.artifact_added.MergeFrom(event.artifact_added)
                stamped.artifact_added.content.CopyFrom(content)
            case "stage.finished":
                stamped.stage_finished.MergeFrom(event.stage_finished)
                if event.stage_finished.HasField("output"):
                    output = await self.artifacts.externalise(event.stage_finished.output)
                    stamped.stage_finished.output.CopyFrom(output)
            case _:
                body = BODIES[event.type]
                getattr(stamped, body).CopyFrom(getattr(event, body))
        return stamped

    def _event_id(self, event: events.RunEvent) -> str:
        if event.type.startswith("stage."):
            # A later attempt comes through the same stages again, and the record has each once.
            return stable_id(self.run.run_id, event.type, event.stage_id)
        return event.event_id or new_id()

    def _check_may_wait(self) -> None:
        if self.run.mode in _ALONE:
            raise AdapterProtocol(
                self.runtime, "a shadow or a replay waits for nobody", "it asked a person, and no tool had told it to"
            )

    def _check(self, problem: str) -> None:
        if problem:
            raise AdapterProtocol(self.runtime, RULE, problem)


def outcome_of(error: MeshError) -> tuple[common.Failure, int]:
    """Return what an attempt that ended with *error* is recorded as: the failure and the RunOutcome."""
    match error.reason:
        case reasons.ERROR_REASON_RUN_CANCELLED:
            return failure(error), events.RUN_OUTCOME_CANCELLED
        case (
            reasons.ERROR_REASON_DEADLINE_EXCEEDED
            | reasons.ERROR_REASON_LIMIT_REACHED
            | reasons.ERROR_REASON_QUOTA_EXCEEDED
        ):
            return failure(error), events.RUN_OUTCOME_LIMITED
        case _:
            return failure(error), events.RUN_OUTCOME_FAILED
