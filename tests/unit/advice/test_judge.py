"""The shipped rules against a table of cases: what each piece of evidence leads to."""

from __future__ import annotations

import pytest

from pal.v1 import advice_pb2 as pb
from pal_advice.measures import RULES
from pal_advice.rules import shipped
from tests.unit.advice.facts import HEALTHY, advised, fact, finding, healthy, word

# What is otherwise than with a healthy runtime, the rule that this concerns, and what is advised.
CASES: list[tuple[dict[str, float], str, str]] = [
    ({}, "conformance", "MAY_STAY"),
    ({"conformance__failed_cases": 1}, "conformance", "MUST_MIGRATE"),
    ({"upgrades__broke_percent": 24.99}, "upgrades", "MAY_STAY"),
    ({"upgrades__broke_percent": 25}, "upgrades", "WATCH"),
    ({"upgrades__broke_percent": 50}, "upgrades", "PREPARE"),
    ({"upgrades__broke_percent": 100, "upgrades__measured": 3}, "upgrades", "WATCH"),
    ({"slo__burn_1h": 14.4}, "slo", "MAY_STAY"),
    ({"slo__burn_1h": 14.4, "slo__burn_5m": 14.4}, "slo", "MUST_MIGRATE"),
    ({"slo__burn_1h": 14.39, "slo__burn_5m": 99}, "slo", "MAY_STAY"),
    ({"slo__burn_6h": 6}, "slo", "PREPARE"),
    ({"slo__burn_6h": 5.99, "slo__burn_3d": 1}, "slo", "WATCH"),
    ({"slo__budget_left_percent": 0.01}, "slo", "MAY_STAY"),
    ({"slo__budget_left_percent": 0}, "slo", "PREPARE"),
    ({"slo__trend_points": 2}, "slo", "WATCH"),
    ({"slo__trend_points": 1.99}, "slo", "MAY_STAY"),
    ({"cost__over_best_percent": 24.9}, "cost", "MAY_STAY"),
    ({"cost__over_best_percent": 25}, "cost", "WATCH"),
    ({"cost__over_best_percent": 100}, "cost", "PREPARE"),
    ({"advisories__count": 1, "advisories__worst": 3.1}, "advisories", "WATCH"),
    ({"advisories__count": 1, "advisories__worst": 4.0}, "advisories", "PREPARE"),
    ({"advisories__count": 1, "advisories__unrated": 1}, "advisories", "PREPARE"),
    ({"advisories__count": 1, "advisories__worst": 7, "advisories__worst_unfixed": 7}, "advisories", "MUST_MIGRATE"),
    ({"advisories__count": 2, "advisories__worst": 9, "advisories__worst_unfixed": 3}, "advisories", "MUST_MIGRATE"),
    ({"cadence__days_since_release": 179.9}, "cadence", "MAY_STAY"),
    ({"cadence__days_since_release": 180}, "cadence", "WATCH"),
    ({"cadence__days_since_release": 365}, "cadence", "PREPARE"),
    ({"cadence__releases_per_year": 52}, "cadence", "WATCH"),
    ({"licence__changed": 1}, "licence", "PREPARE"),
    ({"certificate__fresh": 0, "certificate__days_left": -3}, "certificate", "PREPARE"),
    ({"certificate__days_left": 7}, "certificate", "WATCH"),
    ({"certificate__days_left": 7.01}, "certificate", "MAY_STAY"),
    ({"standby__ready": 0, "standby__passed": 0}, "standby", "PREPARE"),
    ({"standby__passed": 0}, "standby", "WATCH"),
]


@pytest.mark.parametrize(("changed", "rule", "expected"), CASES, ids=str)
def test_one_thing_decides(changed: dict[str, float], rule: str, expected: str) -> None:
    advice = advised(healthy(**changed))

    assert word(finding(advice, rule).verdict) == expected
    assert word(advice.verdict) == expected
    assert {word(one.verdict) for one in advice.findings if one.rule != rule} == {"MAY_STAY"}


def test_the_table_has_every_rule() -> None:
    assert {rule for _, rule, _ in CASES} == set(RULES) == {rule.rule for rule in shipped().spec.rules}


