"""Which side of a split a run falls on."""

from __future__ import annotations

import pytest

from pal.service.v1 import registry_service_pb2 as registry
from pal_router.split import Affinity, takes_candidate

CONVERSATIONS = [Affinity(conversation=f"c{number}", run=f"r{number}") for number in range(4000)]


def route(share: int, **fields: object) -> registry.Route:
    return registry.Route(stable="a", candidate="b", candidate_basis_points=share, salt="s", **fields)  # type: ignore[arg-type]


def taken(split: registry.Route) -> set[str]:
    return {affinity.conversation for affinity in CONVERSATIONS if takes_candidate(split, affinity)}


@pytest.mark.parametrize(
    ("share", "least", "most"), [(0, 0, 0), (1000, 320, 480), (5000, 1850, 2150), (10_000, 4000, 4000)]
)
def test_the_share_of_the_candidate_is_what_the_route_says(share: int, least: int, most: int) -> None:
    assert least <= len(taken(route(share))) <= most


def test_a_conversation_stays_on_its_side_whatever_the_run() -> None:
    sides = {takes_candidate(route(5000), Affinity(conversation="c1", run=f"r{number}")) for number in range(50)}

    assert len(sides) == 1


def test_a_share_that_grows_takes_nobody_off_the_candidate() -> None:
    assert taken(route(100)) <= taken(route(1000)) <= taken(route(5000))


def test_another_salt_hits_other_conversations() -> None:
    other = route(1000)
    other.salt = "t"

    assert len(taken(route(1000)) & taken(other)) < 100


def test_runs_can_be_split_one_by_one() -> None:
    by_run = route(5000, stickiness="run")
    sides = [takes_candidate(by_run, Affinity(conversation="c1", run=f"r{number}")) for number in range(400)]

    assert 120 < sum(sides) < 280


def test_a_run_without_a_conversation_stands_alone() -> None:
    sides = [takes_candidate(route(5000), Affinity(run=f"r{number}")) for number in range(400)]

    assert 120 < sum(sides) < 280
