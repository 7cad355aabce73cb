"""Policies: whose answer counts, and that nothing is skipped because it is not understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import tool_spec_pb2 as tools
from pal_policy.evaluate import Question, applicable, decide

ALLOW, DENY = policies.POLICY_VERDICT_ALLOW, policies.POLICY_VERDICT_DENY
ASK, UNSTATED = policies.POLICY_VERDICT_REQUIRE_APPROVAL, policies.POLICY_VERDICT_UNSPECIFIED
STRICTNESS = {ALLOW: 0, ASK: 1, DENY: 2}
REFUND = Question(
    action="tool.call",
    agent="support-desk",
    tool="refund_order",
    effect_class=tools.EFFECT_CLASS_WRITE,
    principal="ada",
    runtime="agno",
    mode=common.EXECUTION_MODE_LIVE,
    labels={"team": "orders"},
    variables={"args": {"amount": 12, "order": "A-1"}, "run": {"tool_calls": 2}},
)


def rule(rule_id: str, verdict: int, condition: str = "", **match: object) -> policies.PolicyRule:
    made = policies.PolicyRule(id=rule_id, verdict=verdict, match=policies.PolicyMatch(**match))  # type: ignore[arg-type]
    if condition:
        made.condition.CopyFrom(policies.Condition(language="cel", expression=condition))
    return made


def policy(*rules: policies.PolicyRule, default: int = UNSTATED, name: str = "p") -> policies.PolicySpec:
    definition = policies.PolicyDefinition(rules=rules, default_verdict=default)  # type: ignore[arg-type]
    return policies.PolicySpec(api_version="pal/v1", kind="PolicySpec", spec=definition)


def ref(name: str = "p") -> common.SpecRef:
    return common.SpecRef(name=name, version="1.0.0")


def asked(*documents: policies.PolicySpec, question: Question = REFUND) -> policies.PolicyDecision:
    decision = decide(question, [(ref(f"p{number}"), document) for number, document in enumerate(documents)])
    assert decision is not None
    return decision


def rules_of(decision: policies.PolicyDecision) -> list[str]:
    return [decided.rule_id for decided in decision.decided_by]


def test_without_policies_nobody_has_a_say() -> None:
    assert decide(REFUND, []) is None


def test_a_policy_for_something_else_has_no_say() -> None:
    document = policy(default=DENY)
    document.spec.applies_to.actions.append("model.call")

    assert decide(REFUND, [(ref(), document)]) is None


def test_the_rule_that_decided_is_cited() -> None:
    decision = asked(policy(rule("no-refunds", DENY, tools=["refund_*"]), rule("all", ALLOW)))

    assert (decision.verdict, rules_of(decision), decision.basis) == (DENY, ["no-refunds"], "")


@pytest.mark.parametrize(("default", "verdict"), [(UNSTATED, DENY), (ALLOW, ALLOW), (ASK, ASK)])
def test_without_a_matching_rule_the_default_counts(default: int, verdict: int) -> None:
    decision = asked(policy(rule("other", DENY, tools=["other"]), default=default))

    assert (decision.verdict, decision.basis) == (verdict, "DEFAULT")


def test_a_rule_without_a_verdict_denies() -> None:
    assert asked(policy(rule("unstated", UNSTATED), rule("all", ALLOW))).verdict == DENY


def test_the_strictest_of_several_documents_counts() -> None:
    decision = asked(policy(rule("yes", ALLOW)), policy(rule("ask", ASK)), policy(rule("fine", ALLOW)))

    assert (decision.verdict, rules_of(decision), len(decision.policies)) == (ASK, ["ask"], 3)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"actions": ["tool.*"]}, True),
        ({"actions": ["tool.call", "x"], "agents": ["other"]}, False),
        ({"tools": ["refund_?rder"]}, False),
        ({"tools": ["*_order"]}, True),
        ({"principals": ["ada"], "runtimes": ["agno"], "modes": [common.EXECUTION_MODE_LIVE]}, True),
        ({"modes": [common.EXECUTION_MODE_SHADOW]}, False),
        ({"labels": {"team": "orders"}}, True),
        ({"labels": {"team": "orders", "tier": "gold"}}, False),
        ({"effect_classes": [tools.EFFECT_CLASS_WRITE]}, True),
        ({"effect_classes": [tools.EFFECT_CLASS_READ]}, False),
        ({"models": ["gpt-*"]}, False),
    ],
)
def test_a_match_fits_when_every_field_does(match: dict[str, object], fits: bool) -> None:
    assert (asked(policy(rule("r", DENY, **match), default=ALLOW)).verdict == DENY) is fits


@pytest.mark.parametrize(("verdict", "expected"), [(DENY, DENY), (ALLOW, ASK)])
def test_a_tool_without_a_declared_effect_counts_as_a_write_unless_that_allows_it(verdict: int, expected: int) -> None:
    undeclared = Question(action="tool.call", agent="a", tool="t", effect_class=tools.EFFECT_CLASS_UNSPECIFIED)
    document = policy(rule("writes", verdict, effect_classes=[tools.EFFECT_CLASS_WRITE]), default=ASK)

    assert asked(document, question=undeclared).verdict == expected


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("args.amount > 10", DENY),
        ("args.amount > 100", ALLOW),
        ("run.tool_calls >= 2 && labels.team == 'orders'", DENY),
        ("mode == 'LIVE' && effect_class == 'WRITE' && agent.startsWith('support')", DENY),
    ],
)
def test_a_condition_sees_the_call(condition: str, verdict: int) -> None:
    assert asked(policy(rule("r", DENY, condition), default=ALLOW)).verdict == verdict


@pytest.mark.parametrize("condition", ["args.nowhere > 1", "args.amount", "args.amount + 'x' == 'y'", "unknown(1)"])
def test_a_condition_that_fails_denies(condition: str) -> None:
    decision = asked(policy(rule("broken", ALLOW, condition)))

    assert (decision.verdict, decision.basis, rules_of(decision)) == (DENY, "CONDITION_ERROR", ["broken"])


def test_a_condition_is_not_evaluated_when_the_match_does_not_fit() -> None:
    assert asked(policy(rule("elsewhere", DENY, "args.nowhere > 1", tools=["other"]), default=ALLOW)).verdict == ALLOW


def strange_rule() -> policies.PolicySpec:
    # Field 99 of a rule, as a newer version might write it: tag (99 << 3 | 0), value 1.
    encoded = rule("newer", ALLOW).SerializeToString() + b"\x98\x06\x01"
    return policy(policies.PolicyRule.FromString(encoded))


def unknown_verdict() -> policies.PolicySpec:
    return policy(policies.PolicyRule.FromString(b"\x10\x63"), rule("all", ALLOW))


def unknown_mode() -> policies.PolicySpec:
    match = policies.PolicyMatch.FromString(b"\x42\x01\x63")
    return policy(policies.PolicyRule(id="r", verdict=ALLOW, match=match), rule("all", ALLOW))


def unknown_feature() -> policies.PolicySpec:
    document = policy(rule("all", ALLOW))
    document.metadata.requires_features.append("quotas")
    return document


def other_language() -> policies.PolicySpec:
    document = policy(rule("all", ALLOW), rule("rego", ALLOW, "true", tools=["other"]))
    document.spec.rules[1].condition.language = "rego"
    return document


@pytest.mark.parametrize(
    "document",
    [strange_rule(), unknown_verdict(), unknown_mode(), unknown_feature(), other_language()],
    ids=["field", "verdict", "mode", "feature", "language"],
)
def test_what_is_not_understood_denies(document: policies.PolicySpec) -> None:
    decision = asked(document, policy(rule("all", ALLOW)))

    assert (decision.verdict, decision.basis) == (DENY, "NOT_UNDERSTOOD")


def test_a_condition_that_is_no_cel_denies_even_where_its_rule_does_not_match() -> None:
    decision = asked(policy(rule("all", ALLOW), rule("typo", ALLOW, "1 +", tools=["other"])))

    assert (decision.verdict, decision.basis) == (DENY, "NOT_UNDERSTOOD")


def test_what_is_not_understood_has_a_say_in_everything() -> None:
    document = unknown_feature()
    document.spec.applies_to.actions.append("model.call")

    assert len(applicable([(ref(), document)], REFUND)) == 1


VERDICTS = st.sampled_from([ALLOW, DENY, ASK, UNSTATED])
CONDITIONS = st.sampled_from(["", "", "args.amount > 10", "args.amount > 100", "args.nowhere", "args.amount"])
RULES = st.builds(
    rule,
    st.sampled_from("abcdef"),
    VERDICTS,
    CONDITIONS,
    tools=st.lists(st.sampled_from(["*", "refund_order", "lookup_*", "other"]), max_size=2),
)
DOCUMENTS = st.builds(lambda rules, default: policy(*rules, default=default), st.lists(RULES, max_size=5), VERDICTS)


def essence(decision: policies.PolicyDecision) -> tuple[int, set[tuple[str, str]], str]:
    decided = {(item.policy.name, item.rule_id) for item in decision.decided_by}
    return decision.verdict, decided, decision.basis


@given(st.lists(RULES, max_size=6), VERDICTS, st.randoms())
def test_the_order_of_rules_never_matters(rules: list[policies.PolicyRule], default: int, random: object) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert essence(asked(policy(*rules, default=default))) == essence(asked(policy(*shuffled, default=default)))


@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.randoms())
def test_the_order_of_documents_never_matters(documents: list[policies.PolicySpec], random: object) -> None:
    named = [(ref(f"p{number}"), document) for number, document in enumerate(documents)]
    shuffled = list(named)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    first, second = decide(REFUND, named), decide(REFUND, shuffled)

    assert first is not None
    assert second is not None
    assert essence(first) == essence(second)


@given(DOCUMENTS, RULES)
def test_another_deny_never_makes_an_answer_milder(document: policies.PolicySpec, added: policies.PolicyRule) -> None:
    stricter = policies.PolicySpec()
    stricter.CopyFrom(document)
    added.verdict = DENY
    stricter.spec.rules.append(added)
    before, after = asked(document).verdict, asked(stricter).verdict

    # A default of DENY yields to nothing but a rule, and a DENY rule is none that allows.
    assert STRICTNESS[after] >= STRICTNESS[before]


@given(st.lists(DOCUMENTS, min_size=1, max_size=3), DOCUMENTS)
def test_another_document_never_makes_an_answer_milder(
    documents: list[policies.PolicySpec], added: policies.PolicySpec
) -> None:
    assert STRICTNESS[asked(*documents, added).verdict] >= STRICTNESS[asked(*documents).verdict]
