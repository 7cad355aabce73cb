"""Routers tell each other of their breakers: what one has opened the others keep from, until it is well again."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pal.v1 import error_reason_pb2 as reasons
from pal_recorder.holds import Holds
from pal_router.breaker_news import BreakerNews
from pal_router.breakers import FIRST_PAUSE_SECONDS, IN_A_ROW, Breakers, State
from pal_router.holding import BEAT_SECONDS, Beats
from tests.unit.router.test_breakers import AVOIDED, LOST, Clock


@dataclass
class Router:
    """As much of a router as its breakers need."""

    name: str
    clock: Clock
    holds: Holds
    breakers: Breakers = field(init=False)
    news: BreakerNews = field(init=False)
    beats: Beats = field(init=False)

    def __post_init__(self) -> None:
        self.breakers = Breakers(self.clock)
        self.news = BreakerNews(self.breakers)
        self.beats = Beats(self.name, self.clock)

    def beat(self) -> None:
        """Do what the loop of a router does twice a second."""
        holders = self.holds.beat(self.name, leaving=False, opened=self.news.told())
        for holder in self.beats.look(holders):
            self.news.hear(holder.holder, holder.open_breakers)

    def fail(self, times: int = IN_A_ROW) -> None:
        """Have runs fail here."""
        for _ in range(times):
            self.breakers.report("desk", "agno", LOST)

    def attempt(self, cause: reasons.ErrorReason | None) -> None:
        """Have a run try the runtime."""
        assert self.breakers.avoided("desk") == {}
        self.breakers.chosen("desk", "agno")
        self.breakers.report("desk", "agno", cause)

    @property
    def state(self) -> State:
        """Where the breaker stands."""
        return next((one.state for _, _, one in self.breakers.all()), State.CLOSED)


@dataclass
class Mesh:
    """Three routers on one recorder."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.holds = Holds(self.clock)
        self.a, self.b, self.c = (Router(name, self.clock, self.holds) for name in "abc")
        self.go_on(1.0)

    def go_on(self, seconds: float, *routers: Router) -> None:
        """Let time go by while *routers*, or all, beat."""
        for _ in range(round(seconds / BEAT_SECONDS)):
            self.clock.now += BEAT_SECONDS
            for router in routers or (self.a, self.b, self.c):
                router.beat()


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


def test_what_one_opens_is_open_everywhere_within_a_second(mesh: Mesh) -> None:
    mesh.c.fail()

    mesh.go_on(1.0)

    assert [router.breakers.avoided("desk") for router in (mesh.a, mesh.b, mesh.c)] == [AVOIDED] * 3
    assert mesh.a.breakers.avoided("clerk") == {}


def test_the_pause_ends_everywhere_at_the_same_time(mesh: Mesh) -> None:
    mesh.a.fail()
    mesh.go_on(FIRST_PAUSE_SECONDS - BEAT_SECONDS)
    early = mesh.b.breakers.avoided("desk")
    mesh.go_on(2 * BEAT_SECONDS)

    assert (early, mesh.a.breakers.avoided("desk"), mesh.b.breakers.avoided("desk")) == (AVOIDED, {}, {})


def test_a_trial_that_succeeds_closes_it_everywhere(mesh: Mesh) -> None:
    mesh.a.fail()
    mesh.go_on(FIRST_PAUSE_SECONDS + 1)

    mesh.a.attempt(None)
    mesh.go_on(1.0)

    assert [router.state for router in (mesh.a, mesh.b, mesh.c)] == [State.CLOSED] * 3


def test_a_trial_of_ones_own_closes_it_and_old_news_do_not_open_it_again(mesh: Mesh) -> None:
    mesh.a.fail()
    mesh.go_on(FIRST_PAUSE_SECONDS + 1)

    mesh.b.attempt(None)
    mesh.go_on(5.0)

    assert [router.state for router in (mesh.a, mesh.b, mesh.c)] == [State.OPEN, State.CLOSED, State.OPEN]


def test_a_trial_that_fails_makes_the_pause_longer_everywhere(mesh: Mesh) -> None:
    mesh.a.fail()
    mesh.go_on(FIRST_PAUSE_SECONDS + 1)

    mesh.b.attempt(LOST)
    mesh.go_on(FIRST_PAUSE_SECONDS + 1)

    # What a knows by itself stays its own.
    assert [router.breakers.avoided("desk") for router in (mesh.a, mesh.b, mesh.c)] == [{}, AVOIDED, AVOIDED]


def test_what_was_heard_is_not_told_again(mesh: Mesh) -> None:
    mesh.a.fail()
    mesh.go_on(1.0)

    assert (len(mesh.a.news.told()), mesh.b.news.told(), mesh.c.news.told()) == (1, [], [])


def test_what_a_router_that_is_gone_has_opened_is_tried_by_the_others_and_is_no_news_to_a_new_one(mesh: Mesh) -> None:
    mesh.a.fail()
    mesh.go_on(1.0)
    mesh.go_on(3.0, mesh.b, mesh.c)
    late = Router("d", mesh.clock, mesh.holds)
    mesh.go_on(FIRST_PAUSE_SECONDS, mesh.b, mesh.c, late)

    mesh.b.attempt(None)

    assert (mesh.b.state, late.state) == (State.CLOSED, State.CLOSED)


def test_the_news_of_a_closed_one_do_not_close_what_was_seen_here(mesh: Mesh) -> None:
    mesh.a.fail()
    mesh.b.fail()
    mesh.go_on(FIRST_PAUSE_SECONDS + 1)

    mesh.a.attempt(None)
    mesh.go_on(1.0)

    assert (mesh.a.state, mesh.b.state) == (State.CLOSED, State.OPEN)
