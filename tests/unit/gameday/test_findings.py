"""A certificate says PASS only where everything was shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from pal.v1 import gameday_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_gameday.concluding import concluded
from pal_gameday.evidence import Evidence, RolledBack, Seen
from pal_gameday.findings import judged
from pal_gameday.rollbacks import measured
from tests.unit.gameday.seen import PLAN, SECOND, evidence, log, receipt, write

PASS, FAIL, INVALID = pb.DRILL_VERDICT_PASS, pb.DRILL_VERDICT_FAIL, pb.DRILL_VERDICT_INVALID
FAILED, UNKNOWN = events.RUN_OUTCOME_FAILED, events.TOOL_CALL_OUTCOME_UNKNOWN
BACK = RolledBack(
    step="back",
    agent="support-desk",
    left="b",
    back_on="a",
    switched_ns=0,
    ordered_ns=20 * SECOND,
    acknowledged_ns=21 * SECOND,
)
PLAN_STEP = pb.GameDayStep(id="after", runs=pb.GameDayRuns(count=6))
ROLLBACK = (
    PLAN.partition("  method:")[0]
    + "  method: [{id: to, route: {stable: b}}, {id: back, routeBack: true}, {id: after, runs: {count: 9}}]\n"
)


def certificate(seen: Evidence) -> pb.Certificate:
    return concluded(seen, [], "")


def test_a_drill_in_which_all_held_passes() -> None:
    found = certificate(evidence())

    assert (found.verdict, list(found.reasons)) == (PASS, [])
    assert [(one.step, one.what, one.run_id, one.seq) for one in found.receipts] == [("broken", "TOOL_ERROR", "r1", 4)]


def test_a_drill_without_receipts_is_invalid() -> None:
    found = certificate(evidence([log("r1", 10)]))

    assert found.verdict == INVALID
    assert found.reasons[0].startswith("broken: left no receipt")


def test_a_receipt_of_another_drill_is_none() -> None:
    assert certificate(evidence([log("r1", 10, receipt("other/broken"))])).verdict == INVALID


def test_a_failure_does_not_make_up_for_missing_receipts() -> None:
    assert certificate(evidence([log("r1", 10, outcome=FAILED)])).verdict == INVALID


@pytest.mark.parametrize(
    ("spoil", "invariant"),
    [
        (lambda seen: setattr(seen.documents[0], "after", "sha256:b"), "SPECS_UNCHANGED"),
        (lambda seen: setattr(seen.processes[0], "after", "pid 2"), "PROCESSES_UNCHANGED"),
        (lambda seen: seen.audit.findings.append("seq 3 was changed"), "AUDIT_WHOLE"),
        (lambda seen: seen.runs[0].log.pop(1), "LOGS_COMPLETE"),
        (lambda seen: setattr(seen.runs[0].log[-1].run_finished, "outcome", FAILED), "FATES_AS_EXPECTED"),
        (lambda seen: setattr(seen, "broken_off", "it took too long"), "broken off"),
    ],
)
def test_what_did_not_hold_fails_the_drill(spoil: Callable[[Evidence], None], invariant: str) -> None:
    seen = evidence()
    spoil(seen)

    found = certificate(seen)

    assert found.verdict == FAIL
    assert any(reason.startswith(invariant) for reason in found.reasons), found.reasons


@pytest.mark.parametrize(
    "change", [{"audit": None}, {"documents": []}, {"processes": []}, {"problems": {"rollback": "the mesh was away"}}]
)
def test_what_there_is_no_data_for_is_not_passed(change: dict[str, object]) -> None:
    assert certificate(dataclasses.replace(evidence(), **change)).verdict == INVALID  # type: ignore[arg-type]


def test_a_process_that_the_plan_takes_down_may_come_back_as_another() -> None:
    seen = evidence()
    seen.processes.append(pb.DrillProcess(name="agno", before="pid 2", after="pid 3", planned=True))

    assert certificate(seen).verdict == PASS


def test_a_run_that_could_not_be_started_is_not_as_expected() -> None:
    seen = evidence()
    seen.runs.append(Seen(step=seen.runs[0].step, problem="no runtime takes it"))

    found = certificate(seen)

    assert (found.verdict, found.runs[1].expected) == (FAIL, False)
    assert "no runtime takes it" in found.reasons[0]


@pytest.mark.parametrize(
    ("facts", "repeatable", "verdict"),
    [
        (write("c1", 1), (), PASS),
        ([*write("c1", 1, 2)], (), FAIL),
        ([*write("c1", 1, 2)], ("charge",), PASS),
        ([*write("c1", 1), *write("c1-again", 1)], ("charge",), FAIL),
        ([*write("c1", 1, key="k"), *write("c2", 1, key="l")], (), PASS),
        (write("c1", 1, outcome=UNKNOWN), (), PASS),
        (write("c1"), (), PASS),
    ],
)
def test_an_effect_that_happened_twice_fails_the_drill(
    facts: list[dict[str, object]], repeatable: tuple[str, ...], verdict: int
) -> None:
    seen = evidence([log("r1", 10, receipt(), *facts)])
    seen.repeatable = frozenset(repeatable)

    assert certificate(seen).verdict == verdict


def rolled_back(runs: list[list[events.RunEvent]], back: RolledBack = BACK) -> pb.Certificate:
    seen = evidence(runs, ROLLBACK)
    seen.faults, seen.rollbacks = [], [back]
    seen.actions = [pb.DrillReceipt(step=step, what="ROUTE", seen="revision 2") for step in ("to", "back")]
    return certificate(seen)


def test_a_rollback_takes_from_the_order_to_the_fifth_success() -> None:
    found = rolled_back([log(f"r{at}", at, runtime="a") for at in range(22, 30)])

    assert found.verdict == PASS
    (one,) = found.rollbacks
    assert (one.began_at.seconds, one.took.seconds, one.late_runs) == (20, 7, 0)


def test_a_failure_before_the_order_begins_the_rollback() -> None:
    failed = log("r11", 10, runtime="b", outcome=FAILED)
    found = rolled_back([failed, *(log(f"r{at}", at, runtime="a") for at in range(22, 30))])

    assert found.rollbacks[0].took.seconds == 16


def test_a_run_that_still_reached_the_old_runtime_fails_the_rollback() -> None:
    late = log("late", 25, runtime="b")
    found = rolled_back([late, *(log(f"r{at}", at, runtime="a") for at in range(22, 30))])

    assert (found.verdict, found.rollbacks[0].late_runs) == (FAIL, 1)


def test_runs_after_the_next_switch_are_not_late() -> None:
    later = log("later", 40, runtime="b")
    found = rolled_back(
        [later, *(log(f"r{at}", at, runtime="a") for at in range(22, 30))],
        dataclasses.replace(BACK, until_ns=35 * SECOND),
    )

    assert (found.verdict, found.rollbacks[0].late_runs) == (PASS, 0)


def test_a_rollback_that_takes_too_long_fails() -> None:
    found = rolled_back([log(f"r{at}", at, runtime="a") for at in range(22 + 300, 330)])

    assert found.verdict == FAIL


def test_fewer_than_five_successes_say_nothing_of_a_rollback() -> None:
    found = rolled_back([log(f"r{at}", at, runtime="a") for at in range(22, 26)])

    assert found.verdict == INVALID


@pytest.mark.parametrize(("bounds", "verdict"), [("atLeast: 1", PASS), ("atLeast: 2", FAIL), ("atMost: 0", FAIL)])
def test_a_probe_is_held_to_its_bounds(bounds: str, verdict: int) -> None:
    text = f"{PLAN}  probes: [{{id: met, measure: FAULTS_MET, {bounds}}}]\n"

    assert certificate(evidence(text=text)).verdict == verdict


def test_a_drill_that_was_broken_off_failed_whatever_it_did_not_come_to() -> None:
    text = (
        PLAN + "    - {id: later, runs: {}}\n  probes: [{id: met, measure: FAULTS_MET, steps: [later], atLeast: 1}]\n"
    )
    seen = evidence(text=text, step=1)

    without = certificate(seen)
    seen.broken_off = "too many runs failed"
    broken_off = certificate(seen)

    assert (without.verdict, broken_off.verdict) == (INVALID, FAIL)
    assert list(broken_off.reasons) == ["broken off: too many runs failed", "probe met: no data, at least 1"]


def test_a_drill_that_was_broken_off_without_a_receipt_shows_nothing() -> None:
    seen = evidence([log("r1", 10)])
    seen.broken_off = "waited in vain"

    assert certificate(seen).verdict == INVALID


def test_clean_drills_in_a_row_say_how_often_it_fails_at_most() -> None:
    first = certificate(evidence())
    failed = pb.Certificate(plan=first.plan, verdict=FAIL)
    other = pb.Certificate(verdict=FAIL)

    found = concluded(evidence(), [first, failed, first, first, other, first], "sha256:x")

    assert (found.number, found.clean_drills, found.failure_rate_below_ppm) == (7, 4, 750_000)


ROLLOUT = pb.DrillRollout(
    step="move", ended=pb.GAME_DAY_ROLLOUT_END_ABORTED, expected=pb.GAME_DAY_ROLLOUT_END_ABORTED, reason="burn rate"
)


@pytest.mark.parametrize(
    ("change", "verdict", "detail"),
    [
        ({}, PASS, "1 rollout"),
        ({"ended": pb.GAME_DAY_ROLLOUT_END_DONE}, FAIL, "move: ended DONE, expected ABORTED"),
        ({"ended": pb.GAME_DAY_ROLLOUT_END_UNSPECIFIED}, FAIL, "move: ended UNSPECIFIED, expected ABORTED: burn rate"),
        ({"repeated_acts": ["desk r1/2"]}, FAIL, "move: done twice: desk r1/2"),
    ],
)
def test_a_rollout_ends_as_expected_and_acts_once(
    change: dict[str, Any], verdict: pb.DrillVerdict, detail: str
) -> None:
    rollout = pb.DrillRollout()
    rollout.CopyFrom(ROLLOUT)
    for name in change:
        rollout.ClearField(name)
    rollout.MergeFrom(pb.DrillRollout(**change))
    seen = evidence()
    seen.rollouts = [rollout]

    found = judged(pb.GAME_DAY_INVARIANT_ROLLOUTS_AS_EXPECTED, seen)

    assert found.verdict == verdict and detail in found.detail


def test_without_a_rollout_there_is_nothing_to_expect() -> None:
    assert judged(pb.GAME_DAY_INVARIANT_ROLLOUTS_AS_EXPECTED, evidence()).verdict == INVALID


def test_the_runs_of_another_agent_do_not_measure_a_rollback() -> None:
    runs = [Seen(step=PLAN_STEP, run_id=f"r{at}", log=log(f"r{at}", at, runtime="a")) for at in range(22, 28)]
    seen = evidence()
    seen.runs = runs
    seen.rollbacks = [BACK, dataclasses.replace(BACK, agent="order-notes")]

    own, other = measured(seen)

    assert own.took.ToSeconds() == 7 and not other.HasField("ended_at")
