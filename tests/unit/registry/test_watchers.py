"""Who has left for good is waited for no more, whatever of it is still on its way."""

from __future__ import annotations

from pathlib import Path

from pal_registry.sqlite import SqliteStore
from pal_registry.watchers import Watchers
from pal_rpc.snapshot import SEAM


async def known(watchers: Watchers, position: int = 9) -> list[tuple[str, bool]]:
    return [(one.watcher, one.acknowledged) for one in await watchers.reached(position, 0)]


async def test_an_acknowledgement_that_a_goodbye_has_overtaken_brings_nobody_back(watchers: Watchers) -> None:
    await watchers.joined("r1")
    await watchers.acknowledge("r1", 0)
    await watchers.left("r1")

    await watchers.acknowledge("r1", 7)

    assert await known(watchers) == []


async def test_a_watch_that_a_goodbye_has_overtaken_brings_nobody_back(watchers: Watchers) -> None:
    await watchers.acknowledge("r1", 0)

    await watchers.joined("r1")
    await watchers.left("r1")

    assert await known(watchers) == []


async def test_a_router_outlives_the_registry_and_a_seam_does_not(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    watchers = Watchers(store, 0)
    for name in ("r1", f"{SEAM}s1"):
        await watchers.joined(name)

    again = Watchers(store, 0)

    assert [one.watcher for one in await again.reached(9, 0, seams=True)] == ["r1"]
    await store.close()


async def test_who_was_lost_counts_until_it_says_goodbye(watchers: Watchers) -> None:
    await watchers.joined("r1")
    await watchers.left("r1")
    lost = await known(watchers)

    await watchers.acknowledge("r1", 0)

    assert (lost, await known(watchers)) == ([("r1", False)], [])
