"""The store in PostgreSQL. One migration service has it: two would shadow every sampled run twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import LiteralString, TypeVar

import psycopg

from pal.v1 import error_reason_pb2 as reasons
from pal_migration.store import Item, Kind
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.postgres import connected, is_lost, migrated, said, shown, start_error

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
        self._connection: psycopg.AsyncConnection | None = None
        # Two transactions on one connection would become one.
        self._one_at_a_time = asyncio.Lock()

    async def open(self) -> None:
        """Migrate the table where that is needed.

        Raises:
            StartError: there is no such database, it cannot be used, another service has it, or a newer version wrote
                it.
        """
        await migrated(self._url, MIGRATIONS, VERSION_TABLE, NEWEST)
        await self._locked()

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
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _done(self, work: Callable[[psycopg.AsyncConnection], Awaitable[T]]) -> T:
        """Return what *work* gives; once more on a new connection when the old one turns out to be broken."""
        async with self._one_at_a_time:
            return await self._tried(work)

    async def _tried(self, work: Callable[[psycopg.AsyncConnection], Awaitable[T]]) -> T:
        again = self._connection is not None
        while True:
            try:
                return await work(await self._locked())
            except StartError as error:
                raise self._unavailable(str(error)) from None
            except psycopg.Error as error:
                await self.close()
                if not (again and is_lost(error)):
                    raise self._unavailable(said(error)) from None
                again = False

    async def _locked(self) -> psycopg.AsyncConnection:
        if self._connection is None:
            connection = await connected(self._url)
            try:
                row = await (await connection.execute(_LOCK)).fetchone()
            except psycopg.Error as error:
                await connection.close()
                raise start_error(self._url, error) from None
            if row is None or not row[0]:
                await connection.close()
                raise StartError(
                    f"PAL_STORE_URL={shown(self._url)}: another migration service uses it; stop it, or name another "
                    "database"
                )
            self._connection = connection
        return self._connection

    def _unavailable(self, problem: str) -> MeshError:
        return MeshError(
            reasons.ERROR_REASON_STORE_UNAVAILABLE,
            f"shadows and verdicts cannot be kept ({problem}); see that the database runs, then try again",
            store=shown(self._url),
        )
