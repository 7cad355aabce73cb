"""The answer to a policy question.

DENY beats REQUIRE_APPROVAL, which beats ALLOW, whatever the order of rules and documents; no matching rule means
the document's default, and an unset default is DENY; what is not understood is DENY.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal_log.events import new_id
from pal_policy.conditions import ConditionError, holds
from pal_policy.match import matches
from pal_policy.question import Question
from pal_policy.understood import not_understood

__all__ = ["Policy", "Question", "decide"]

Policy = tuple[common.SpecRef, policies.PolicySpec]
_ALLOW = policies.POLICY_VERDICT_ALLOW
_DENY = policies.POLICY_VERDICT_DENY
_APPROVAL = policies.POLICY_VERDICT_REQUIRE_APPROVAL
# From the strictest to the mildest.
_STRICTNESS = (_DENY, _APPROVAL, _ALLOW)


def decide(question: Question, bound: Sequence[Policy]) -> policies.PolicyDecision | None:
    """Return the answer of the policies that are *bound*; None when none of them has a say in it."""
    answers = [answer for policy in bound if (answer := _answer(question, *policy)) is not None]
    if not answers:
        return None
    verdict = _strictest([answer.verdict for answer in answers])
    deciding = [answer for answer in answers if answer.verdict == verdict]
    return policies.PolicyDecision(
        decision_id=new_id(),
        verdict=verdict,
        action=question.action,
        principal=common.Principal(id=question.principal, tenant=question.tenant),
        decided_by=[rule for answer in deciding for rule in answer.decided_by],
        policies=[answer.policies[0] for answer in answers],
        basis=next((answer.basis for answer in deciding if answer.basis), ""),
    )


def _answer(question: Question, ref: common.SpecRef, policy: policies.PolicySpec) -> policies.PolicyDecision | None:
    # Not understood comes first: also who it applies to may not be.
    if _problem(policy.SerializeToString()):
        return policies.PolicyDecision(verdict=_DENY, policies=[ref], basis="NOT_UNDERSTOOD")
    if policy.spec.HasField("applies_to") and not matches(policy.spec.applies_to, question):
        return None
    verdicts: list[tuple[policies.PolicyVerdict, str]] = []
    basis = ""
    for rule in policy.spec.rules:
        if not matches(rule.match, question):
            continue
        try:
            if not rule.HasField("condition") or holds(rule.condition, question.variables()):
                verdicts.append((rule.verdict or _DENY, rule.id))
        except ConditionError:
            verdicts.append((_DENY, rule.id))
            basis = "CONDITION_ERROR"
    if not verdicts:
        default = policy.spec.default_verdict or _DENY
        return policies.PolicyDecision(verdict=default, policies=[ref], basis="DEFAULT")
    verdict = _strictest([verdict for verdict, _ in verdicts])
    rules = [policies.RuleRef(policy=ref, rule_id=rule_id) for given, rule_id in verdicts if given == verdict]
    return policies.PolicyDecision(verdict=verdict, policies=[ref], decided_by=rules, basis=basis)


def _strictest(verdicts: Sequence[policies.PolicyVerdict]) -> policies.PolicyVerdict:
    return next((verdict for verdict in _STRICTNESS if verdict in verdicts), _DENY)


@functools.lru_cache(1024)
def _problem(encoded: bytes) -> str:
    policy = policies.PolicySpec.FromString(encoded)
    if policy.metadata.requires_features:
        return f"metadata.requires_features: {policy.metadata.requires_features[0]}"
    return not_understood(policy)
