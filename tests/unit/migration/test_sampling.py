"""Sampling is a matter of identifiers."""

from __future__ import annotations

import pytest

from pal_migration.sampling import WHOLE_PPM, candidate_first, sampled, with_baseline

RUNS = [f"run-{number}" for number in range(4000)]


@pytest.mark.parametrize("share", [0.02, 0.2, 0.8])
def test_about_the_share_that_was_asked_for_is_sampled(share: float) -> None:
    found = sum(sampled("s1", run_id, int(share * WHOLE_PPM)) for run_id in RUNS)

    assert abs(found / len(RUNS) - share) < 0.03


@pytest.mark.parametrize(("share_ppm", "expected"), [(0, 0), (WHOLE_PPM, len(RUNS))])
def test_none_is_none_and_all_is_all(share_ppm: int, expected: int) -> None:
    assert sum(sampled("s1", run_id, share_ppm) for run_id in RUNS) == expected


def test_a_larger_share_holds_the_smaller_one() -> None:
    small = {run_id for run_id in RUNS if sampled("s1", run_id, 100_000)}
    large = {run_id for run_id in RUNS if sampled("s1", run_id, 300_000)}

    assert small < large


def test_who_goes_first_and_who_is_sampled_have_nothing_to_do_with_each_other() -> None:
    chosen = [run_id for run_id in RUNS if sampled("s1", run_id, 200_000)]
    first = sum(candidate_first("s1", run_id) for run_id in chosen)
    again = sum(with_baseline("s1", run_id, 500_000) for run_id in chosen)

    assert abs(first / len(chosen) - 0.5) < 0.06 and abs(again / len(chosen) - 0.5) < 0.06
