"""Whether a call may go on: mode, policies, approval, ceilings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_policy.evaluate import Question, decide
from pal_rpc.errors import MeshError
from pal_rpc.lease import Lease
from pal_rpc.refusals import approval_required, policy_refusal
from pal_rpc.snapshot import RegistrySnapshot
from pal_tool_executor import failing
from pal_tool_executor.backends import Invocation
from pal_tool_executor.calls import Call
from pal_tool_executor.effects import ACTING, drillable, harmless
from pal_tool_executor.ledgers import RunAccount
from pal_tool_executor.recording import Recording

_ACTION = "tool.call"
# The writes of a shadow run are answered without being made.
_MAY_WRITE = ACTING | {common.EXECUTION_MODE_SHADOW}


class Permission:
    """Asks the policies of a run."""

    def __init__(self, snapshot: RegistrySnapshot, recording: Recording) -> None:
        """Take them from *snapshot*."""
        self._snapshot = snapshot
        self._recording = recording

    async def needed(self, call: Call, batch: list[events.RunEvent], invocation: Invocation) -> MeshError | None:
        """Return why a person has to agree to *call* first, if one has to; the decision is added to *batch*.

        Raises:
            CallFailed: it may not be made; nothing was done.
        """
        kind = registry.DOCUMENT_KIND_POLICY
        refs = call.lease.grant.accepted.policies
        bound = [(ref, (await self._snapshot.pinned(kind, ref)).policy) for ref in refs]
        decision = decide(question(call.lease, call.tool, invocation.arguments, call.account), bound)
        if decision is not None and call.before is None:
            decided = events.PolicyDecided(decision=decision, tool_call_id=call.known.call_id)
            batch.append(self._recording.event(call, policy_decided=decided))
        return check(call.lease, call.tool, call.terms, decision, call.account)


def question(lease: Lease, tool: tools.ToolSpec, arguments: Mapping[str, Any], account: RunAccount) -> Question:
    """Return what the policies are asked before *tool* is called; for a shadow run what they would be asked live."""
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
        mode=common.EXECUTION_MODE_LIVE if lease.mode == common.EXECUTION_MODE_SHADOW else lease.mode,
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
    if lease.mode not in _MAY_WRITE and not harmless(tool):
        raise failing.suppressed(name, common.ExecutionMode.Name(lease.mode).removeprefix("EXECUTION_MODE_").lower())
    if lease.mode == common.EXECUTION_MODE_DRILL and not drillable(tool):
        raise failing.irreversible(name)
    if terms.HasField("max_calls") and account.by_tool[name] > terms.max_calls:
        raise failing.denied(name, _too_often(name, account.by_tool[name] - 1, terms.max_calls))
    if refused is not None:
        return refused
    if tool.spec.permissions.needs_approval:
        return approval_required(_ACTION, what, f"ToolSpec {name} needs_approval")
    if terms.always_ask:
        return approval_required(_ACTION, what, "the agent's grant says always_ask")
    return None


def _too_often(tool: str, observed: int, allowed: int) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_LIMIT_REACHED,
        f"{tool} was called {observed} times; its grant allows {allowed} (tools[].max_calls)",
        limit="max_calls",
        observed=observed,
        allowed=allowed,
    )
