"""A clock of a machine that jumps."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pal_log import clock
from pal_log.clock import SETTLED_SECONDS, Clock

SECOND, HOUR = 1_000_000_000, 3600 * 1_000_000_000
BEGAN = 1_800_000_000 * SECOND


class Machine:
    """A machine whose clock can be set."""

    def __init__(self) -> None:
        self.running_ns, self.set_by_ns = 77 * SECOND, 0
        self.clock = Clock(lambda: BEGAN + self.running_ns + self.set_by_ns, lambda: self.running_ns)

    def after(self, seconds: float, set_by_ns: int = 0) -> int:
        self.running_ns += round(seconds * SECOND)
        self.set_by_ns += set_by_ns
        return self.clock.now_ns() - BEGAN


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_an_hour_that_is_gone_or_comes_twice_is_not_believed(jump: int) -> None:
    machine = Machine()
    before = machine.after(1)

    assert machine.after(1, jump) == before + SECOND
    assert machine.after(60) == before + 61 * SECOND
    # And back again.
    assert machine.after(1, -jump) == before + 62 * SECOND


def test_a_clock_that_was_set_right_is_believed_in_the_end() -> None:
    machine = Machine()
    machine.after(1, HOUR)
    machine.after(SETTLED_SECONDS)

    assert machine.after(1) == machine.running_ns + HOUR


def test_what_is_corrected_little_by_little_is_followed() -> None:
    machine = Machine()
    for _ in range(100):
        machine.after(10, SECOND // 10)

    assert machine.after(0) == machine.running_ns + 10 * SECOND


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(-HOUR, HOUR)), max_size=14))
def test_time_never_goes_back_while_a_run_takes_its_time(steps: list[tuple[float, int]]) -> None:
    machine = Machine()
    seen = [machine.after(seconds, jump) for seconds, jump in steps]

    assert all(after - before >= -SECOND for before, after in itertools.pairwise(seen))


async def test_a_task_that_goes_by_another_clock_is_alone_with_that() -> None:
    async def asked(seconds: float) -> int:
        clock.skew(seconds)
        # What it starts goes by its clock.
        return await asyncio.create_task(_asked())

    async def _asked() -> int:
        return clock.now_ns()

    began = clock.now_ns()
    ahead, behind = await asyncio.gather(asked(600), asked(-600))

    assert 600e9 <= ahead - began < 660e9
    assert -600e9 <= behind - began < -540e9
    assert 0 <= clock.now_ns() - began < 60e9
