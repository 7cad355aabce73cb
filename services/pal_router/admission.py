"""Whether a run may begin: what the policies are asked, and what a no becomes."""

from __future__ import annotations

from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal_policy.evaluate import Question
from pal_router.acceptance import Acceptance
from pal_rpc.errors import MeshError


def start_question(acceptance: Acceptance, runtime: str) -> Question:
    """Return what the policies are asked before a run begins on *runtime*."""
    accepted = acceptance.accepted
    return Question(
        action="run.start",
        agent=accepted.agent.name,
        agent_version=accepted.agent.version,
        principal=accepted.requester.id,
        tenant=accepted.requester.tenant,
        runtime=runtime,
        mode=common.EXECUTION_MODE_LIVE,
        labels=dict(accepted.labels),
    )


def refusal(decision: policies.PolicyDecision | None, run_id: str) -> MeshError | None:
    """Return the error that *decision* makes of the request; None when the run may begin."""
    if decision is None or decision.verdict == policies.POLICY_VERDICT_ALLOW:
        return None
    rules = ", ".join(f"{rule.policy.name}/{rule.rule_id}" for rule in decision.decided_by) or decision.basis
    if decision.verdict == policies.POLICY_VERDICT_REQUIRE_APPROVAL:
        return MeshError(
            reasons.ERROR_REASON_APPROVAL_REQUIRED,
            f"run.start needs the approval of a person ({rules}); approvals are not available in this version",
            action="run.start",
            run_id=run_id,
        )
    return MeshError(
        reasons.ERROR_REASON_POLICY_DENIED,
        f"policy says no to run.start ({rules}); run {run_id} records the decision",
        action="run.start",
        rule=rules,
        run_id=run_id,
    )


def reused(request_id: str, run_id: str) -> MeshError:
    """Return the refusal of a request_id that belongs to another request."""
    return MeshError(
        reasons.ERROR_REASON_REQUEST_ID_REUSED,
        f"request_id {request_id} was used for another request (run {run_id}); choose a new one",
        request_id=request_id,
        run_id=run_id,
    )
