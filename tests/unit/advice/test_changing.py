"""What would change a verdict is found by judging anew: it does change it, and nothing smaller does."""

from __future__ import annotations

import pytest

from pal.v1 import advice_pb2 as pb
from pal_advice.rules import shipped
from tests.unit.advice.facts import advised, fact, finding, healthy, word

_STEP = 1e-6


def applied(evidence: list[pb.AdviceEvidence], change: pb.AdviceChange) -> pb.Advice:
    """Return the advice after *change*; a bound that has to be passed is passed by a little."""
    wanted = {}
    for shift in change.shifts:
        down = " below " in shift.text
        wanted[shift.measure] = shift.wanted + ((-_STEP if down else _STEP) if shift.beyond else 0)
    rest = [one for one in evidence if one.measure not in wanted]
    return advised([*rest, *(fact(measure, value) for measure, value in wanted.items())])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"conformance__failed_cases": 3}, ["conformance.failed_cases 0 or less (it is 3)"]),
        ({"slo__burn_6h": 7.2}, ["slo.burn_6h below 6 (it is 7.2)"]),
        ({"slo__burn_1h": 20, "slo__burn_5m": 15}, ["slo.burn_5m below 14.4 (it is 15)"]),
        ({"slo__budget_left_percent": -5}, ["slo.budget_left_percent above 0 % (it is -5 %)"]),
        ({"certificate__days_left": 2}, ["certificate.days_left above 7 days (it is 2 days)"]),
        ({"standby__ready": 0}, ["standby.ready 1 or more (it is 0)"]),
        ({"upgrades__broke_percent": 60, "upgrades__measured": 4}, ["upgrades.broke_percent below 50 % (it is 60 %)"]),
        (
            {"licence__changed": 1, "cost__over_best_percent": 200},
            ["cost.over_best_percent below 100 % (it is 200 %)", "licence.changed 0 or less (it is 1)"],
        ),
    ],
    ids=str,
)
def test_what_is_told_gives_a_milder_verdict(changed: dict[str, float], told: list[str]) -> None:
    evidence = healthy(**changed)
    advice = advised(evidence)

    assert [shift.text for shift in advice.milder.shifts] == told
    assert applied(evidence, advice.milder).verdict == advice.milder.verdict < advice.verdict


def test_two_conditions_that_hold_both_have_to_go() -> None:
    evidence = healthy(slo__burn_6h=9, slo__budget_left_percent=-20)
    advice = advised(evidence)

    assert [shift.measure for shift in advice.milder.shifts] == ["slo.burn_6h", "slo.budget_left_percent"]
    assert applied(evidence, advice.milder).verdict == advice.milder.verdict < advice.verdict


def test_what_is_not_known_has_to_become_known() -> None:
    advice = advised(healthy("slo.burn_3d", "licence.changed"))

    assert [shift.text for shift in advice.milder.shifts] == [
        "slo.burn_3d below 1 (it is not known)",
        "licence.changed 0 or less (it is not known)",
    ]
    assert word(advice.milder.verdict) == "MAY_STAY"
    assert not any(shift.HasField("value") for shift in advice.milder.shifts)


def test_every_rule_says_what_would_make_it_severer() -> None:
    evidence = healthy()
    advice = advised(evidence)

    assert all(one.HasField("severer") and not one.HasField("milder") for one in advice.findings)
    assert all(
        finding(applied(evidence, one.severer), one.rule).verdict == one.severer.verdict for one in advice.findings
    )


def test_the_nearest_danger_is_told() -> None:
    advice = advised(healthy(certificate__days_left=7.1))

    assert [shift.text for shift in advice.severer.shifts] == ["certificate.days_left 7 days or less (it is 7.1 days)"]
    assert word(advice.severer.verdict) == "WATCH"


def test_nothing_is_milder_than_may_stay_and_nothing_severer_than_must_migrate() -> None:
    stay, leave = advised(healthy()), advised(healthy(conformance__failed_cases=1))

    assert not stay.HasField("milder") and stay.HasField("severer")
    assert not leave.HasField("severer") and leave.HasField("milder")


def test_a_rule_of_many_measures_is_answered_in_time() -> None:
    rules = pb.AdviceRules()
    rules.CopyFrom(shipped())
    everything = rules.spec.rules[0]
    for rule in rules.spec.rules[1:]:
        everything.conditions.extend(rule.conditions)
    del rules.spec.rules[1:]

    advice = advised(healthy("slo.burn_3d", "licence.changed", "cost.over_best_percent", "standby.ready"), rules)

    assert word(advice.verdict) == "WATCH"
