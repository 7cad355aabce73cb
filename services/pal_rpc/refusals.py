"""Refusals that more than one service gives: a policy said no, a person has to agree first, a ceiling is reached."""

from __future__ import annotations

from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import run_event_pb2 as events
from pal_rpc.errors import MeshError
from pal_rpc.quota_refusal import as_error


def limit_reached(reached: events.RunLimitReached) -> MeshError:
    """Return the refusal of whatever would go beyond a ceiling of the run, or beyond a quota."""
    if reached.quota:
        return as_error(reached)
    return MeshError(
        reasons.ERROR_REASON_LIMIT_REACHED,
        f"the run reached its limit {reached.limit}: {reached.observed} of {reached.allowed}",
        limit=reached.limit,
        observed=reached.observed,
        allowed=reached.allowed,
    )


def approval_required(action: str, what: str, why: str) -> MeshError:
    """Return the refusal of *what*, which a person has to agree to; *why* names the rule or the document."""
    return MeshError(
        reasons.ERROR_REASON_APPROVAL_REQUIRED,
        f"{what} needs the approval of a person ({why})",
        action=action,
    )


def policy_refusal(decision: policies.PolicyDecision, what: str) -> MeshError | None:
    """Return the refusal that *decision* makes of *what*; None when it allows it."""
    if decision.verdict == policies.POLICY_VERDICT_ALLOW:
        return None
    rules = rules_of(decision)
    if decision.verdict == policies.POLICY_VERDICT_REQUIRE_APPROVAL:
        return approval_required(decision.action, what, rules)
    return MeshError(
        reasons.ERROR_REASON_POLICY_DENIED,
        f"policy says no to {what} ({rules})",
        action=decision.action,
        rule=rules,
    )


def rules_of(decision: policies.PolicyDecision) -> str:
    """Return the rules that decided, or why none did."""
    return ", ".join(f"{rule.policy.name}/{rule.rule_id}" for rule in decision.decided_by) or decision.basis
