"""The answer of policies to a question: DENY beats REQUIRE_APPROVAL beats ALLOW beats the default.

Neither the order of rules nor the order of documents matters, and what is not understood is a DENY.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal_log.events import new_id
from pal_policy.conditions import ConditionError, compiles, holds
from pal_policy.matching import Question, fits
from pal_policy.understanding import misunderstood

__all__ = ["CONDITION_ERROR", "DEFAULT", "NOT_UNDERSTOOD", "Question", "applicable", "decide"]

Bound = tuple[common.SpecRef, policies.PolicySpec]

DEFAULT, NOT_UNDERSTOOD, CONDITION_ERROR = "DEFAULT", "NOT_UNDERSTOOD", "CONDITION_ERROR"
_BASES = (NOT_UNDERSTOOD, CONDITION_ERROR, DEFAULT)

ALLOW = policies.POLICY_VERDICT_ALLOW
DENY = policies.POLICY_VERDICT_DENY
REQUIRE_APPROVAL = policies.POLICY_VERDICT_REQUIRE_APPROVAL
_STRICTNESS = {ALLOW: 0, REQUIRE_APPROVAL: 1, DENY: 2}


@dataclass(frozen=True)
class _Answer:
    """What one document says: the verdict, the rules that gave it, and why when it was not a rule."""

    verdict: policies.PolicyVerdict
    rules: frozenset[str] = frozenset()
    basis: str = ""


def applicable(documents: Sequence[Bound], question: Question) -> list[Bound]:
    """Return the documents that have a say in *question*: those that apply to it, and those not understood."""
    return [(ref, policy) for ref, policy in documents if not _understood(policy) or _applies(policy, question)]


def decide(question: Question, documents: Sequence[Bound]) -> policies.PolicyDecision | None:
    """Return the strictest answer of *documents*; None when none of them has a say."""
    asked = applicable(documents, question)
    if not asked:
        return None
    answers = [(ref, _answer(policy, question)) for ref, policy in asked]
    verdict = max((answer.verdict for _, answer in answers), key=_STRICTNESS.__getitem__)
    decisive = [(ref, answer) for ref, answer in answers if answer.verdict == verdict]
    rules = sorted({(_key(ref), rule) for ref, answer in decisive for rule in answer.rules})
    refs = {_key(ref): ref for ref, _ in asked}
    return policies.PolicyDecision(
        decision_id=new_id(),
        verdict=verdict,
        action=question.action,
        principal=common.Principal(id=question.principal, kind=question.principal_kind, tenant=question.tenant),
        decided_by=[policies.RuleRef(policy=refs[key], rule_id=rule) for key, rule in rules],
        policies=[refs[key] for key in sorted(refs)],
        basis=_basis([answer for _, answer in decisive]),
    )


def _basis(answers: Iterable[_Answer]) -> str:
    # A default explains nothing where a rule said the same.
    given = {answer.basis for answer in answers}
    return next((basis for basis in _BASES if basis in given and (basis != DEFAULT or "" not in given)), "")


def _answer(policy: policies.PolicySpec, question: Question) -> _Answer:
    if not _understood(policy):
        return _Answer(DENY, basis=NOT_UNDERSTOOD)
    given: dict[policies.PolicyVerdict, set[str]] = {}
    broken: set[str] = set()
    for rule in policy.spec.rules:
        verdict = rule.verdict or DENY
        if not fits(rule.match, question, cautious=verdict != ALLOW):
            continue
        try:
            if not rule.HasField("condition") or holds(rule.condition.expression, question):
                given.setdefault(verdict, set()).add(rule.id)
        except ConditionError:
            broken.add(rule.id)
    if broken:
        return _Answer(DENY, frozenset(broken | given.get(DENY, set())), CONDITION_ERROR)
    if given:
        strictest = max(given, key=_STRICTNESS.__getitem__)
        return _Answer(strictest, frozenset(given[strictest]))
    return _Answer(policy.spec.default_verdict or DENY, basis=DEFAULT)


def _applies(policy: policies.PolicySpec, question: Question) -> bool:
    return fits(policy.spec.applies_to, question, cautious=True)


def _understood(policy: policies.PolicySpec) -> bool:
    return _examined(policy.SerializeToString(deterministic=True))


@functools.lru_cache(1024)
def _examined(encoded: bytes) -> bool:
    policy = policies.PolicySpec.FromString(encoded)
    expressions = [rule.condition.expression for rule in policy.spec.rules if rule.HasField("condition")]
    return not misunderstood(policy) and all(map(compiles, expressions))


def _key(ref: common.SpecRef) -> tuple[str, str, str]:
    return ref.namespace, ref.name, ref.version
