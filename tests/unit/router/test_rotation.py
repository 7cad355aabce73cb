"""Turns are taken on every level, and nothing waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pal_router.rotation import Rotation

PATHS = st.tuples(st.sampled_from("tu"), st.sampled_from("pq"), st.sampled_from("abc"))


def taken(rotation: Rotation[int]) -> list[int]:
    return [rotation.next() for _ in range(len(rotation))]


def test_the_few_do_not_wait_for_the_many() -> None:
    rotation: Rotation[int] = Rotation()
    for number in range(100):
        rotation.add(("t", "p", "many"), number)
    rotation.add(("t", "p", "few"), 100)

    assert [rotation.next() for _ in range(3)] == [0, 100, 1]


def test_the_agents_of_one_requester_share_its_turns() -> None:
    rotation: Rotation[int] = Rotation()
    for number in range(4):
        rotation.add(("t", "greedy", f"agent-{number}"), number)
    rotation.add(("t", "modest", "agent"), 4)
    rotation.add(("t", "modest", "agent"), 5)

    assert [rotation.next() for _ in range(4)] == [0, 4, 1, 5]


def test_what_was_taken_out_wrongly_comes_first_again() -> None:
    rotation: Rotation[int] = Rotation()
    rotation.add(("t", "a"), 1)
    rotation.add(("t", "a"), 2)
    rotation.add(("t", "b"), 3)
    rotation.next()
    rotation.next()

    rotation.add(("t", "a"), 1, first=True)

    assert taken(rotation) == [1, 2]


def test_a_weight_is_the_length_of_a_turn() -> None:
    rotation: Rotation[int] = Rotation(lambda tenant: {"heavy": 3}.get(tenant, 1))
    for number in range(6):
        rotation.add(("light", "a"), number)
        rotation.add(("heavy", "b"), 10 + number)

    assert taken(rotation) == [0, 10, 11, 12, 1, 13, 14, 15, 2, 3, 4, 5]


def test_a_turn_ends_with_its_branch() -> None:
    rotation: Rotation[int] = Rotation(lambda tenant: 3)
    rotation.add(("t", "a"), 1)
    rotation.add(("u", "a"), 2)
    rotation.add(("u", "a"), 3)
    rotation.next()
    rotation.add(("t", "a"), 4)

    assert taken(rotation) == [2, 3, 4]


def test_nothing_is_next_of_nothing() -> None:
    rotation: Rotation[int] = Rotation()

    with pytest.raises(KeyError):
        rotation.next()


@given(st.lists(PATHS, max_size=60), st.sets(st.integers(0, 59)))
def test_everything_that_stays_comes_out_once_in_the_order_of_its_path(
    paths: list[tuple[str, str, str]], gone: set[int]
) -> None:
    rotation: Rotation[int] = Rotation()
    for number, path in enumerate(paths):
        rotation.add(path, number)
    for number in gone & set(range(len(paths))):
        rotation.remove(paths[number], number)
    counts = {path: rotation.count(path) for path in paths}

    out = taken(rotation)

    assert sorted(out) == [number for number in range(len(paths)) if number not in gone]
    for path in set(paths):
        own = [number for number in out if paths[number] == path]
        assert own == sorted(own) and len(own) == counts[path]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_between_two_turns_of_one_everybody_else_who_waits_has_one(keys: list[str]) -> None:
    rotation: Rotation[int] = Rotation()
    for number, key in enumerate(keys):
        rotation.add((key,), number)

    out = [keys[number] for number in taken(rotation)]

    for at, key in enumerate(out[:-1]):
        again = out.index(key, at + 1) if key in out[at + 1 :] else len(out)
        assert set(out[again:]) <= {key, *out[at + 1 : again]}
