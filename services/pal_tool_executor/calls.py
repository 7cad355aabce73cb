"""A call that was admitted, and what a request for one has to satisfy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.canonical import canonical_digest
from pal_log.payload import content_text, digest
from pal_rpc.errors import InvalidField, MeshError, TooLarge
from pal_rpc.lease import Lease
from pal_tool_executor.ledgers import Known, RunAccount

MAX_ARGUMENTS_BYTES = 1024 * 1024
MAX_CALL_ID_CHARACTERS = 128


@dataclass(kw_only=True)
class Call:
    """One call that was admitted. A later attempt of its run takes it over by its *lease*."""

    lease: Lease
    account: RunAccount
    known: Known
    # The same call of an attempt that was lost.
    before: Known | None
    tool: tools.ToolSpec
    ref: common.SpecRef
    terms: shared.ToolGrantTerms
    request: pb.ExecuteToolRequest
    began: float

    @property
    def name(self) -> str:
        """The name of the tool."""
        return self.ref.name

    @property
    def text(self) -> str:
        """The arguments as they came."""
        return content_text(self.request.arguments)


def check_request(request: pb.ExecuteToolRequest) -> None:
    """Check the form of a request.

    Raises:
        MeshError: INVALID_FIELD or TOO_LARGE.
    """
    if not 0 < len(request.call_id) <= MAX_CALL_ID_CHARACTERS:
        raise InvalidField("call_id", f"1 to {MAX_CALL_ID_CHARACTERS} characters; pass on the id of the model's call")
    if request.arguments.WhichOneof("content") not in ("json", "text"):
        raise InvalidField("arguments", "send them inline, as json")
    size_bytes = len(content_text(request.arguments).encode())
    if size_bytes > MAX_ARGUMENTS_BYTES:
        raise TooLarge("arguments", size_bytes, MAX_ARGUMENTS_BYTES)


def check_same(lease: Lease, known: Known, asked: str) -> None:
    """Check that a call is repeated with the arguments it had: their digest is *asked*.

    Raises:
        MeshError: CALL_ID_REUSED, or DIVERGED when an earlier attempt had made it.
    """
    if known.digest == asked:
        return
    if known.epoch < lease.epoch:
        raise MeshError(
            reasons.ERROR_REASON_DIVERGED,
            f"the run took another path than its record: call {known.call_id} had other arguments",
            run_id=lease.run_id,
            call_id=known.call_id,
            source_seq=known.seq,
        )
    raise MeshError(
        reasons.ERROR_REASON_CALL_ID_REUSED,
        f"call_id: {known.call_id} was used with other arguments in this run; choose a new one",
        call_id=known.call_id,
    )


def granted(lease: Lease, tool: common.SpecRef) -> tuple[common.SpecRef, shared.ToolGrantTerms]:
    """Return what the run of *lease* was granted under the name of *tool*.

    Raises:
        MeshError: TOOL_NOT_GRANTED.
    """
    for ref, terms in zip(lease.grant.accepted.tools, lease.grant.tool_terms, strict=True):
        if ref.name == tool.name and tool.version in ("", ref.version) and tool.namespace in ("", ref.namespace):
            return ref, terms
    raise MeshError(
        reasons.ERROR_REASON_TOOL_NOT_GRANTED,
        f"tool: {tool.name or '(empty)'} is not granted to agent {lease.agent.name}; name it in spec.tools",
        tool=tool.name,
    )


def check_stage(agent: agents.AgentSpec, request: pb.ExecuteToolRequest) -> None:
    """Check that the stage that *request* names may use the tool, by the plan of *agent*.

    Raises:
        MeshError: INVALID_FIELD, there is no such stage, or TOOL_NOT_GRANTED.
    """
    name, stages = request.tool.name, agent.spec.plan.stages
    for position, stage in enumerate(stages):
        if stage.id != request.stage_id:
            continue
        if stage.tools and name not in stage.tools:
            where = f"spec.plan.stages[{position}].tools"
            raise MeshError(
                reasons.ERROR_REASON_TOOL_NOT_GRANTED,
                f"tool: {name} is not for stage {stage.id} of agent {agent.metadata.name}; name it in {where}",
                tool=name,
                stage=stage.id,
            )
        return
    known = ", ".join(stage.id for stage in stages) or "none"
    problem = f"{request.stage_id[:63]} is no stage of agent {agent.metadata.name}, whose stages are: {known}"
    raise InvalidField("stage_id", problem)


def arguments_digest(text: str) -> str:
    """Return the digest of arguments, of their canonical form where they have one."""
    try:
        return canonical_digest(text)
    except ValueError:
        return digest(text.encode())


def under(lease: Lease, fact: events.RunEvent) -> events.RunEvent:
    """Return *fact* as the attempt of *lease* states it."""
    if fact.lease_epoch == lease.epoch:
        return fact
    stated = events.RunEvent()
    stated.CopyFrom(fact)
    stated.lease_epoch = lease.epoch
    return stated


def key(run_id: str, call_id: str) -> str:
    """Return the key that the back end sees: the same on every attempt, and in no other run."""
    return hashlib.sha256(f"{run_id}/{call_id}".encode()).hexdigest()
