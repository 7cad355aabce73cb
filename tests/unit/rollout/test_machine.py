"""What a rollout does next, as a table: where it stands, what it sees, what follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as comparisons
from pal_rollout import actions, changes
from pal_rollout.machine import decide
from pal_rollout.seen import AgentSeen, Seen
from tests.unit.rollout.states import NOW_NS, place, placed, plan, seen, status

PASS, FAIL = comparisons.VERDICT_OUTCOME_PASS, comparisons.VERDICT_OUTCOME_FAIL
ABORTING, CONCLUDING = pb.ROLLOUT_STATE_ABORTING, pb.ROLLOUT_STATE_CONCLUDING
TEN = plan({"weight": 10, "gates": {"minRuns": 5}}, {"weight": 100})
SHADOW = plan({"shadow": {}, "gates": {"verdict": "VERDICT_OUTCOME_PASS", "minRuns": 5}}, {"weight": 100})


def holding(gates: dict[str, Any], **counts: int) -> pb.RolloutStatus:
    """Return a rollout at its first step with *gates* and what was counted of the canary."""
    one = placed(plan({"weight": 10, "gates": gates}, {"weight": 100}))
    one.agents[0].counts.CopyFrom(pb.RolloutCounts(**counts))
    return one


def report(counted: int, success: float | None = None, **burns: tuple[int, float]) -> slo.SloReport:
    windows = {"minutes": 300, "hour": 3600}
    rates = [
        slo.BurnRate(window=duration_pb2.Duration(seconds=windows[name]), runs=runs, rate=rate)
        for name, (runs, rate) in burns.items()
    ]
    return slo.SloReport(counted=counted, success=success, burn_rates=rates)


def waits(one: pb.RolloutStatus, what: Seen) -> list[str]:
    """Return the gates that do not hold."""
    action = decide(one, what)
    assert isinstance(action, actions.Wait), action
    return [gate.name for gate in action.gates if not gate.holds]


def test_a_weight_is_set_for_the_agents_of_the_wave_alone() -> None:
    action = decide(status(TEN), seen())

    assert isinstance(action, actions.Place)
    (route,) = action.routes.values()
    assert (route.agent, route.stable, route.candidate, route.candidate_basis_points) == ("desk", "old", "new", 1000)
    assert route.hold and route.salt == "r1"


def test_a_shadow_comes_before_any_run_goes_to_the_candidate() -> None:
    one = placed(SHADOW)

    assert one.agents[0].shadow_id and not one.agents[0].HasField("present")


def test_the_choice_of_an_agent_that_leaves_it_to_the_router_is_held_while_it_is_shadowed() -> None:
    one = status(SHADOW)
    one.agents[0].automatic = True

    action = decide(one, seen())

    assert isinstance(action, actions.Place)
    assert action.routes["desk"].hold and not action.routes["desk"].candidate


@pytest.mark.parametrize(
    ("gates", "counts", "what", "missing"),
    [
        ({}, {}, {}, ["min-runs"]),
        ({"minRuns": 5}, {"ended": 4}, {}, ["min-runs"]),
        ({"minRuns": 5}, {"ended": 5}, {}, []),
        ({"minTime": "60s"}, {"ended": 1}, {"now_ns": NOW_NS + 59 * 10**9}, ["min-time"]),
        ({"minTime": "60s"}, {"ended": 1}, {"now_ns": NOW_NS + 60 * 10**9}, []),
        ({"approval": True}, {"ended": 1}, {}, ["approval"]),
        ({"certificate": {"plan": "drill"}}, {"ended": 1}, {"certificate": "it has expired"}, ["certificate"]),
        ({"certificate": {"plan": "drill"}}, {"ended": 1}, {}, []),
        ({"minRuns": 5, "fill": "ROLLOUT_FILL_REPLAY"}, {"replayed": 9}, {}, ["min-runs"]),
        ({"minRuns": 5, "fill": "ROLLOUT_FILL_REPLAY"}, {"ended": 1, "replayed": 4}, {}, []),
        ({"minRuns": 5}, {"ended": 1, "replayed": 4}, {}, ["min-runs"]),
    ],
)
def test_a_step_is_left_only_when_its_gates_hold(
    gates: dict[str, Any], counts: dict[str, int], what: dict[str, Any], missing: list[str]
) -> None:
    one = holding(gates, **counts)

    action = decide(one, seen(**what))

    if missing:
        assert isinstance(action, actions.Wait)
        assert [gate.name for gate in action.gates if not gate.holds] == missing
    else:
        assert isinstance(action, actions.Enter) and (action.wave, action.step) == (0, 1)


@pytest.mark.parametrize(
    ("known", "holds"),
    [
        (None, False),
        (report(19, 1.0), False),
        (report(20, None), False),
        (report(20, 0.94), False),
        (report(20, 0.96), True),
    ],
)
def test_an_objective_without_enough_data_never_holds(known: slo.SloReport | None, *, holds: bool) -> None:
    one = holding({"slo": [{"metric": "success", "atLeast": 0.95}]}, ended=100)
    told = AgentSeen(objectives={0: known} if known else {})

    action = decide(one, seen(desk=told))

    assert isinstance(action, actions.Enter if holds else actions.Wait)


@pytest.mark.parametrize("outcome", [None, FAIL, *range(PASS + 1, 6)])
def test_nothing_but_a_pass_is_a_verdict_that_promotes(outcome: comparisons.VerdictOutcome | None) -> None:
    one = placed(SHADOW)
    one.agents[0].counts.pairs = 100
    one.agents[0].verdict = outcome or comparisons.VERDICT_OUTCOME_UNSPECIFIED

    # FAIL aborts; here only the gate is asked, as the verdict itself is not seen.
    assert waits(one, seen()) == (["verdict"] if outcome != PASS else [])


def test_a_pass_promotes() -> None:
    one = placed(SHADOW)
    one.agents[0].counts.pairs, one.agents[0].verdict = 5, PASS

    assert decide(one, seen()) == actions.Enter(0, 1, decide(one, seen()).gates)  # type: ignore[union-attr]


def finding(*, hard: bool) -> comparisons.Verdict:
    top = comparisons.TopFinding(finding=comparisons.Finding(hard=hard, message="a field is gone"), pairs=1)
    return comparisons.Verdict(outcome=comparisons.VERDICT_OUTCOME_INCONCLUSIVE, findings=[top])


def money(nanos: int) -> common.Money:
    return common.Money(currency_code="USD", nanos=nanos)


BURNING = AgentSeen(burn=report(30, minutes=(30, 20.0), hour=(30, 15.0)))
TRIGGERS: list[tuple[str, Callable[[pb.RolloutStatus], None], dict[str, Any], str]] = [
    ("breaker", lambda one: None, {"desk": AgentSeen(breaker="5 failed")}, "open breaker"),
    ("adapter", lambda one: None, {"away": 10.1}, "lost adapter"),
    (
        "burn",
        lambda one: one.agents[0].counts.CopyFrom(pb.RolloutCounts(ended=10, succeeded=8)),
        {"desk": BURNING},
        "burn rate",
    ),
    (
        "sampleRatio",
        lambda one: one.agents[0].counts.CopyFrom(pb.RolloutCounts(to_candidate=60, to_stable=40)),
        {},
        "sample-ratio mismatch: 60 of 100",
    ),
]


@pytest.mark.parametrize(("trigger", "prepare", "what", "why"), TRIGGERS)
def test_a_trigger_puts_everything_back_unless_the_plan_turns_it_off(
    trigger: str, prepare: Callable[[pb.RolloutStatus], None], what: dict[str, Any], why: str
) -> None:
    off: dict[str, Any] = {"burn": {"off": True}} if trigger == "burn" else {trigger: False}
    with_it, without = (placed(plan({"weight": 10}, {"weight": 100}, abort=abort)) for abort in ({}, off))
    for one in (with_it, without):
        prepare(one)

    action = decide(with_it, seen(**what))

    assert isinstance(action, actions.Abort) and why in action.reason
    assert not isinstance(decide(without, seen(**what)), actions.Abort)


@pytest.mark.parametrize("off", ["hardFinding", "verdict"])
def test_what_the_shadow_shows_puts_everything_back(off: str) -> None:
    failed = comparisons.Verdict(outcome=FAIL, reason="success: worse")
    told = AgentSeen(verdict=finding(hard=True) if off == "hardFinding" else failed)
    steps: list[dict[str, Any]] = [{"shadow": {}}, {"weight": 100}]

    assert isinstance(decide(placed(plan(*steps)), seen(desk=told)), actions.Abort)
    assert isinstance(decide(placed(plan(*steps, abort={off: False})), seen(desk=told)), actions.Wait)
    soft = AgentSeen(verdict=finding(hard=False))
    assert isinstance(decide(placed(plan(*steps)), seen(desk=soft)), actions.Wait)


@pytest.mark.parametrize(
    "told",
    [
        report(30, minutes=(9, 90.0), hour=(30, 90.0)),
        report(30, minutes=(30, 14.3), hour=(30, 90.0)),
        report(30, minutes=(30, 90.0), hour=(30, 14.3)),
        report(30, minutes=(30, 90.0)),
    ],
)
def test_the_budget_burns_only_when_both_windows_say_so_of_enough_runs(told: slo.SloReport) -> None:
    one = placed(TEN)
    one.agents[0].counts.CopyFrom(pb.RolloutCounts(ended=30))

    assert not isinstance(decide(one, seen(desk=AgentSeen(burn=told))), actions.Abort)


@pytest.mark.parametrize(
    ("ended", "succeeded", "seconds", "aborts"),
    [(0, 0, 1, False), (9, 0, 1, False), (10, 9, 1, False), (10, 8, 1, True), (0, 0, 299, False), (0, 0, 300, True)],
)
def test_a_young_step_burns_by_its_own_runs_and_not_by_those_of_an_earlier_attempt(
    ended: int, succeeded: int, seconds: int, *, aborts: bool
) -> None:
    one = placed(TEN)
    one.agents[0].counts.CopyFrom(pb.RolloutCounts(ended=ended, succeeded=succeeded))

    action = decide(one, seen(NOW_NS + seconds * 10**9, desk=BURNING))

    assert isinstance(action, actions.Abort) == aborts


@pytest.mark.parametrize(("nanos", "aborts"), [(4_999_999_999, False), (5_000_000_000, True)])
def test_the_budget_is_the_most_that_is_spent(nanos: int, *, aborts: bool) -> None:
    one = placed(plan({"weight": 10}, {"weight": 100}, abort={"budget": {"currencyCode": "USD", "nanos": 5 * 10**9}}))
    one.spent.CopyFrom(money(nanos))

    assert isinstance(decide(one, seen()), actions.Abort) == aborts


def test_a_trigger_fires_while_the_rollout_is_paused() -> None:
    one = placed(TEN)
    changes.pause(one, NOW_NS, "somebody", "lunch")

    assert isinstance(decide(one, seen(desk=AgentSeen(breaker="5 failed"))), actions.Abort)
    assert isinstance(decide(one, seen()), actions.Wait)


def test_what_cannot_be_seen_never_promotes_and_still_goes_back() -> None:
    one = holding({}, ended=5)
    blind = Seen(now_ns=NOW_NS, blind="the recorder cannot be reached")

    assert isinstance(decide(one, blind), actions.Wait)
    assert isinstance(decide(one, dataclasses.replace(blind, candidate_away_seconds=11)), actions.Abort)
    changes.abort(one, NOW_NS)
    assert isinstance(decide(one, blind), actions.Place)


def test_nothing_fires_before_anything_is_exposed() -> None:
    assert isinstance(decide(status(TEN), seen(away=99)), actions.Place)


def test_every_agent_that_was_moved_goes_back_by_one_route_each() -> None:
    one = placed(plan({"weight": 100}))
    one.wave = 1
    action = decide(one, seen())
    assert isinstance(action, actions.Place)
    place(one, action)
    changes.abort(one, NOW_NS, reason="enough")

    back = decide(one, seen())

    assert isinstance(back, actions.Place)
    assert {name: (route.stable, route.candidate, route.hold) for name, route in back.routes.items()} == {
        "desk": ("old", "", False),
        "vault": ("old", "", False),
    }
    place(one, back)
    assert decide(one, seen()) == actions.End(pb.ROLLOUT_STATE_ABORTED)


def test_an_agent_that_was_not_touched_has_no_revision_to_go_back_by() -> None:
    one = status(TEN)
    changes.abort(one, NOW_NS)

    assert decide(one, seen()) == actions.End(pb.ROLLOUT_STATE_ABORTED)


def test_a_shadow_of_its_own_ends_before_the_rollout_does() -> None:
    one = placed(SHADOW)
    changes.abort(one, NOW_NS)

    assert decide(one, seen()) == actions.EndShadows(["desk"])


FOREIGN = AgentSeen(route=registry.Route(agent="desk", revision=9, author="somebody", reason="by hand"))


def test_a_foreign_revision_pauses_and_is_never_overwritten() -> None:
    one = placed(TEN)

    action = decide(one, seen(desk=FOREIGN))

    assert isinstance(action, actions.Pause) and "somebody changed the route of desk: revision 9" in action.reason
    changes.abort(one, NOW_NS)
    assert isinstance(decide(one, seen(desk=FOREIGN)), actions.Leave)


def test_a_snapshot_that_is_behind_is_no_foreign_revision() -> None:
    behind = AgentSeen(route=registry.Route(agent="desk", revision=2))

    assert isinstance(decide(placed(TEN), seen(desk=behind)), actions.Wait)


def test_resuming_takes_the_foreign_revision_for_its_own_and_goes_on_from_there() -> None:
    one = placed(TEN)
    changes.pause(one, NOW_NS)
    changes.resume(one, seen(desk=FOREIGN), NOW_NS, "somebody", "")

    action = decide(one, seen(desk=FOREIGN))

    assert one.agents[0].present.revision == 9
    assert isinstance(action, actions.Place) and action.routes["desk"].candidate_basis_points == 1000


def test_what_was_noted_is_settled_before_anything_else() -> None:
    one = placed(TEN)
    one.agents[0].placing.mark = "[r1/2]"

    assert decide(one, seen()) == actions.Settle(["desk"])


def test_a_pause_of_the_plan_is_made_once() -> None:
    one = placed(plan({"weight": 10, "pause": True}, {"weight": 100}))
    one.agents[0].counts.ended = 1

    action = decide(one, seen())

    assert isinstance(action, actions.Pause) and action.by_plan
    one.pause_taken = True
    assert isinstance(decide(one, seen()), actions.Enter)


def test_promoting_skips_the_gates_of_the_step_and_of_no_other() -> None:
    one = placed(TEN)
    changes.promote(one, NOW_NS, "somebody", "it is fine")

    action = decide(one, seen())

    assert isinstance(action, actions.Enter)
    changes.enter(one, action.wave, action.step, NOW_NS)
    assert not one.promoted_by and (one.history[-2].who, one.history[-2].reason) == ("somebody", "it is fine")


def test_whoever_approves_is_told_so_in_the_answer() -> None:
    one = holding({"approval": True, "minRuns": 1})
    one.gates.extend(decide(one, seen()).gates)  # type: ignore[union-attr]

    changes.approve(one, NOW_NS, "somebody", "")

    assert [(gate.name, gate.detail) for gate in one.gates if gate.holds] == [("approval", "approved by somebody")]


def test_after_the_last_wave_the_candidate_becomes_the_runtime_of_record_with_the_old_one_behind_it() -> None:
    one = placed(plan({"weight": 100}), state=CONCLUDING, wave=1)

    for agent in one.agents:
        assert (agent.present.stable, agent.present.candidate, list(agent.present.fallbacks)) == ("new", "", ["old"])
    assert decide(one, seen()) == actions.End(pb.ROLLOUT_STATE_DONE)


def done() -> pb.RolloutStatus:
    one = placed(plan({"weight": 100}), state=CONCLUDING, wave=1)
    changes.end(one, pb.ROLLOUT_STATE_DONE, NOW_NS)
    return one


def test_what_is_done_is_taken_back_by_one_route_for_each_agent_and_then_it_is_over_again() -> None:
    one = done()
    changes.roll_back(one, NOW_NS, "somebody", "customers call")

    back = decide(one, seen())

    assert isinstance(back, actions.Place) and not one.HasField("ended_at")
    assert {name: (route.stable, route.candidate, list(route.fallbacks)) for name, route in back.routes.items()} == {
        "desk": ("old", "", []),
        "vault": ("old", "", []),
    }
    place(one, back)
    assert decide(one, seen()) == actions.End(pb.ROLLOUT_STATE_ROLLED_BACK)
    changes.end(one, pb.ROLLOUT_STATE_ROLLED_BACK, NOW_NS)
    assert decide(one, seen()) == actions.Rest()
    assert [(entry.what, entry.who, entry.reason) for entry in one.history][-2:] == [
        ("rolling back: every route goes back", "somebody", "customers call"),
        ("rolled back", "rollout", ""),
    ]


def test_what_somebody_has_set_since_it_was_done_is_left() -> None:
    one = done()
    changes.roll_back(one, NOW_NS, "somebody", "")

    action = decide(one, seen(desk=FOREIGN))

    assert isinstance(action, actions.Leave) and "by hand" in action.agents["desk"]
    one.agents[0].left = action.agents["desk"]
    back = decide(one, seen(desk=FOREIGN))
    assert isinstance(back, actions.Place) and set(back.routes) == {"vault"}


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (pb.ROLLOUT_STATE_RUNNING, "still going; `pal rollout abort move`"),
        (pb.ROLLOUT_STATE_PAUSED, "still going; `pal rollout abort move`"),
        (CONCLUDING, "still going; `pal rollout abort move`"),
        (ABORTING, "is putting its routes back"),
        (pb.ROLLOUT_STATE_ABORTED, "was aborted at .* nothing is in progress that could be rolled back"),
        (pb.ROLLOUT_STATE_ROLLED_BACK, "was rolled back at .*apply its plan again"),
    ],
)
def test_only_what_is_done_is_rolled_back(state: pb.RolloutState, why: str) -> None:
    one = status(TEN, state)

    with pytest.raises(changes.Refused, match=why):
        changes.roll_back(one, NOW_NS, "somebody", "")

    assert one.state == state and not one.history


@pytest.mark.parametrize("state", [pb.ROLLOUT_STATE_ABORTED, pb.ROLLOUT_STATE_DONE, pb.ROLLOUT_STATE_ROLLED_BACK])
def test_a_rollout_that_is_over_rests(state: pb.RolloutState) -> None:
    assert decide(status(TEN, state), seen(away=99, desk=FOREIGN)) == actions.Rest()


@pytest.mark.parametrize(
    "state",
    [
        pb.ROLLOUT_STATE_ABORTED,
        pb.ROLLOUT_STATE_DONE,
        ABORTING,
        pb.ROLLOUT_STATE_ROLLING_BACK,
        pb.ROLLOUT_STATE_ROLLED_BACK,
    ],
)
@pytest.mark.parametrize("ask", [changes.promote, changes.approve])
def test_what_is_over_is_neither_promoted_nor_approved(ask: Callable[..., None], state: pb.RolloutState) -> None:
    with pytest.raises(changes.Refused, match="move"):
        ask(status(TEN, state), NOW_NS, "somebody", "")


def test_an_abort_with_nothing_in_progress_says_how_it_ended_and_what_can_be_done() -> None:
    done, aborted = status(TEN, pb.ROLLOUT_STATE_DONE), status(TEN, pb.ROLLOUT_STATE_ABORTED, reason="open breaker")

    with pytest.raises(changes.Refused, match=r"`pal rollout rollback move` .*desk to old"):
        changes.abort(done, NOW_NS)
    with pytest.raises(changes.Refused, match=r"open breaker.*apply its plan again"):
        changes.abort(aborted, NOW_NS)
