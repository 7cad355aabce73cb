"""A judge says what its pairs prove, and no data is not a pass."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from pal.v1 import comparison_pb2 as pb
from pal.v1 import equivalence_pb2 as equivalences
from pal.v1 import run_event_pb2 as events
from pal_diff.compare import brief, compare
from pal_diff.terms import Terms
from pal_verdict.judge import Judge
from pal_verdict.self_test import rates
from tests.unit.diff.logs import WRITE, call, run

DRIFT, RUNTIME = pb.PAIR_KIND_DRIFT, pb.PAIR_KIND_RUNTIME
PASS, FAIL = pb.VERDICT_OUTCOME_PASS, pb.VERDICT_OUTCOME_FAIL
INCONCLUSIVE, NO_DATA, VOID = pb.VERDICT_OUTCOME_INCONCLUSIVE, pb.VERDICT_OUTCOME_NO_DATA, pb.VERDICT_OUTCOME_VOID
SOUND = pb.JudgeRates(sound=True)
TERMS = Terms()


def desk(run_id: str, chance: random.Random, **changes: Any) -> list[events.RunEvent]:
    """Return a run of an agent whose wording, costs and times vary and whose calls do not."""
    calls = {
        "order": call("find_order", **{"order": "A-1", "note": f"n{chance.randrange(5)}"} | changes.get("find", {})),
        "refund": call("refund", WRITE, order="A-1", amount=changes.get("amount", 5)),
    }
    turns = [[calls["order"]], [calls["refund"]], *changes.get("more", [])]
    tokens = round(1000 * chance.uniform(0.9, 1.1) * changes.get("cost", 1.0))
    outcome = events.RUN_OUTCOME_FAILED if changes.get("failed") else events.RUN_OUTCOME_SUCCEEDED
    return run(*turns, run_id=run_id, usage=(tokens, 10), seconds=chance.uniform(0.9, 1.1), outcome=outcome)


_KNOWN: dict[str, list[pb.Comparison]] = {}


def judged(pairs: int, *, terms: Any = None, **changes: Any) -> Judge:
    """Return a judge that has seen *pairs* inputs, each with A, A' and a candidate with *changes*."""
    judge = Judge(terms)
    key = f"{pairs} {changes}"
    for comparison in _KNOWN.get(key) or _KNOWN.setdefault(key, _compared(pairs, changes)):
        judge.add(comparison)
    return judge


def _compared(pairs: int, changes: dict[str, Any]) -> list[pb.Comparison]:
    chance, found = random.Random(1), []
    for number in range(pairs):
        a, b = (desk(f"{lane}{number}", chance) for lane in "ab")
        c = desk(f"c{number}", chance, **changes)
        found += [brief(compare(a, b, TERMS, DRIFT)), brief(compare(b, c, TERMS, RUNTIME))]
    return found


def tier(verdict: pb.Verdict, name: str) -> pb.TierVerdict:
    wanted = pb.ComparisonTier.Value(f"COMPARISON_TIER_{name}")
    return next(entry for entry in verdict.tiers if entry.tier == wanted)


def test_without_pairs_there_is_no_data() -> None:
    assert Judge().verdict(SOUND).outcome == NO_DATA


def test_an_equal_candidate_passes_in_time_and_not_before() -> None:
    few, many = judged(10).verdict(SOUND), judged(200).verdict(SOUND)

    assert few.outcome == INCONCLUSIVE
    assert many.outcome == PASS, many.reason
    assert many.attribution.source == pb.ATTRIBUTION_SOURCE_NONE


def test_a_judge_that_was_not_tested_passes_nothing_and_one_that_failed_is_void() -> None:
    judge = judged(200)

    assert judge.verdict().outcome == INCONCLUSIVE
    assert judge.verdict(pb.JudgeRates(problem="it slept")).outcome == VOID


def test_coverage_below_its_floor_is_not_a_pass() -> None:
    judge = judged(200)
    judge.lose("QUEUE_FULL", 20)

    verdict = judge.verdict(SOUND)

    assert verdict.outcome == INCONCLUSIVE and "90.9 %" in verdict.reason
    assert verdict.coverage.share_ppm == 200 * 1_000_000 // 220
    assert [(loss.reason, loss.pairs) for loss in verdict.coverage.losses] == [("QUEUE_FULL", 20)]


def test_one_pair_with_a_dropped_argument_fails_with_the_runs_that_show_it() -> None:
    chance, judge = random.Random(1), Judge()
    a, b, c = desk("a", chance), desk("b", chance), run([call("find_order", order="A-1")], run_id="c")
    judge.add(compare(a, b, TERMS, DRIFT))
    judge.add(compare(b, c, TERMS))

    verdict = judge.verdict(SOUND)

    assert verdict.outcome == FAIL and tier(verdict, "STRUCTURE").outcome == FAIL
    first = verdict.findings[0]
    assert first.finding.hard and first.finding.kind == "ARGUMENT_MISSING"
    assert (first.examples[0].run_a, first.examples[0].run_b) == ("b", "c")
    assert verdict.attribution.source == pb.ATTRIBUTION_SOURCE_RUNTIME


