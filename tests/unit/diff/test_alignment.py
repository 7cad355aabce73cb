"""Pairing equal calls first never costs more than the best assignment of all."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pal.v1 import run_event_pb2 as events
from pal_diff.alignment import Argued, Meanings, aligned
from pal_diff.order import _longest
from pal_diff.record import Call

_ARGUMENTS = st.fixed_dictionaries({"a": st.integers(0, 1), "b": st.integers(0, 1), "c": st.integers(0, 1)})


def _calls(values: list[dict[str, int]]) -> list[Argued]:
    meanings = Meanings({})
    return [
        Argued(Call(events.ToolCallRequested(), seq, seq, "find"), json.dumps(value), meanings)
        for seq, value in enumerate(values, start=1)
    ]


def _distance(a: dict[str, Any], b: dict[str, Any]) -> float:
    one, other = set(a.items()), set(b.items())
    return 1 - len(one & other) / len(one | other)


@settings(max_examples=60)
@given(st.lists(_ARGUMENTS, min_size=1, max_size=5), st.lists(_ARGUMENTS, min_size=1, max_size=5))
def test_the_assignment_is_the_cheapest(a: list[dict[str, int]], b: list[dict[str, int]]) -> None:
    pairs = aligned(_calls(a), _calls(b))

    found = [(pair.a.value, pair.b.value) for pair in pairs if pair.a and pair.b]
    few, many = sorted((a, b), key=len)
    best = min(
        sum(_distance(one, other) for one, other in zip(few, chosen, strict=True))
        for chosen in itertools.permutations(many, len(few))
    )
    assert len(found) == len(few)
    # The places of calls weigh a hundredth each.
    assert sum(_distance(*pair) for pair in found) <= best + 0.05


@settings(max_examples=100)
@given(st.lists(st.integers(0, 6), max_size=8))
def test_what_stays_in_order_is_the_longest_that_can(turns: list[int]) -> None:
    stays = _longest(turns)

    kept = [turns[place] for place in sorted(stays)]
    best = max(
        len(chosen)
        for size in range(len(turns) + 1)
        for chosen in itertools.combinations(turns, size)
        if list(chosen) == sorted(chosen)
    )
    assert kept == sorted(kept) and len(kept) == best
