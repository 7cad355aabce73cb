"""A recorded run, shadowed: the same work once more, beside it, without an effect on the world or on anybody's wait."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.payload import digest
from pal_policy.limits import smallest
from pal_router.acceptance import check_request_id, deadline, run_id_of
from pal_router.active import ActiveRun
from pal_router.peers import Peers
from pal_router.restoring import restored_run
from pal_router.selection import RuntimeNotFound
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.identity import MIGRATION, OPERATOR, caller

SHADOW = common.EXECUTION_MODE_SHADOW
_ALLOWED = (MIGRATION, OPERATOR)


def check_caller(metadata: Iterable[tuple[str, str | bytes]], mesh_key: ed25519.Ed25519PublicKey) -> None:
    """Check that the service token in *metadata* is one that may have runs shadowed.

    Raises:
        MeshError: UNAUTHENTICATED or PERMISSION_DENIED.
    """
    service = caller(metadata, mesh_key)
    if service not in _ALLOWED:
        raise MeshError(
            reasons.ERROR_REASON_PERMISSION_DENIED,
            f"{service} may not have runs shadowed; the token of {' or '.join(_ALLOWED)} may (`pal shadow start`)",
            caller=service,
            action="run.shadow",
        )


async def shadow(request: pb.ShadowRequest, peers: Peers, traceparent: str) -> ActiveRun:
    """Return the run that shadows the one *request* names; nothing is recorded yet.

    It is the source's in everything that policies and tools may ask for, also in whose it is.

    Raises:
        MeshError: RUN_NOT_FOUND, NOT_LIVE, RUNTIME_NOT_FOUND, INVALID_FIELD, or a document of the run is not there
            any more.
    """
    check_request_id(request.request_id)
    if not request.source_run_id:
        raise InvalidField("source_run_id", "empty; name the run to shadow")
    if not request.pinned_runtime:
        raise InvalidField("pinned_runtime", "empty; name the runtime that shadows the run")
    if request.pinned_runtime not in peers.snapshot.runtimes:
        raise RuntimeNotFound(request.pinned_runtime, peers.snapshot.runtimes)
    source = await peers.recorder.run(request.source_run_id)
    if source.mode != common.EXECUTION_MODE_LIVE:
        raise _not_live(source.run_id, source.mode, source.source_run_id)
    original = (await restored_run(source.run_id, peers)).acceptance
    accepted = events.RunAccepted()
    accepted.CopyFrom(original.accepted)
    accepted.source_run_id = source.run_id
    accepted.request_id = request.request_id
    accepted.request_digest = digest(request.SerializeToString(deterministic=True))
    accepted.labels.update(request.labels)
    accepted.limits.CopyFrom(smallest(original.accepted.limits, request.limits))
    accepted.deadline.CopyFrom(deadline(accepted.limits.max_duration))
    tenant = original.accepted.requester.tenant
    run = ActiveRun(original.repeated(run_id_of(request.request_id, tenant), accepted), traceparent, SHADOW)
    run.pinned_runtime = request.pinned_runtime
    return run


def _not_live(run_id: str, mode: common.ExecutionMode, source_run_id: str) -> MeshError:
    word = common.ExecutionMode.Name(mode).removeprefix("EXECUTION_MODE_").lower()
    instead = f"; shadow its source {source_run_id}" if source_run_id else ""
    return MeshError(
        reasons.ERROR_REASON_NOT_LIVE,
        f"source_run_id: run {run_id} is itself a {word} run, and only live runs are shadowed{instead}",
        run_id=run_id,
        mode=word,
    )
