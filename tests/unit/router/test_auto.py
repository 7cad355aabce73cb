"""Automatic selection: the rule, and how it does beside simpler ones in a simulation."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pal_recorder.slo_report import lower_bound
from pal_router.auto import DWELL_SECONDS, LEAST_RUNS, Auto, Choice, Situation, Standing

GOOD = Standing(runs=500, success_lower=0.97, cost_nanos=1000, p95_seconds=2.0)
SITUATION = Situation(able=("agno", "langgraph", "pydantic-ai"), default="agno")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def chosen(standings: Mapping[str, Standing], **situation: Any) -> Choice:
    return Auto(Clock()).choose("desk", replace(SITUATION, **situation), standings)


@pytest.mark.parametrize(
    ("langgraph", "runtime", "verdicts"),
    [
        ({"cost_nanos": 900}, "langgraph", {"agno": "DEARER", "langgraph": "CHOSEN"}),
        ({"cost_nanos": 1100}, "agno", {"agno": "CHOSEN", "langgraph": "DEARER"}),
        ({"cost_nanos": 1005, "p95_seconds": 1.0}, "langgraph", {"agno": "SLOWER", "langgraph": "CHOSEN"}),
        ({"cost_nanos": 10, "success_lower": 0.94}, "agno", {"agno": "CHOSEN", "langgraph": "BELOW_OBJECTIVE"}),
        ({"cost_nanos": 10, "runs": LEAST_RUNS - 1}, "agno", {"agno": "CHOSEN", "langgraph": "TOO_FEW_RUNS"}),
        ({"cost_nanos": None}, "agno", {"agno": "CHOSEN", "langgraph": "DEARER"}),
    ],
)
def test_the_cheapest_of_those_that_are_proven(
    langgraph: dict[str, Any], runtime: str, verdicts: dict[str, str]
) -> None:
    choice = chosen({"agno": GOOD, "langgraph": replace(GOOD, **langgraph)})

    assert (choice.runtime, choice.rule) == (runtime, "auto")
    assert {name: choice.verdicts[name] for name in verdicts} == verdicts
    assert choice.verdicts["pydantic-ai"] == "TOO_FEW_RUNS"


def test_without_costs_the_latency_decides() -> None:
    free = replace(GOOD, cost_nanos=None)

    assert chosen({"agno": free, "langgraph": replace(free, p95_seconds=1.0)}).runtime == "langgraph"


def test_nothing_known_is_the_default() -> None:
    choice = chosen({})

    assert (choice.runtime, choice.rule) == ("agno", "auto.unproven")


def test_a_default_that_misses_the_objective_is_left_for_whoever_comes_nearest() -> None:
    bad = replace(GOOD, success_lower=0.6)

    assert chosen({"agno": bad, "langgraph": replace(bad, success_lower=0.8)}).runtime == "langgraph"


def test_what_is_not_able_is_not_chosen() -> None:
    assert chosen({"agno": GOOD, "langgraph": replace(GOOD, cost_nanos=1)}, able=("agno",)).runtime == "agno"


def test_a_conversation_stays_where_it_is_as_long_as_it_can() -> None:
    better = {"agno": GOOD, "langgraph": replace(GOOD, cost_nanos=1)}

    assert chosen(better, earlier="agno").rule == "auto.sticky"
    assert chosen(better, earlier="gone").runtime == "langgraph"


@pytest.mark.parametrize(
    ("cost", "after_seconds", "runtime"),
    [(950, DWELL_SECONDS, "agno"), (500, DWELL_SECONDS - 1, "agno"), (500, DWELL_SECONDS, "langgraph")],
)
def test_what_is_in_use_is_left_only_for_much_less_and_after_a_while(
    cost: float, after_seconds: float, runtime: str
) -> None:
    clock = Clock()
    auto = Auto(clock)
    auto.choose("desk", SITUATION, {"agno": GOOD})
    clock.now = after_seconds

    choice = auto.choose("desk", SITUATION, {"agno": GOOD, "langgraph": replace(GOOD, cost_nanos=cost)})

    assert choice.runtime == runtime


def test_what_is_no_longer_proven_is_left_at_once() -> None:
    auto = Auto(Clock())
    auto.choose("desk", SITUATION, {"agno": GOOD})

    assert auto.choose("desk", SITUATION, {"agno": replace(GOOD, success_lower=0.9), "langgraph": GOOD}).runtime == (
        "langgraph"
    )


@pytest.mark.parametrize(("explores", "least", "most"), [(False, 0, 0), (True, 120, 280)])
def test_at_most_two_of_a_hundred_runs_find_out(explores: bool, least: int, most: int) -> None:
    auto = Auto(Clock())
    choices = [
        auto.choose("desk", replace(SITUATION, explores=explores, key=f"c{n}"), {"agno": GOOD}) for n in range(10_000)
    ]

    assert least <= sum(choice.rule == "auto.explore" for choice in choices) <= most


# --- the simulation ---


@dataclass
class Arm:
    """A runtime as it really is; *later* is the success that it has from halfway on."""

    success: float
    cost: float
    seconds: float
    later: float | None = None


@dataclass
class Seen:
    """What the newest runs on it have shown."""

    ends: deque[tuple[bool, float, float]] = field(default_factory=deque)
    newest_seconds: deque[float] = field(default_factory=lambda: deque([0.0] * 20, maxlen=20))
    good: int = 0

    def add(self, ok: bool, cost: float, seconds: float) -> None:
        self.ends.append((ok, cost, seconds))
        self.newest_seconds.append(seconds)
        self.good += ok
        if len(self.ends) > 600:
            self.good -= self.ends.popleft()[0]

    def standing(self) -> Standing:
        runs = len(self.ends)
        if not runs:
            return Standing()
        return Standing(
            runs=runs,
            success_lower=lower_bound(self.good, runs),
            cost_nanos=sum(end[1] for end in self.ends) / self.good if self.good else None,
            p95_seconds=sorted(end[2] for end in self.ends)[int(0.95 * (runs - 1))],
        )


Policy = Callable[[int, Mapping[str, Seen]], str]
Result = tuple[float, float, int]
RUNS, SECONDS_A_RUN = 12_000, 2.0


def simulated(arms: Mapping[str, Arm], policy: Policy, clock: Clock, seed: int) -> Result:
    """Return the cost per success, the share of success and the switches of all runs."""
    chance, seen = random.Random(seed), {name: Seen() for name in arms}
    cost, good, switches, before = 0.0, 0, 0, ""
    for number in range(RUNS):
        clock.now = number * SECONDS_A_RUN
        name = policy(number, seen)
        arm = arms[name]
        success = arm.later if arm.later is not None and number >= RUNS // 2 else arm.success
        ok, paid = chance.random() < success, arm.cost * chance.uniform(0.8, 1.2)
        seen[name].add(ok, paid, arm.seconds * chance.uniform(0.5, 1.5))
        cost, good, switches, before = cost + paid, good + ok, switches + (name != before), name
    return cost / good, good / RUNS, switches


def by_rule(clock: Clock, arms: Mapping[str, Arm]) -> Policy:
    auto = Auto(clock)

    def policy(number: int, seen: Mapping[str, Seen]) -> str:
        # The figures are a moment old, as they are in a mesh.
        if number % 25 == 0:
            policy.standings = {name: one.standing() for name, one in seen.items()}  # type: ignore[attr-defined]
        situation = Situation(
            able=tuple(arms), default=next(iter(arms)), min_success=MIN_SUCCESS, key=f"c{number}", explores=True
        )
        return auto.choose("desk", situation, policy.standings).runtime  # type: ignore[attr-defined]

    return policy


def by_turns(clock: Clock, arms: Mapping[str, Arm]) -> Policy:
    return lambda number, seen: list(arms)[number % len(arms)]


def by_latency(clock: Clock, arms: Mapping[str, Arm]) -> Policy:
    def policy(number: int, seen: Mapping[str, Seen]) -> str:
        if number < 20 * len(arms):
            return list(arms)[number % len(arms)]
        return min(seen, key=lambda name: sum(seen[name].newest_seconds))

    return policy


def by_bandit(clock: Clock, arms: Mapping[str, Arm]) -> Policy:
    """Return UCB1 on success alone."""

    def policy(number: int, seen: Mapping[str, Seen]) -> str:
        def bound(name: str) -> float:
            runs = len(seen[name].ends)
            return seen[name].good / runs + math.sqrt(2 * math.log(number + 1) / runs) if runs else math.inf

        return max(seen, key=bound)

    return policy


MIN_SUCCESS = 0.9
DEAR, BAD = Arm(0.99, 3.0, 1.0), Arm(0.7, 0.5, 0.5)
STEADY = {"dear": DEAR, "best": Arm(0.985, 1.0, 1.5), "bad": BAD}
DRIFT = {"best-at-first": Arm(0.985, 1.0, 1.5, later=0.75), "dear": DEAR, "bad": BAD}
COLD = {"dear": DEAR, "best": Arm(0.985, 1.0, 1.5)}


@pytest.mark.parametrize(
    "arms",
    [
        pytest.param(STEADY, id="known best"),
        pytest.param(DRIFT, id="drift", marks=pytest.mark.slow),
        pytest.param(COLD, id="cold start", marks=pytest.mark.slow),
    ],
)
def test_what_keeps_the_objective_otherwise_costs_more(arms: Mapping[str, Arm]) -> None:
    results: dict[str, Result] = {}
    for policy in (by_rule, by_turns, by_latency, by_bandit):
        clock = Clock()
        results[policy.__name__] = simulated(arms, policy(clock, arms), clock, seed=7)
    cost, success, switches = results.pop("by_rule")

    # With two of a hundred runs it takes a while to prove a runtime; from then on the best has nearly all.
    assert success >= 0.97
    assert cost <= 0.75 * DEAR.cost
    for name, (other_cost, other_success, other_switches) in results.items():
        assert other_success < success or other_cost > cost, (name, other_cost, other_success)
        assert other_success < MIN_SUCCESS or other_cost > cost, (name, other_cost, other_success)
        assert name == "by_latency" or other_switches > 2 * switches, (name, other_switches)