def test_what_production_does_to_itself_is_drift_and_fails_no_candidate() -> None:
    judge = Judge()
    whole, cut = run([call("find", a=1, b=2)], run_id="a"), run([call("find", a=1)], run_id="b")
    judge.add(compare(whole, cut, TERMS, DRIFT))
    judge.add(compare(whole, cut, TERMS))

    verdict = judge.verdict(SOUND)

    assert verdict.outcome == INCONCLUSIVE
    assert verdict.attribution.source == pb.ATTRIBUTION_SOURCE_DRIFT


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"more": [[call("refund", WRITE, order="A-1", amount=5)]]}, "EFFECTS"),
        ({"amount": 6}, "EFFECTS"),
        ({"find": {"order": "A-2"}}, "VALUES"),
        ({"failed": True}, "SUCCESS"),
        ({"cost": 1.5}, "COST"),
    ],
)
def test_what_is_worse_fails_in_its_tier(changes: dict[str, Any], name: str) -> None:
    verdict = judged(60, **changes).verdict(SOUND)

    assert verdict.outcome == FAIL
    assert tier(verdict, name).outcome == FAIL, verdict.reason


def test_cost_within_the_margin_passes() -> None:
    entry = tier(judged(200, cost=1.02).verdict(SOUND), "COST")

    assert entry.outcome == PASS
    assert 0 < entry.estimate_ppm < 60_000 and entry.lower_ppm < entry.estimate_ppm < entry.upper_ppm


def test_the_margin_follows_the_class_of_the_agent() -> None:
    margins = [
        Judge(equivalences.ComparisonTerms(agent_class=word)).terms.success_margin_ppm
        for word in (equivalences.AGENT_CLASS_ASSISTED, 0, equivalences.AGENT_CLASS_CRITICAL)
    ]

    assert margins == [100_000, 50_000, 30_000]


def test_lanes_with_other_models_are_excluded_and_counted() -> None:
    judge = Judge()
    a, b = run([call("find")], model="gpt-4o"), run([call("find")], model="gpt-4o-mini")

    assert not judge.add(compare(a, b, TERMS))

    verdict = judge.verdict(SOUND)
    assert verdict.outcome == NO_DATA
    assert verdict.coverage.losses[0].reason == "MODEL_DIFFERS"


def test_only_failing_pairs_prove_nothing_for_the_candidate() -> None:
    judge = Judge()
    failed = run([call("find")], outcome=events.RUN_OUTCOME_FAILED)
    for number in range(30):
        judge.add(compare(failed, run(run_id=f"{number}", outcome=events.RUN_OUTCOME_FAILED), TERMS))

    assert judge.verdict(SOUND).outcome == INCONCLUSIVE


def test_an_irreversible_tool_is_new_only_to_a_history_that_would_have_it() -> None:
    chance = random.Random(1)
    b = desk("b", chance, more=[[call("pay", WRITE, amount=1)]])
    a = desk("a", chance)
    pinned = a[0].run_accepted.tools.add()
    pinned.name = "pay"

    young, old = Judge(), Judge()
    old.remember(["refund"], 5000)
    for judge in (young, old):
        judge.add(compare(a, b, TERMS))

    assert not young.hard()
    assert old.hard() == {("EFFECT_CLASS_NEW", "pay/class")}


def test_a_judge_is_restored_from_its_pairs() -> None:
    chance, first, second = random.Random(3), Judge(), Judge()
    kept = []
    for number in range(20):
        a, b, c = (desk(f"{lane}{number}", chance) for lane in "abc")
        kept += [brief(compare(a, b, TERMS, DRIFT)), brief(compare(b, c, TERMS))]
    for comparison in kept:
        first.add(comparison)
        second.add(pb.Comparison.FromString(comparison.SerializeToString()))

    one, other = first.verdict(SOUND), second.verdict(SOUND)
    one.ClearField("decided_at")
    other.ClearField("decided_at")
    assert one == other


def test_a_pair_is_taken_in_below_a_millisecond() -> None:
    chance = random.Random(1)
    pairs = [brief(compare(desk(f"a{n}", chance), desk(f"b{n}", chance), TERMS)) for n in range(60)]
    took_seconds = []

    for _ in range(5):
        judge = Judge()
        judge.add(pairs[0])
        before = time.process_time()
        for pair in pairs:
            judge.add(pair)
        took_seconds.append(time.process_time() - before)

    # A core that is shared with others is slower now and then.
    assert min(took_seconds) / len(pairs) < 0.001


def test_the_judge_tests_itself_on_production() -> None:
    chance = random.Random(5)
    controls = [(desk(f"a{n}", chance), desk(f"b{n}", chance)) for n in range(24)]

    found = rates(controls, TERMS, equivalences.ComparisonTerms())

    assert found.sound, found.problem
    assert found.false_alarms <= 2
    shown = {defect.defect: (defect.planted, defect.detected) for defect in found.defects}
    for name in ("DROPPED_FIELD", "WRONG_TYPE", "DOUBLED_EFFECT", "EXTRA_CALL"):
        assert shown[name] == (24, 24)


def test_a_judge_that_cannot_be_tested_is_not_sound() -> None:
    assert not rates([], TERMS, equivalences.ComparisonTerms()).sound


def test_production_that_contradicts_itself_makes_the_judge_void() -> None:
    whole, cut = run([call("find", a=1, b=2)]), run([call("find", a=1)])
    fields = [{"a": 1, f"only{number}": 1} for number in range(12)]
    controls = [(run([call("find", **one)]), cut) for one in fields] + [(whole, whole)] * 2

    found = rates(controls, TERMS, equivalences.ComparisonTerms())

    assert not found.sound and "production against itself" in found.problem
