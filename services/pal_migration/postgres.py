"""The store in PostgreSQL. One migration service has it: two would shadow every sampled run twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import LiteralString, TypeVar

import psycopg

from pal_migration.store import Item, Kind
from pal_rpc.postgres import migrated
from pal_rpc.postgres_lock import Holding

T = TypeVar("T")
MIGRATIONS, VERSION_TABLE, NEWEST = Path(__file__).parent / "migrations", "pal_migration_schema", "r0001"

_LOCK: LiteralString = "SELECT pg_try_advisory_lock(hashtext('pal.migration.' || current_schema()))"
_ITEMS: LiteralString = """
SELECT key, encoded FROM migration_items WHERE kind = %s AND starts_with(key, %s) ORDER BY key
"""
_PUT: LiteralString = """
INSERT INTO migration_items VALUES (%s, %s, %b) ON CONFLICT (kind, key) DO UPDATE SET encoded = excluded.encoded
"""


class PostgresStore:
    """A MigrationStore in the database at a URL."""

    def __init__(self, url: str) -> None:
        """Keep things at *url*; nothing is opened before :meth:`open`."""
        self._url = url
        self._holding = Holding(url, self._locked, "shadows and verdicts cannot be kept")
        # Two transactions on one connection would become one.
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> None:
        """Migrate the table where that is needed.

        Raises:
            StartError: there is no such database, it cannot be used, another service has it, or a newer version wrote
                it.
        """
        await migrated(self._url, MIGRATIONS, VERSION_TABLE, NEWEST)
        await self._holding.held()

    async def put(self, items: Sequence[Item]) -> None:
        """Insert or replace in one transaction."""
        rows = [(item.kind.value, item.key, item.encoded) for item in items]

        async def put(connection: psycopg.AsyncConnection) -> None:
            async with connection.transaction():
                await connection.cursor().executemany(_PUT, rows)

        await self._done(put)

    async def items(self, kind: Kind, prefix: str = "") -> list[Item]:
        """Return the rows whose key begins so."""

        async def read(connection: psycopg.AsyncConnection) -> list[Item]:
            cursor = await connection.execute(_ITEMS, (kind.value, prefix), binary=True)
            return [Item(kind, key, encoded) for key, encoded in await cursor.fetchall()]

        return await self._done(read)

    async def close(self) -> None:
        """Close the connection, and with it give up the lock."""
        await self._holding.close()

    async def _done(self, work: Callable[[psycopg.AsyncConnection], Awaitable[T]]) -> T:
        async with self._one_at_a_time:
            return await self._holding.done(work)

    async def _locked(self, connection: psycopg.AsyncConnection) -> str:
        row = await (await connection.execute(_LOCK)).fetchone()
        return "" if row and row[0] else "another migration service uses it; stop it, or name another database"
