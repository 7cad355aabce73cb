"""From a request to a run that can be accepted: every check that needs no I/O but the registry's snapshot."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace

import jsonschema_rs
from google.protobuf import duration_pb2, timestamp_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.events import new_id, now
from pal_log.payload import content_bytes, digest, json_payload, text_payload
from pal_policy.limits import smallest
from pal_policy.selection import bound
from pal_rpc.errors import InvalidField, TooLarge
from pal_rpc.options import MIB
from pal_rpc.snapshot import RegistrySnapshot

MAX_INPUT_BYTES = 1 * MIB
MAX_REQUEST_ID_CHARACTERS = 128
_REQUEST_IDS = uuid.UUID("6f1c5f34-0e55-4f0a-9d7c-1f6b0f2d7a10")


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """A run as it will be accepted, everything pinned."""

    run_id: str
    agent: agents.AgentSpec
    tools: tuple[tools.ToolSpec, ...]
    policies: tuple[tuple[common.SpecRef, policies.PolicySpec], ...]
    input: common.Payload
    accepted: events.RunAccepted
    terms: tuple[shared.ToolGrantTerms, ...]

    @property
    def deadline_seconds(self) -> float:
        """When the run's time is up, in seconds since the epoch."""
        return self.accepted.deadline.seconds + self.accepted.deadline.nanos / 1e9

    def repeated(self, run_id: str, accepted: events.RunAccepted) -> Acceptance:
        """Return the same work as another run."""
        return replace(self, run_id=run_id, accepted=accepted)


def accept(
    request: pb.RunRequest,
    requester: common.Principal,
    snapshot: RegistrySnapshot,
    default_limits: common.RunLimits,
) -> Acceptance:
    """Return the run that *request* asks for.

    Raises:
        MeshError: a field is wrong, or the agent, one of its tools or policies is not there.
    """
    check_request_id(request.request_id)
    if len(request.drill_id) > MAX_REQUEST_ID_CHARACTERS:
        raise InvalidField("drill_id", f"longer than {MAX_REQUEST_ID_CHARACTERS} characters; a UUID is enough")
    if not request.agent.name:
        raise InvalidField("agent.name", "empty; name the agent to run")
    document = snapshot.resolve(registry.DOCUMENT_KIND_AGENT, request.agent)
    agent = document.agent
    granted = [snapshot.resolve(registry.DOCUMENT_KIND_TOOL, grant.tool) for grant in agent.spec.tools]
    binding = _policies(snapshot, agent)
    payload = _input(request.input, agent)
    accepted = events.RunAccepted(
        agent=document.ref,
        tools=[tool.ref for tool in granted],
        policies=[ref for ref, _ in binding],
        input=payload,
        requester=requester,
        limits=smallest(
            default_limits, agent.spec.limits, request.limits, *(policy.spec.run_limits for _, policy in binding)
        ),
        request_id=request.request_id,
        request_digest=digest(request.SerializeToString(deterministic=True)),
        conversation_id=request.conversation_id,
        labels=request.labels,
        drill_id=request.drill_id,
    )
    accepted.deadline.CopyFrom(deadline(accepted.limits.max_duration))
    return Acceptance(
        run_id=run_id_of(request.request_id, requester.tenant),
        agent=agent,
        tools=tuple(document.tool for document in granted),
        policies=tuple(binding),
        input=payload,
        accepted=accepted,
        terms=tuple(_terms(grant) for grant in agent.spec.tools),
    )


def mode_of(request: pb.RunRequest) -> common.ExecutionMode:
    """Return why the run of *request* is executed."""
    return common.EXECUTION_MODE_DRILL if request.drill_id else common.EXECUTION_MODE_LIVE


def check_request_id(request_id: str) -> None:
    """Check an identifier that a caller chose.

    Raises:
        InvalidField: it is too long.
    """
    if len(request_id) > MAX_REQUEST_ID_CHARACTERS:
        raise InvalidField("request_id", f"longer than {MAX_REQUEST_ID_CHARACTERS} characters; a UUID is enough")


