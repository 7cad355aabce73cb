"""Whether a run may begin: what the policies are asked, and what a no becomes."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal_policy.evaluate import Question
from pal_router.acceptance import Acceptance
from pal_rpc.errors import MeshError
from pal_rpc.refusals import policy_refusal


def start_question(acceptance: Acceptance, runtime: str, mode: common.ExecutionMode) -> Question:
    """Return what the policies are asked before a run of *mode* begins on *runtime*."""
    accepted = acceptance.accepted
    return Question(
        action="run.start",
        agent=accepted.agent.name,
        agent_version=accepted.agent.version,
        principal=accepted.requester.id,
        tenant=accepted.requester.tenant,
        runtime=runtime,
        mode=mode,
        labels=dict(accepted.labels),
    )


def refusal(decision: policies.PolicyDecision | None, run_id: str) -> MeshError | None:
    """Return the error that *decision* makes of the request; None when the run may begin."""
    refused = policy_refusal(decision, "run.start") if decision else None
    if refused is not None:
        refused.metadata["run_id"] = run_id
    return refused


def reused(request_id: str, run_id: str) -> MeshError:
    """Return the refusal of a request_id that belongs to another request."""
    return MeshError(
        reasons.ERROR_REASON_REQUEST_ID_REUSED,
        f"request_id {request_id} was used for another request (run {run_id}); choose a new one",
        request_id=request_id,
        run_id=run_id,
    )
