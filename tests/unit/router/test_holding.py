"""Who is gone: decided by each router's own watch, whatever clocks say, and never by one that was not looking."""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.holds import Holds
from pal_router.holding import BEAT_SECONDS, BLIND_SECONDS, SILENCE_SECONDS, Beats, life_of

NAMES = ("a", "b", "c")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def watched(clock: Clock, beats: Beats, holds: Holds, seconds: float, *alive: str) -> None:
    """Let time go by while *alive* beat and *beats* looks."""
    for _ in range(round(seconds / BEAT_SECONDS)):
        clock.now += BEAT_SECONDS
        for name in alive:
            holds.beat(name, leaving=False)
        beats.look(holds.beat(beats.own, leaving=False))


def test_a_router_that_is_silent_for_long_is_gone_and_one_that_beats_is_not() -> None:
    clock = Clock()
    holds, beats = Holds(clock), Beats("own", clock)
    watched(clock, beats, holds, 5, "a", "b")

    watched(clock, beats, holds, SILENCE_SECONDS - BEAT_SECONDS, "a")
    early = beats.gone("b")
    watched(clock, beats, holds, BEAT_SECONDS, "a")

    assert (early, beats.gone("b"), beats.gone("a"), beats.gone("own")) == (False, True, False, False)


def test_who_was_never_seen_is_gone_after_a_whole_watch() -> None:
    clock = Clock()
    holds, beats = Holds(clock), Beats("own", clock)
    watched(clock, beats, holds, SILENCE_SECONDS)
    early = beats.gone("a")
    watched(clock, beats, holds, BEAT_SECONDS)

    assert (early, beats.gone("a"), beats.informed) == (False, True, True)


def test_a_recorder_that_was_away_makes_nobody_gone() -> None:
    clock = Clock()
    beats = Beats("own", clock)
    watched(clock, beats, Holds(clock), 5, "a")
    # It comes back without any memory, and this router is the first to say that it is there.
    clock.now += 60
    holds = Holds(clock)
    beats.look(holds.beat("own", leaving=False))
    first = beats.gone("a")
    watched(clock, beats, holds, SILENCE_SECONDS, "a")

    assert (first, beats.gone("a")) == (False, False)


def test_a_recorder_that_is_back_in_a_moment_makes_nobody_gone() -> None:
    clock = Clock()
    beats = Beats("own", clock)
    watched(clock, beats, Holds(clock), 5, "a")
    clock.now += BEAT_SECONDS
    beats.look(Holds(clock).beat("own", leaving=False))

    assert not beats.gone("a")


def test_who_has_left_is_gone_at_once() -> None:
    clock = Clock()
    holds, beats = Holds(clock), Beats("own", clock)
    watched(clock, beats, holds, 5, "a")
    holds.beat("a", leaving=True)
    beats.look(holds.beat("own", leaving=False))

    assert beats.gone("a")


def test_earlier_lives_at_the_same_address_are_gone_at_once() -> None:
    before, now, other = life_of("127.0.0.1:7400"), life_of("127.0.0.1:7400"), life_of("127.0.0.1:7500")
    beats = Beats(now)

    assert (beats.gone(before), beats.gone(now), beats.gone(other)) == (True, False, False)
    assert not Beats(life_of("127.0.0.1:0")).gone(life_of("127.0.0.1:0"))


class Watching(RuleBasedStateMachine):
    """Routers that beat, stop and come back, a recorder that forgets, and one router that looks when it can."""

    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        self.holds = Holds(self.clock)
        self.beats = Beats("own", self.clock)
        self.beat_at = dict.fromkeys(NAMES, self.clock.now)
        self.looked_at: list[float] = []
        # When each beat last before a look that told of it.
        self.unseen: dict[str, float] = {}
        self.seen_at = dict.fromkeys(NAMES, 0.0)

    @rule(name=st.sampled_from(NAMES))
    def beat(self, name: str) -> None:
        self.holds.beat(name, leaving=False)
        self.beat_at[name] = self.unseen[name] = self.clock.now

    @rule(seconds=st.floats(0.01, 4))
    def time_goes_by(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def look(self) -> None:
        self.beats.look(self.holds.beat("own", leaving=False))
        self.looked_at.append(self.clock.now)
        self.seen_at |= self.unseen
        self.unseen.clear()

    @rule()
    def the_recorder_forgets(self) -> None:
        self.holds = Holds(self.clock)
        self.unseen.clear()

    @precondition(lambda self: self.looked_at)
    @invariant()
    def nobody_who_was_there_a_moment_ago_is_gone(self) -> None:
        last = self.looked_at[-1]
        for name in NAMES:
            seen = [at for at in self.looked_at if at >= self.seen_at[name]]
            if self.seen_at[name] and last - min(seen) < SILENCE_SECONDS:
                assert not self.beats.gone(name)

    @precondition(lambda self: self.looked_at)
    @invariant()
    def who_was_silent_all_through_a_watch_is_gone(self) -> None:
        last = self.looked_at[-1]
        begun = next((at for at in reversed(self.looked_at) if at <= last - SILENCE_SECONDS), None)
        if begun is None:
            return
        watch = [at for at in self.looked_at if at >= begun]
        if all(after - before < BLIND_SECONDS for before, after in itertools.pairwise(watch)):
            for name in NAMES:
                assert self.beats.gone(name) or self.beat_at[name] > begun - SILENCE_SECONDS


Watching.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestWatching = Watching.TestCase


def test_a_holder_is_forgotten_long_after_it_was_missed() -> None:
    clock = Clock()
    holds = Holds(clock)
    holds.beat("a", leaving=False)
    clock.now += 601

    assert [holder.holder for holder in holds.beat("b", leaving=False)] == ["b"]
    assert isinstance(holds.beat("b", leaving=False)[0], pb.Holder)
