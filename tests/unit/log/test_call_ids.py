"""A call that is made again has a name of its own, and both are one call."""

from __future__ import annotations

import pytest

from pal_log.call_ids import first, fresh, newest


@pytest.mark.parametrize(
    ("call_id", "made_first"),
    [
        ("model-1.t1", "model-1.t1"),
        ("model-1.t1~2", "model-1.t1"),
        ("model-1.t1~12", "model-1.t1"),
        ("model-1~2", "model-1"),
    ],
)
def test_a_repeat_is_known_by_what_was_made_first(call_id: str, made_first: str) -> None:
    assert first(call_id) == made_first


def test_calls_of_an_answer_that_was_asked_for_again_stay_apart() -> None:
    calls = ["model-1~2.t1", "model-1~2.t2", "model-1~2.t2~3"]

    assert [first(call_id) for call_id in calls] == ["model-1~2.t1", "model-1~2.t2", "model-1~2.t2"]


def test_each_repeat_has_a_name_of_its_own_and_the_newest_is_found() -> None:
    calls: dict[str, int] = {}
    for number in range(3):
        calls[fresh("c1", calls)] = number

    assert list(calls) == ["c1", "c1~2", "c1~3"]
    assert newest("c1", calls) == 2
    assert {first(call_id) for call_id in calls} == {"c1"}