def run_id_of(request_id: str, tenant: str) -> str:
    """Return the run of a request: the same for the same *request_id* of a *tenant*, new for an empty one."""
    return str(uuid.uuid5(_REQUEST_IDS, f"{tenant}/{request_id}")) if request_id else new_id()


def _policies(snapshot: RegistrySnapshot, agent: agents.AgentSpec) -> list[tuple[common.SpecRef, policies.PolicySpec]]:
    named = [snapshot.resolve(registry.DOCUMENT_KIND_POLICY, selector) for selector in agent.spec.policies]
    everything = [(document.ref, document.policy) for document in snapshot.newest(registry.DOCUMENT_KIND_POLICY)]
    return bound([(document.ref, document.policy) for document in named], everything)


def _input(payload: common.Payload, agent: agents.AgentSpec) -> common.Payload:
    raw = content_bytes(payload)
    if payload.WhichOneof("content") == "ref":
        raise InvalidField("input.ref", "an input has to be inline; send it as text, json or blob")
    if not raw or not raw.strip():
        raise InvalidField("input", "empty; send text, json or a blob")
    if len(raw) > MAX_INPUT_BYTES:
        raise TooLarge("input", len(raw), MAX_INPUT_BYTES)
    if agent.spec.input.schema.text:
        _check_schema(payload, raw, agent.spec.input.schema)
    match payload.WhichOneof("content"):
        case "json":
            return json_payload(payload.json, filename=payload.filename)
        case "text":
            media_type = payload.media_type or "text/plain"
            return text_payload(payload.text, media_type=media_type, filename=payload.filename)
        case _:
            return common.Payload(
                blob=raw,
                media_type=payload.media_type or "application/octet-stream",
                digest=digest(raw),
                size_bytes=len(raw),
                filename=payload.filename,
            )


def _check_schema(payload: common.Payload, raw: bytes, schema: common.JsonSchema) -> None:
    if payload.WhichOneof("content") != "json":
        raise InvalidField("input", "this agent takes JSON; send it in input.json")
    try:
        jsonschema_rs.validate(json.loads(schema.text), json.loads(raw))
    except ValueError as error:
        problem = error.message if isinstance(error, jsonschema_rs.ValidationError) else f"not JSON: {error}"
        path = "".join(f"/{step}" for step in getattr(error, "instance_path", ()))
        raise InvalidField(f"input.json{path}", problem[:400]) from None


def deadline(max_duration: duration_pb2.Duration) -> timestamp_pb2.Timestamp:
    """Return the moment at which a run that is accepted now has taken *max_duration*."""
    moment = now()
    total = moment.nanos + max_duration.nanos
    return timestamp_pb2.Timestamp(
        seconds=moment.seconds + max_duration.seconds + total // 1_000_000_000, nanos=total % 1_000_000_000
    )


def _terms(grant: agents.ToolGrant) -> shared.ToolGrantTerms:
    max_calls = grant.max_calls if grant.HasField("max_calls") else None
    return shared.ToolGrantTerms(always_ask=grant.always_ask, max_calls=max_calls)


async def restored(
    run_id: str, accepted: events.RunAccepted, payload: common.Payload, snapshot: RegistrySnapshot
) -> Acceptance:
    """Return the run as it was *accepted*, its documents pinned; *payload* is its input, inline.

    Raises:
        MeshError: …_NOT_FOUND, a document is not there any more.
    """
    agent = (await snapshot.pinned(registry.DOCUMENT_KIND_AGENT, accepted.agent)).agent
    granted = [(await snapshot.pinned(registry.DOCUMENT_KIND_TOOL, ref)).tool for ref in accepted.tools]
    kind = registry.DOCUMENT_KIND_POLICY
    return Acceptance(
        run_id=run_id,
        agent=agent,
        tools=tuple(granted),
        policies=tuple([(ref, (await snapshot.pinned(kind, ref)).policy) for ref in accepted.policies]),
        input=payload,
        accepted=accepted,
        terms=tuple(_terms(grant) for grant in agent.spec.tools),
    )
