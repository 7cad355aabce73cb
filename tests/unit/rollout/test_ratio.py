"""The share of new runs is compared with the weight, safely however often one looks."""

from __future__ import annotations

import random

import pytest

from pal_rollout.ratio import mismatched


@pytest.mark.parametrize(
    ("taken", "others", "share", "found"),
    [(0, 0, 0.1, False), (10, 90, 0.1, False), (50, 50, 0.1, True), (0, 200, 0.1, True), (7, 0, 1.0, False)],
)
def test_a_share_that_is_not_the_weight_is_a_mismatch(taken: int, others: int, share: float, *, found: bool) -> None:
    assert mismatched(taken, others, share) == found


def test_looking_after_every_run_raises_no_more_alarms_than_the_level_allows() -> None:
    drawn = random.Random(20)
    alarms = 0
    for _ in range(400):
        taken = others = 0
        for _ in range(300):
            if drawn.random() < 0.2:
                taken += 1
            else:
                others += 1
            if mismatched(taken, others, 0.2):
                alarms += 1
                break

    # 0.0005 allows 0.2 of 400; a chi-square test of the same level at every look would raise several.
    assert alarms <= 2
