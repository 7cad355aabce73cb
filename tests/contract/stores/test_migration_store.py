"""What every MigrationStore has to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pal_migration.postgres import PostgresStore
from pal_migration.sqlite import SqliteStore
from pal_migration.store import Item, Kind, MigrationStore
from pal_rpc.config import StartError

Opening = Callable[[], AsyncIterator[MigrationStore]]


@pytest.fixture(params=["sqlite", "postgres"])
async def opening(request: pytest.FixtureRequest, tmp_path: Path, database: Callable[[], Awaitable[str]]) -> Opening:
    """Return what opens the same store, again and again."""
    url = await database() if request.param == "postgres" else ""

    @asynccontextmanager
    async def opened() -> AsyncIterator[MigrationStore]:
        if url:
            store: MigrationStore = PostgresStore(url)
            await store.open()  # type: ignore[attr-defined]
        else:
            store = SqliteStore(tmp_path)
        try:
            yield store
        finally:
            await store.close()

    return opened  # type: ignore[return-value]


async def test_items_survive_a_new_start_in_the_order_of_their_keys(opening) -> None:
    items = [Item(Kind.SAMPLE, key, key.encode()) for key in ("s1/b", "s1/a", "s10/a", "s2/a")]
    async with opening() as store:
        await store.put([*items, Item(Kind.SHADOW, "s1/x", b"other")])

    async with opening() as store:
        found = await store.items(Kind.SAMPLE, "s1/")
        assert [(item.key, item.encoded) for item in found] == [("s1/a", b"s1/a"), ("s1/b", b"s1/b")]
        assert [item.key for item in await store.items(Kind.SAMPLE)] == ["s1/a", "s1/b", "s10/a", "s2/a"]


async def test_an_item_is_replaced(opening) -> None:
    async with opening() as store:
        await store.put([Item(Kind.CURSOR, "record", b"1")])
        await store.put([Item(Kind.CURSOR, "record", b"2")])

        assert [item.encoded for item in await store.items(Kind.CURSOR)] == [b"2"]


async def test_one_process_has_a_store(opening) -> None:
    async with opening():
        with pytest.raises(StartError, match="another migration service uses it"):
            async with opening():
                pass
