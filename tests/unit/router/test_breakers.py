"""Breakers: what opens them, what does not, and how they close again."""

from __future__ import annotations

import pytest

from pal.v1 import error_reason_pb2 as reasons
from pal_router.breakers import FIRST_PAUSE_SECONDS, IN_A_ROW, MAX_PAUSE_SECONDS, TRIAL_SECONDS, Breakers, State

LOST = reasons.ERROR_REASON_ADAPTER_LOST
AVOIDED = {"agno": "BREAKER_OPEN"}


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breakers(clock: Clock) -> Breakers:
    return Breakers(clock)


def failed(breakers: Breakers, times: int = IN_A_ROW, cause: reasons.ErrorReason = LOST) -> Breakers:
    for _ in range(times):
        breakers.report("desk", "agno", cause)
    return breakers


def tried(breakers: Breakers, clock: Clock, after_seconds: float, cause: reasons.ErrorReason | None) -> None:
    """Let time go by and report how the trial went."""
    clock.now += after_seconds
    assert breakers.avoided("desk") == {}
    breakers.chosen("desk", "agno")
    assert breakers.avoided("desk") == AVOIDED
    breakers.report("desk", "agno", cause)


@pytest.mark.parametrize(("times", "avoided"), [(IN_A_ROW - 1, {}), (IN_A_ROW, AVOIDED)])
def test_failures_in_a_row_open_it(breakers: Breakers, times: int, avoided: dict[str, str]) -> None:
    assert failed(breakers, times).avoided("desk") == avoided


def test_half_of_many_opens_it_as_well(breakers: Breakers) -> None:
    for cause in [LOST, None] * 4 + [None, LOST]:
        assert breakers.avoided("desk") == {}
        breakers.report("desk", "agno", cause)

    assert breakers.avoided("desk") == AVOIDED


@pytest.mark.parametrize(
    "cause",
    [
        reasons.ERROR_REASON_MODEL_UNAVAILABLE,
        reasons.ERROR_REASON_TOOL_FAILED,
        reasons.ERROR_REASON_POLICY_DENIED,
        reasons.ERROR_REASON_SEAM_UNAVAILABLE,
        reasons.ERROR_REASON_RUN_CANCELLED,
        reasons.ERROR_REASON_LIMIT_REACHED,
        reasons.ERROR_REASON_QUOTA_EXCEEDED,
    ],
)
def test_what_is_not_the_runtimes_fault_does_not_count(breakers: Breakers, cause: reasons.ErrorReason) -> None:
    assert failed(breakers, 100, cause).avoided("desk") == {}


def test_other_agents_and_other_runtimes_go_on(breakers: Breakers) -> None:
    failed(breakers)

    assert breakers.avoided("clerk") == {}
    assert "langgraph" not in breakers.avoided("desk")


def test_after_the_pause_one_run_tries_and_its_success_closes_it(breakers: Breakers, clock: Clock) -> None:
    tried(failed(breakers), clock, FIRST_PAUSE_SECONDS, None)

    assert breakers.avoided("desk") == {}
    assert list(breakers.all()) == []


def test_a_trial_that_fails_makes_the_next_pause_longer(breakers: Breakers, clock: Clock) -> None:
    tried(failed(breakers), clock, FIRST_PAUSE_SECONDS, LOST)
    clock.now += FIRST_PAUSE_SECONDS
    early = breakers.avoided("desk")
    tried(breakers, clock, FIRST_PAUSE_SECONDS, LOST)

    assert early == AVOIDED
    for _ in range(8):
        tried(breakers, clock, MAX_PAUSE_SECONDS, LOST)


@pytest.mark.parametrize(("cause", "after_seconds"), [(reasons.ERROR_REASON_RUN_CANCELLED, 0.0), (LOST, TRIAL_SECONDS)])
def test_a_trial_that_says_nothing_is_made_again(
    breakers: Breakers, clock: Clock, cause: reasons.ErrorReason, after_seconds: float
) -> None:
    failed(breakers)
    clock.now += FIRST_PAUSE_SECONDS
    breakers.chosen("desk", "agno")
    if after_seconds:
        clock.now += after_seconds
    else:
        breakers.report("desk", "agno", cause)

    assert breakers.avoided("desk") == {}
    assert [breaker.state for _, _, breaker in breakers.all()] == [State.HALF_OPEN]
