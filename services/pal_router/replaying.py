"""A finished run, repeated from its record: everything as it was pinned, only the runtime may be another."""

from __future__ import annotations

from google.protobuf import duration_pb2

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.payload import digest
from pal_router.acceptance import check_request_id, deadline, run_id_of
from pal_router.active import ActiveRun
from pal_router.peers import Peers
from pal_router.restoring import restored_run
from pal_rpc.errors import InvalidField, MeshError

REPLAY = common.EXECUTION_MODE_REPLAY
# A replay waits for no model and no tool; what takes longer hangs.
MAX_SECONDS = 600


async def replay(request: pb.ReplayRequest, requester: common.Principal, peers: Peers, traceparent: str) -> ActiveRun:
    """Return the run that repeats the one *request* names; nothing is recorded yet.

    Raises:
        MeshError: RUN_NOT_FOUND, RUN_NOT_FINISHED, INVALID_FIELD, or a document of the run is not there any more.
    """
    check_request_id(request.request_id)
    if not request.source_run_id:
        raise InvalidField("source_run_id", "empty; name the run to repeat")
    source = await peers.recorder.run(request.source_run_id)
    _check_finished(source)
    if source.mode != common.EXECUTION_MODE_LIVE:
        raise InvalidField("source_run_id", f"{source.run_id} is no live run; repeat its source {source.source_run_id}")
    original = (await restored_run(source.run_id, peers)).acceptance
    accepted = events.RunAccepted()
    accepted.CopyFrom(original.accepted)
    accepted.source_run_id = source.run_id
    accepted.fidelity = request.fidelity or events.REPLAY_FIDELITY_KEYED
    accepted.request_id = request.request_id
    accepted.request_digest = digest(request.SerializeToString(deterministic=True))
    accepted.requester.CopyFrom(requester)
    accepted.labels.clear()
    accepted.labels.update(request.labels)
    accepted.limits.max_duration.CopyFrom(duration_pb2.Duration(seconds=MAX_SECONDS))
    accepted.deadline.CopyFrom(deadline(accepted.limits.max_duration))
    run = ActiveRun(original.repeated(run_id_of(request.request_id, requester.tenant), accepted), traceparent, REPLAY)
    # A run that was imported had a runtime of somewhere else.
    known = source.runtime if source.runtime in peers.snapshot.runtimes else ""
    run.pinned_runtime = request.pinned_runtime or known
    live_model = accepted.fidelity == events.REPLAY_FIDELITY_LIVE_MODEL
    run.source_calls = source.tool_calls + (0 if live_model else source.model_calls)
    return run


def _check_finished(source: shared.Run) -> None:
    if source.state == shared.RUN_STATE_FINISHED:
        return
    state = shared.RunState.Name(source.state).removeprefix("RUN_STATE_")
    raise MeshError(
        reasons.ERROR_REASON_RUN_NOT_FINISHED,
        f"run {source.run_id} is still going ({state}); a run can be repeated once it is over",
        run_id=source.run_id,
        state=state,
    )
