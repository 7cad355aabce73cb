"""Sums of rollups are what the rollups add up to, also where they are kept for a while."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from pal.service.v1 import slo_pb2 as slo
from pal.v1 import common_pb2 as common
from pal_recorder.memory import MemoryStore
from pal_recorder.slo_fold import SETTLED_SECONDS, SloFold
from pal_recorder.slo_query import SloQuery
from pal_recorder.slo_rollup import DAY, HOUR, MINUTE, RollupKey, stretches
from pal_recorder.slo_sums import KEPT_SECONDS, SloSums, Wanted
from tests.unit.recorder.test_slo import NOON, record, run
from tests.unit.router.test_breakers import Clock

LIVE, SHADOW = common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_SHADOW
DESK = Wanted(LIVE, "desk", "agno")


class Counted(MemoryStore):
    """A store that counts the rows that are read of it."""

    read = 0

    async def slo_rows(self, width: int, first: int, last: int) -> list[tuple[RollupKey, bytes]]:
        found = await super().slo_rows(width, first, last)
        self.read += len(found)
        return found


async def filled(store: MemoryStore, keys: Sequence[RollupKey], runs: int = 1) -> None:
    """Write a rollup of *runs* for each of *keys*."""
    message = slo.SloRollup(
        outcomes={1: runs}, latency=slo.DurationHistogram(buckets=[80, 81], counts=[runs, 2 * runs]), complete_runs=runs
    )
    position = await store.slo_position()
    await store.put_slo(position, position + 1, [(key, message.SerializeToString()) for key in keys], [])


def key(width: int, start: int, mode: int = LIVE, agent: str = "desk", runtime: str = "agno") -> RollupKey:
    return RollupKey(width, start // width * width, mode, agent, runtime)


@pytest.mark.parametrize("window", [5 * MINUTE, HOUR, 6 * HOUR, 3 * DAY, 30 * DAY])
async def test_a_sum_is_that_of_all_rows_in_its_window(window: int) -> None:
    chance, store = random.Random(window), MemoryStore()
    keys = {
        key(width, NOON - chance.randrange(40 * width), chance.choice([LIVE, SHADOW]), chance.choice("ab"), "agno")
        for width, _ in itertools.product((MINUTE, HOUR, DAY), range(60))
    }
    await filled(store, sorted(keys))
    sums = SloSums(store, SloFold(store, lambda: NOON), Clock())

    for now in (NOON, NOON, NOON + 90, NOON + HOUR):
        expected: defaultdict[tuple[int, str, str], Counter[int]] = defaultdict(Counter)
        for width, first, last in stretches(now - window, now):
            for one in keys:
                if one.width == width and first <= one.start <= last and one.mode == LIVE:
                    expected[one.mode, one.agent, one.runtime][1] += 1
        found = await sums.of(Wanted(LIVE), now - window, now)

        assert {who: one.outcomes for who, one in found.items()} == expected
        assert all(one.latency == {80: one.outcomes[1], 81: 2 * one.outcomes[1]} for one in found.values())


async def test_what_is_over_is_added_up_once() -> None:
    store = Counted()
    await filled(store, [key(DAY, NOON - number * DAY) for number in range(1, 29)])
    clock = Clock()
    sums = SloSums(store, SloFold(store, lambda: NOON), clock)
    first = await sums.of(DESK, NOON - 30 * DAY, NOON)
    read = store.read
    clock.now += HOUR

    second = await sums.of(DESK, NOON + 5 - 30 * DAY, NOON + 5)

    assert (read, store.read) == (28, 28)
    assert first == second


async def test_what_is_asked_for_most_is_added_up_before_anybody_asks() -> None:
    store = Counted()
    await filled(store, [key(DAY, NOON - number * DAY) for number in range(1, 29)])
    query = SloQuery(store, SloFold(store, lambda: NOON), lambda: NOON)
    await query.prepare()
    prepared, store.read = store.read, 0

    (report,) = (await query.answer(slo.GetSloRequest())).reports

    assert prepared >= 28 and store.read == 0
    assert report.counted == 28


class Shared(MemoryStore):
    """A store that other recorders write to as well."""

    exclusive = False


async def test_what_others_count_late_is_seen_a_minute_later_and_ones_own_at_once() -> None:
    store, clock = Shared(), Clock()
    fold = SloFold(store, lambda: NOON)
    sums = SloSums(store, fold, clock)
    await filled(store, [key(DAY, NOON - 2 * DAY)])
    await fold.catch_up()
    counts = [await counted(sums)]

    await filled(store, [key(DAY, NOON - 2 * DAY)], runs=3)
    counts.append(await counted(sums))
    clock.now += KEPT_SECONDS
    counts.append(await counted(sums))
    await record(store, run(1, ended_s=NOON - 2 * DAY + SETTLED_SECONDS))
    fold._forget(await store.slo_position())
    await fold.catch_up()
    counts.append(await counted(sums))

    assert counts == [1, 1, 3, 4]


async def counted(sums: SloSums) -> int:
    return sum((await sums.of(DESK, NOON - 30 * DAY, NOON))[LIVE, "desk", "agno"].outcomes.values())
