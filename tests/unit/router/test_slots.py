"""A runtime's ceiling: never more runs than it declares, none idle while one waits, nobody crowded out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_router.slot import Overloaded, Slot
from pal_router.slots import ABSENCE_SECONDS, RuntimeSlots, Slots
from pal_rpc.errors import MeshError

SERVING, LOST = registry.RUNTIME_STATE_SERVING, registry.RUNTIME_STATE_LOST
DESK, HELP = ("default", "ann", "desk"), ("default", "ann", "help")


class Timer:
    """A timer that waits to be told."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Keeps the timers that were set."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, Timer]] = []

    def later(self, seconds: float, callback: Callable[[], None]) -> Any:
        timer = Timer(callback)
        self.timers.append((seconds, timer))
        return timer

    def pass_by(self, seconds: float) -> None:
        """Let go off what was set for at most *seconds*."""
        due = [timer for at, timer in self.timers if at <= seconds and not timer.cancelled]
        self.timers = [(at, timer) for at, timer in self.timers if at > seconds and not timer.cancelled]
        for timer in due:
            timer.callback()


def announced(
    limit: int | None = 2, state: registry.RuntimeState = SERVING, instance_id: str = "life-1", reason: str = ""
) -> registry.RegisteredRuntime:
    declared = capabilities.RuntimeCapability(limits=capabilities.RuntimeLimits(concurrent_runs=limit))
    return registry.RegisteredRuntime(
        name="agno", capability=declared, state=state, instance_id=instance_id, reason=reason
    )


def slots_of(limit: int | None = 2, queued_runs: int = 100) -> tuple[RuntimeSlots, Clock]:
    clock = Clock()
    slots = RuntimeSlots("agno", queued_runs, clock.later)
    slots.update(announced(limit))
    return slots, clock


def test_what_fits_is_held_at_once_and_the_rest_waits() -> None:
    slots, _ = slots_of(2)

    taken = [slots.take(DESK) for _ in range(3)]

    assert [slot.held for slot in taken] == [True, True, False]


def test_a_place_that_is_freed_goes_to_the_first_who_waits() -> None:
    slots, _ = slots_of(1)
    first, second, third = (slots.take(DESK) for _ in range(3))

    first.leave()

    assert (second.held, third.held) == (True, False)


def test_leaving_twice_frees_one_place() -> None:
    slots, _ = slots_of(1)
    first, second, third = (slots.take(DESK) for _ in range(3))

    first.leave()
    first.leave()

    assert (second.held, third.held) == (True, False)


def test_who_leaves_the_queue_gets_no_place() -> None:
    slots, _ = slots_of(1)
    first, second, third = (slots.take(DESK) for _ in range(3))

    second.leave()
    first.leave()

    assert (second.held, third.held, slots.active, slots.waiting) == (False, True, 1, 0)


def test_without_a_declared_limit_nobody_waits() -> None:
    slots, _ = slots_of(None)

    assert all(slots.take(DESK).held for _ in range(1000))


def test_a_limit_of_zero_lets_nobody_go_until_it_is_raised() -> None:
    slots, _ = slots_of(0)
    slot = slots.take(DESK)
    before = slot.held

    slots.update(announced(1))

    assert (before, slot.held) == (False, True)


def test_a_raised_limit_lets_more_go_and_a_lowered_one_takes_nothing_away() -> None:
    slots, _ = slots_of(1)
    taken = [slots.take(DESK) for _ in range(5)]

    slots.update(announced(3))
    raised = [slot.held for slot in taken]
    slots.update(announced(1))
    taken[0].leave()
    taken[1].leave()

    assert raised == [True, True, True, False, False]
    assert [slot.held for slot in taken] == [False, False, True, False, False]


def test_a_full_queue_is_refused_with_the_numbers() -> None:
    slots, _ = slots_of(2, queued_runs=4)
    for _ in range(2):
        slots.take(HELP)
    for path in (DESK, DESK, HELP):
        slots.take(path)

    with pytest.raises(Overloaded) as refused:
        slots.take(DESK)

    assert refused.value.metadata == {
        "runtime": "agno",
        "limit": "2",
        "queue_length": "3",
        "retry_after_seconds": "2",
    }
    assert "runtime agno carries out 2 runs at once and 3 wait for it, 2 of them yours" in refused.value.message


def test_one_agent_alone_does_not_fill_the_queue() -> None:
    slots, _ = slots_of(1, queued_runs=100)
    with pytest.raises(Overloaded):
        for _ in range(1000):
            slots.take(DESK)
    flooded = slots.waiting

    slots.take(HELP)

    assert (flooded, slots.waiting) == (50, 51)


def test_a_queue_of_none_refuses_at_once() -> None:
    slots, _ = slots_of(1, queued_runs=0)
    slots.take(DESK)

    with pytest.raises(Overloaded):
        slots.take(HELP)


def test_a_run_that_was_accepted_before_waits_whatever_the_length() -> None:
    slots, _ = slots_of(1, queued_runs=0)
    first, again = slots.take(DESK), slots.take(DESK, accepted=True)

    first.leave()

    assert again.held


def test_a_lost_runtime_grants_nothing_until_it_is_back() -> None:
    slots, _ = slots_of(2)
    first, _, third = (slots.take(DESK) for _ in range(3))

    slots.update(announced(2, LOST))
    first.leave()
    while_lost = third.held
    slots.update(announced(2, SERVING))

    assert (while_lost, third.held) == (False, True)


def test_a_new_life_of_an_adapter_has_all_its_places() -> None:
    slots, _ = slots_of(2)
    taken = [slots.take(DESK) for _ in range(4)]

    slots.update(announced(2, instance_id="life-2"))
    both_lives = [slot.held for slot in taken]
    taken[0].leave()
    fifth = slots.take(DESK)

    assert both_lives == [True, True, True, True]
    assert not fifth.held


