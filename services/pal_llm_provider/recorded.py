"""What an earlier attempt of a run was answered: a later one is given the same and asks nothing twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.payload import artifact_digest, content_text, text_payload
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import MeshError


@dataclass
class Asked:
    """A call in the record; *finished* is absent while it is open, and *seq* is the place of its end."""

    started: events.ModelCallStarted
    epoch: int
    finished: events.ModelCallFinished | None = None
    seq: int = 0
    stage_id: str = ""

    @property
    def answered(self) -> bool:
        """Whether there is an answer that can be given again."""
        return self.finished is not None and not self.finished.HasField("failure")


@dataclass(eq=False)
class Record:
    """The model calls of a run as they are recorded, by identifier."""

    calls: dict[str, Asked] = field(default_factory=dict)
    # Whether the run has left the path of its record: nothing is answered from it any more.
    left: bool = False

    def recall(self, event: events.RunEvent) -> None:
        """Take in a recorded *event* of the run."""
        match event.WhichOneof("body"):
            case "model_call_started":
                started = event.model_call_started
                self.calls[started.call_id] = Asked(started, event.lease_epoch, stage_id=event.stage_id)
            case "model_call_finished":
                call = self.calls[event.model_call_finished.call_id]
                call.finished, call.seq = event.model_call_finished, event.seq
            case _:
                pass

    def lost(self, epoch: int) -> list[str]:
        """Return the calls that attempts before *epoch* left open."""
        return [call_id for call_id, call in self.calls.items() if call.finished is None and call.epoch < epoch]


async def answer(call: Asked, artifacts: ArtifactClient) -> pb.ModelAnswer:
    """Return the answer that *call* was given.

    Raises:
        MeshError: its content is not kept any more, or the recorder cannot be reached.
    """
    finished = call.finished or events.ModelCallFinished()
    said = json.loads(await content_of(finished.response, artifacts))
    message = pb.ModelMessage(
        role=events.MESSAGE_ROLE_AGENT,
        parts=[text_payload(said["text"])] if said["text"] else [],
        tool_calls=[_tool_call(asked) for asked in said.get("tool_calls", ())],
    )
    return pb.ModelAnswer(
        call_id=finished.call_id,
        message=message,
        stop_reason=finished.stop_reason,
        usage=finished.usage,
        cost=finished.cost if finished.HasField("cost") else None,
        model=finished.model,
        provider=call.started.provider,
        replayed=True,
    )


def diverged(call: Asked, call_id: str, digest: str, *, fatal: bool) -> events.ReplayDiverged:
    """Return the fact that the run asks under *call_id* for something else than it did in *call*."""
    return events.ReplayDiverged(
        source_seq=call.seq,
        reason="MODEL_REQUEST_DIFFERS",
        expected_digest=call.started.request_digest,
        actual_digest=digest,
        fatal=fatal,
        call_id=call_id,
        message=f"model call {call_id} asks for something else than the record has at seq {call.seq}",
    )


def stopped(fact: events.ReplayDiverged, run_id: str) -> MeshError:
    """Return the error that a fatal *fact* ends the run with."""
    return MeshError(
        reasons.ERROR_REASON_DIVERGED,
        f"the run took another path than its record: {fact.message}; "
        "an agent whose spec.runtime.onDivergence is GO_ON would go on without the record",
        run_id=run_id,
        call_id=fact.call_id,
        source_seq=fact.source_seq,
    )


def _tool_call(asked: dict[str, Any]) -> pb.ModelToolCall:
    return pb.ModelToolCall(call_id=asked["id"], name=asked["name"], arguments_json=asked["arguments"])


async def content_of(payload: common.Payload, artifacts: ArtifactClient) -> str:
    """Return the text of a recorded *payload*, wherever it is kept.

    Raises:
        MeshError: ARTIFACT_NOT_FOUND, or the recorder cannot be reached.
    """
    if kept := artifact_digest(payload):
        return (await artifacts.get(kept)).decode()
    return content_text(payload)
