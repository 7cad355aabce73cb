"""Whether a call may go on: mode, policies, approval, ceilings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import tool_spec_pb2 as tools
from pal_policy.evaluate import Question
from pal_rpc.errors import MeshError
from pal_rpc.lease import Lease
from pal_rpc.refusals import approval_required, policy_refusal
from pal_tool_executor import failing
from pal_tool_executor.ledgers import RunAccount

_ACTION = "tool.call"
_HARMLESS = frozenset({tools.EFFECT_CLASS_PURE, tools.EFFECT_CLASS_READ})


def question(lease: Lease, tool: tools.ToolSpec, arguments: Mapping[str, Any], account: RunAccount) -> Question:
    """Return what the policies are asked before *tool* is called."""
    accepted = lease.grant.accepted
    return Question(
        action=_ACTION,
        agent=accepted.agent.name,
        agent_version=accepted.agent.version,
        tool=tool.metadata.name,
        effect_class=tool.spec.effect.effect_class,
        principal=accepted.requester.id,
        principal_kind=accepted.requester.kind,
        tenant=accepted.requester.tenant,
        runtime=lease.grant.runtime,
        mode=lease.mode,
        labels=dict(accepted.labels),
        variables={"args": dict(arguments), "run": {"tool_calls": account.ledger.tool_calls}},
    )


def check(
    lease: Lease,
    tool: tools.ToolSpec,
    terms: shared.ToolGrantTerms,
    decision: policies.PolicyDecision | None,
    account: RunAccount,
) -> MeshError | None:
    """Check that *tool* may be called now, and return why a person has to agree first, if one has to.

    The call itself is counted in *account* already.

    Raises:
        CallFailed: it may not; nothing was done.
    """
    name = tool.metadata.name
    what = f"calling {name}"
    refused = policy_refusal(decision, what) if decision else None
    if refused is not None and refused.reason == reasons.ERROR_REASON_POLICY_DENIED:
        raise failing.denied(name, refused)
    if lease.mode != common.EXECUTION_MODE_LIVE and not harmless(tool):
        raise failing.suppressed(name, common.ExecutionMode.Name(lease.mode).removeprefix("EXECUTION_MODE_").lower())
    if terms.HasField("max_calls") and account.by_tool[name] > terms.max_calls:
        raise failing.denied(name, _too_often(name, account.by_tool[name] - 1, terms.max_calls))
    if refused is not None:
        return refused
    if tool.spec.permissions.needs_approval:
        return approval_required(_ACTION, what, f"ToolSpec {name} needs_approval")
    if terms.always_ask:
        return approval_required(_ACTION, what, "the agent's grant says always_ask")
    return None


def harmless(tool: tools.ToolSpec) -> bool:
    """Tell whether *tool* changes nothing outside; what states nothing is a WRITE."""
    return tool.spec.effect.effect_class in _HARMLESS


def _too_often(tool: str, observed: int, allowed: int) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_LIMIT_REACHED,
        f"{tool} was called {observed} times; its grant allows {allowed} (tools[].max_calls)",
        limit="max_calls",
        observed=observed,
        allowed=allowed,
    )
