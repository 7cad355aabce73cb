"""The end of a run: the same rules for every runtime."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any, NoReturn

import jsonschema_rs

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import stable_id
from pal_log.payload import json_payload, text_payload
from pal_rpc.errors import MeshError, failure

_CACHED_SCHEMAS = 256
_OUTCOMES = {
    reasons.ERROR_REASON_RUN_CANCELLED: events.RUN_OUTCOME_CANCELLED,
    reasons.ERROR_REASON_LIMIT_REACHED: events.RUN_OUTCOME_LIMITED,
    reasons.ERROR_REASON_QUOTA_EXCEEDED: events.RUN_OUTCOME_LIMITED,
    reasons.ERROR_REASON_DEADLINE_EXCEEDED: events.RUN_OUTCOME_LIMITED,
}


def succeeded(run_id: str, agent: agents.AgentDefinition, text: str) -> list[rt.RunFrame]:
    """Return the last frames of a run that ended with *text*: the file, where the agent makes one, and the result.

    Raises:
        MeshError: OUTPUT_EMPTY or OUTPUT_INVALID.
    """
    payload = output(agent.output, text)
    result = rt.RuntimeResult(outcome=events.RUN_OUTCOME_SUCCEEDED, output=payload)
    return [*files(run_id, payload), rt.RunFrame(result=result)]


def files(run_id: str, payload: common.Payload, stage_id: str = "") -> list[rt.RunFrame]:
    """Return the frame that hands *payload* over as a file, if it is one."""
    if not payload.filename:
        return []
    artifact_id = stable_id(run_id, "artifact", payload.filename, payload.digest)
    added = events.ArtifactAdded(artifact_id=artifact_id, title=payload.filename, content=payload)
    event = events.RunEvent(event_id=artifact_id, type="artifact.added", stage_id=stage_id, artifact_added=added)
    return [rt.RunFrame(event=event)]


def suspended(run_id: str, asked: Sequence[tuple[events.InputRequested, str]]) -> list[rt.RunFrame]:
    """Return the last frames of an attempt that waits for what people are *asked*, each with the stage that asks."""
    frames = [
        rt.RunFrame(
            event=events.RunEvent(
                event_id=stable_id(run_id, "input.requested", request.input_id),
                type="input.requested",
                stage_id=stage_id,
                input_requested=request,
            )
        )
        for request, stage_id in asked
    ]
    input_ids = [request.input_id for request, _ in asked]
    waits = events.RunSuspended(reason=events.SUSPEND_REASON_INPUT, input_ids=input_ids)
    return [*frames, rt.RunFrame(result=rt.RuntimeResult(suspended=waits))]


def ended(error: MeshError) -> list[rt.RunFrame]:
    """Return the last frames of a run that *error* ended."""
    return [rt.RunFrame(result=rt.RuntimeResult(outcome=outcome_of(error), failure=failure(error)))]


def outcome_of(error: MeshError) -> events.RunOutcome:
    """Return the outcome of what *error* ended."""
    return _OUTCOMES.get(error.reason, events.RUN_OUTCOME_FAILED)


def output(contract: agents.IoContract, text: str) -> common.Payload:
    """Return *text* as the output that *contract* asks for; white space around JSON does not matter.

    Raises:
        MeshError: OUTPUT_EMPTY or OUTPUT_INVALID.
    """
    if not text.strip():
        raise MeshError(reasons.ERROR_REASON_OUTPUT_EMPTY, "the runtime gave no output")
    if not contract.schema.text:
        return text_payload(text)
    text = text.strip()
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _invalid("", f"is not JSON: {error}") from None
    if violation := _violation(contract.schema.text, value):
        raise _invalid(*violation)
    return json_payload(text, filename=contract.filename)


def _violation(schema: str, value: Any) -> tuple[str, str] | None:
    first = next(iter(_validator(schema).iter_errors(value)), None)
    return first and (_pointer(first.instance_path), f"does not satisfy the schema: {first.message}")


@functools.lru_cache(_CACHED_SCHEMAS)
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(json.loads(schema))


def _pointer(path: Sequence[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _invalid(path: str, problem: str) -> MeshError:
    where = f"output at {path}" if path else "output"
    return MeshError(reasons.ERROR_REASON_OUTPUT_INVALID, f"{where}: {problem}"[:512], path=path)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