@pytest.mark.parametrize("measure", HEALTHY)
def test_what_is_not_known_is_watched_at_best(measure: str) -> None:
    advice = advised(healthy(measure))

    assert word(advice.verdict) == "WATCH"
    assert measure in advice.reason
    assert [one.state for one in advice.evidence if one.measure == measure] == [pb.ADVICE_EVIDENCE_STATE_UNKNOWN]


@pytest.mark.parametrize(
    ("measure", "days"), [("slo.burn_1h", 1), ("conformance.failed_cases", 90), ("advisories.count", 7)]
)
def test_what_is_too_old_counts_as_not_known(measure: str, days: int) -> None:
    fresh = advised([*healthy(measure), fact(measure, 0, days_ago=days - 0.01)])
    old = advised([*healthy(measure), fact(measure, 0, days_ago=days)])

    assert (word(fresh.verdict), word(old.verdict)) == ("MAY_STAY", "WATCH")
    assert [one.state for one in old.evidence if one.measure == measure] == [pb.ADVICE_EVIDENCE_STATE_EXPIRED]


def test_an_alarm_that_is_too_old_does_not_ring() -> None:
    advice = advised([*healthy("conformance.failed_cases"), fact("conformance.failed_cases", 3, days_ago=91)])

    assert word(advice.verdict) == "WATCH"


def test_evidence_may_expire_earlier_than_the_rules_say() -> None:
    short = fact("licence.changed", 0, days_ago=2)
    short.expires_at.FromDatetime(short.observed_at.ToDatetime())

    assert word(advised([*healthy("licence.changed"), short]).verdict) == "WATCH"


def test_evidence_from_the_future_does_not_count() -> None:
    advice = advised([*healthy("slo.burn_1h"), fact("slo.burn_1h", 0, days_ago=-2)])

    assert word(advice.verdict) == "WATCH"
    assert "check the clock" in next(one.detail for one in advice.evidence if one.measure == "slo.burn_1h")


def test_of_evidence_that_contradicts_itself_the_worse_counts() -> None:
    advice = advised([*healthy(), fact("conformance.failed_cases", 2)])

    assert word(advice.verdict) == "MUST_MIGRATE"
    assert list(finding(advice, "conformance").contradictory) == ["conformance.failed_cases"]
    assert "conformance.failed_cases 0 and 2" in advice.reason


def test_a_contradiction_without_harm_is_watched() -> None:
    advice = advised([*healthy(), fact("cadence.days_since_release", 100)])

    assert word(advice.verdict) == "WATCH"
    assert "contradicts itself: cadence.days_since_release" in advice.reason


def test_agreeing_evidence_is_no_contradiction() -> None:
    assert word(advised([*healthy(), fact("conformance.failed_cases", 0)]).verdict) == "MAY_STAY"


def test_the_severest_of_several_rules_decides_and_all_are_told() -> None:
    changed = {"licence__changed": 1, "conformance__failed_cases": 4, "cost__over_best_percent": 30}
    advice = advised(healthy("slo.burn_3d", **changed))

    assert [(one.rule, word(one.verdict)) for one in advice.findings[:4]] == [
        ("conformance", "MUST_MIGRATE"),
        ("licence", "PREPARE"),
        ("slo", "WATCH"),
        ("cost", "WATCH"),
    ]
    assert advice.reason.startswith("conformance: the version in use breaks the contract")


def test_nothing_known_is_not_a_pass() -> None:
    advice = advised([])

    assert {word(one.verdict) for one in advice.findings} == {"WATCH"}
    assert not advice.HasField("expires_at")


def test_advice_names_its_rules_and_is_good_until_the_first_evidence_expires() -> None:
    advice = advised([*healthy("slo.burn_1h"), fact("slo.burn_1h", 0, days_ago=0.5)])

    assert (advice.rules.name, advice.rules.version) == ("default", "1.0.0")
    assert advice.rules.digest.startswith("sha256:")
    assert advice.expires_at.seconds - advice.decided_at.seconds == 43_200


def test_only_what_the_rules_ask_for_is_looked_at() -> None:
    rules = pb.AdviceRules()
    rules.CopyFrom(shipped())
    del rules.spec.rules[1:]

    advice = advised([*healthy(), fact("slo.burn_6h", 100)], rules)

    assert word(advice.verdict) == "MAY_STAY"
    assert [one.measure for one in advice.evidence] == ["conformance.failed_cases"]
