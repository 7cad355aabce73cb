"""Who acknowledges a route waits for the runs that it concerns, and for no others."""

from __future__ import annotations

import asyncio

import pytest

from pal_router.crossings import Crossings


@pytest.mark.parametrize(
    ("changed", "waits"),
    [({"desk"}, True), ({""}, True), ({"clerk", "desk"}, True), ({"clerk"}, False), (set(), False)],
)
async def test_a_change_waits_for_the_crossings_of_its_agents(changed: set[str], waits: bool) -> None:
    crossings = Crossings()
    with crossings.crossing("desk"):
        settling = asyncio.create_task(crossings.settled(changed))
        await asyncio.sleep(0)
        waited = not settling.done()
        # One that begins later goes by the change.
        later = crossings.crossing("desk")
        later.__enter__()

    await asyncio.wait_for(settling, 30)

    assert waited is waits


async def test_a_crossing_that_fails_is_over() -> None:
    crossings = Crossings()
    with pytest.raises(ZeroDivisionError), crossings.crossing("desk"):
        raise ZeroDivisionError

    await asyncio.wait_for(crossings.settled({"desk"}), 30)