async def test_who_waits_is_told_when_a_runtime_does_not_come_back() -> None:
    slots, clock = slots_of(1)
    slots.take(DESK)
    slot = slots.take(DESK)

    slots.update(announced(1, LOST, reason="crashed 5 times"))
    clock.pass_by(ABSENCE_SECONDS)

    with pytest.raises(MeshError, match="crashed 5 times") as gone:
        await slot.wait()
    assert (gone.value.reason_name, slots.waiting) == ("RUNTIME_UNAVAILABLE", 0)


def test_who_comes_while_a_runtime_is_away_is_told_as_well() -> None:
    slots, clock = slots_of(1)
    slots.update(None)
    clock.pass_by(ABSENCE_SECONDS)
    slot = slots.take(DESK, accepted=True)

    clock.pass_by(ABSENCE_SECONDS)

    assert (slot.held, slots.waiting) == (False, 0)


def test_a_runtime_that_comes_back_in_time_keeps_its_queue() -> None:
    slots, clock = slots_of(1)
    slots.take(DESK).leave()
    slots.update(announced(1, LOST))
    slot = slots.take(DESK)

    slots.update(announced(1, instance_id="life-2"))
    clock.pass_by(ABSENCE_SECONDS)

    assert slot.held


def test_what_the_adapter_refuses_comes_first_after_a_pause_that_grows() -> None:
    slots, clock = slots_of(1)
    first, second = slots.take(DESK), slots.take(HELP)
    pauses = []

    for _ in range(8):
        first.give_back()
        during = (first.held, second.held)
        pauses.append(clock.timers[-1][0])
        clock.pass_by(2.0)

    assert during == (False, False)
    assert (first.held, second.held) == (True, False)
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_a_place_that_is_freed_ends_the_pause() -> None:
    slots, _ = slots_of(2)
    first, second = slots.take(DESK), slots.take(DESK)
    second.give_back()

    first.leave()

    assert second.held


async def test_a_wait_ends_with_the_place() -> None:
    slots, _ = slots_of(1)
    first, second = slots.take(DESK), slots.take(DESK)
    waiting = asyncio.create_task(second.wait())

    with first:
        await asyncio.sleep(0)
        early = waiting.done()
    await waiting

    assert not early


def test_runtimes_do_not_wait_for_each_other() -> None:
    slots = Slots(0, Clock().later)
    slots.take(announced(1), DESK)
    other = announced(1)
    other.name = "pydantic-ai"

    assert slots.take(other, DESK).held
    with pytest.raises(Overloaded):
        slots.take(announced(1), DESK)


def test_the_table_keeps_to_the_registry() -> None:
    slots = Slots(10, Clock().later)
    slots.take(announced(1), DESK)
    second, third = slots.take(announced(1), DESK), slots.take(announced(1), DESK)

    slots.update({"agno": announced(2)})

    assert (second.held, third.held) == (True, False)


class Machine(RuleBasedStateMachine):
    """Whatever comes, goes and changes, the sums hold."""

    slots_taken: Bundle[Slot] = Bundle("slots_taken")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.slots = RuntimeSlots("agno", 1000, self.clock.later)
        self.limit, self.state, self.life = 2, SERVING, 1
        self.taken: dict[Slot, int] = {}
        self.paused = False
        self._announce()

    def _announce(self) -> None:
        self.highest = self.slots.active
        self.slots.update(announced(self.limit, self.state, f"life-{self.life}"))

    @rule(target=slots_taken, key=st.sampled_from("abc"))
    def take(self, key: str) -> Slot:
        slot = self.slots.take(("t", "r", key))
        self.taken[slot] = len(self.taken)
        return slot

    @rule(slot=consumes(slots_taken))
    def leave(self, slot: Slot) -> None:
        if slot.held:
            self.paused = False
        slot.leave()
        del self.taken[slot]

    @rule(slot=slots_taken)
    def give_back(self, slot: Slot) -> None:
        if slot.held:
            slot.give_back()
            self.paused = True

    @rule()
    def wait_out_the_pause(self) -> None:
        self.clock.pass_by(2.0)
        self.paused = False

    @rule(limit=st.integers(0, 4))
    def declare(self, limit: int) -> None:
        self.limit = limit
        self._announce()

    @rule(state=st.sampled_from([SERVING, LOST]))
    def change_state(self, state: registry.RuntimeState) -> None:
        self.state = state
        self._announce()

    @rule()
    def restart(self) -> None:
        self.life += 1
        self.paused = False
        self._announce()
        self.highest = 0

    @precondition(lambda self: self.taken)
    @invariant()
    def the_sums_hold(self) -> None:
        present = [slot for slot in self.taken if slot.instance_id == f"life-{self.life}"]
        assert self.slots.active == len(present)
        assert self.slots.waiting == sum(not slot.held for slot in self.taken)

    @invariant()
    def never_more_than_the_limit(self) -> None:
        assert self.slots.active <= max(self.limit, self.highest)

    @invariant()
    def no_place_is_idle_while_somebody_waits(self) -> None:
        if self.state == SERVING and not self.paused and self.slots.waiting:
            assert self.slots.active >= self.limit


TestMachine = Machine.TestCase


@pytest.mark.parametrize(("limit", "spare"), [(None, 8), (8, 4), (3, 1), (1, 0)])
def test_shadows_leave_half_of_the_places_to_the_others(limit: int | None, spare: int) -> None:
    slots = RuntimeSlots("agno", 10, Clock().later)
    slots.update(announced(limit))
    taken = 0
    for _ in range(8):
        try:
            slots.check_spare(DESK)
        except Overloaded:
            break
        slots.take(DESK)
        taken += 1

    assert taken == spare
