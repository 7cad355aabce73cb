"""Event types: the name of each body, who may write it, and how an event is built."""

from __future__ import annotations

from typing import Any

import uuid_utils
from google.protobuf import timestamp_pb2

from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log import clock

ROUTER, LLM_PROVIDER, TOOL_EXECUTOR = "router", "llm_provider", "tool_executor"
# Whoever brings runs in from elsewhere states facts of every family, and is named as their producer.
IMPORTER = "import"

# The type of an event is its body's field name with dots, except where a word of the type has no dot.
TYPES = {field.name: field.name.replace("_", ".") for field in events.RunEvent.DESCRIPTOR.oneofs_by_name["body"].fields}
BODIES = {type_: body for body, type_ in TYPES.items()}
SEAMS = frozenset({ROUTER, LLM_PROVIDER, TOOL_EXECUTOR})
_WRITERS = {
    "run": frozenset({ROUTER}),
    "input": frozenset({ROUTER}),
    "stage": frozenset({ROUTER}),
    "message": frozenset({ROUTER}),
    "artifact": frozenset({ROUTER}),
    "note": frozenset({ROUTER}),
    "model": frozenset({LLM_PROVIDER}),
    "tool": frozenset({TOOL_EXECUTOR}),
    "policy": SEAMS,
    "replay": SEAMS,
    "fault": SEAMS,
}
# Whoever counts towards a ceiling notices that it is reached.
_EXCEPTIONS = {"run.limit.reached": SEAMS}
# What an adapter may stream to the router.
ADAPTER_TYPES = frozenset(
    {"stage.started", "stage.finished", "message.added", "artifact.added", "input.requested", "note.added"}
)
_FACTS = uuid_utils.UUID("0c6b0a53-5d53-5b0f-9f0a-2f5d1f6f7c52")
# The router that wrote the newest of these has the run.
HOLDING = frozenset({"run.accepted", "run.routed", "run.started", "run.resumed"})
ADVISORY_TYPES = frozenset({"note.added", "fault.injected"})


def writers(type_: str) -> frozenset[str]:
    """Return the services that may write events named *type_*; empty for an unknown family."""
    known = _EXCEPTIONS.get(type_) or _WRITERS.get(type_.partition(".")[0], frozenset())
    return known | {IMPORTER} if known else known


def new_id() -> str:
    """Return a new identifier that sorts by time (UUIDv7)."""
    return str(uuid_utils.uuid7())


def stable_id(*parts: str) -> str:
    """Return the identifier of a fact: the same for the same *parts*, so that whoever states it again adds nothing."""
    return str(uuid_utils.uuid5(_FACTS, "\0".join(parts)))


def now() -> timestamp_pb2.Timestamp:
    """Return the wall clock as a timestamp."""
    nanos = clock.now_ns()
    return timestamp_pb2.Timestamp(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)


class EventWriter:
    """Builds the events of one producer: one component in one process life."""

    def __init__(self, component: str, instance_id: str = "") -> None:
        """Name the producer, for example ``llm_provider`` or ``adapter.agno``, and its life if that has a name."""
        self.producer = events.ProducerStamp(component=component, instance_id=instance_id or new_id())

    def event(
        self,
        run_id: str,
        mode: common.ExecutionMode,
        epoch: int,
        *,
        traceparent: str = "",
        stage_id: str = "",
        **body: Any,
    ) -> events.RunEvent:
        """Return an event that is not recorded yet; *body* is one keyword, the name of the body's field."""
        (name,) = body
        type_ = TYPES[name]
        return events.RunEvent(
            run_id=run_id,
            event_id=new_id(),
            type=type_,
            mode=mode,
            occurred_at=now(),
            producer=self.producer,
            lease_epoch=epoch,
            advisory=type_ in ADVISORY_TYPES,
            traceparent=traceparent,
            stage_id=stage_id,
            **body,
        )
