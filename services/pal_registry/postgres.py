"""The store in PostgreSQL. Of several registries one leads: it alone writes, and its memory has the runtimes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from pal.service.v1 import registry_service_pb2 as pb
from pal_registry.names import kind_of
from pal_rpc.postgres import kept, migrated, start_error
from pal_rpc.postgres_lock import Holding

MIGRATIONS, VERSION_TABLE, NEWEST = Path(__file__).parent / "migrations", "pal_registry_schema", "r0003"

_LOCK: LiteralString = "SELECT pg_try_advisory_lock(hashtext('pal.registry.' || current_schema()))"
_LEADER: LiteralString = "SELECT address, term FROM leader"
_LEAD: LiteralString = "UPDATE leader SET address = %s, term = term + 1 RETURNING term"
_DOCUMENTS: LiteralString = "SELECT encoded FROM documents ORDER BY kind, namespace, name, version"
_ROUTES: LiteralString = """
SELECT DISTINCT ON (agent, version_range) encoded FROM routes ORDER BY agent, version_range, revision DESC
"""
_REVISIONS: LiteralString = """
SELECT encoded FROM routes WHERE agent = %s AND version_range = %s AND revision < %s ORDER BY revision DESC LIMIT %s
"""
_PUT_DOCUMENT: LiteralString = """
INSERT INTO documents VALUES (%s, %s, %s, %s, %b)
ON CONFLICT (kind, namespace, name, version) DO UPDATE SET encoded = excluded.encoded
"""
# The same revision again is one whose commit was not answered.
_PUT_ROUTE: LiteralString = """
INSERT INTO routes VALUES (%s, %s, %s, %b)
ON CONFLICT (agent, version_range, revision) DO UPDATE SET encoded = excluded.encoded
"""


class PostgresStore:
    """A RegistryStore in the database at a URL."""

    def __init__(self, url: str) -> None:
        """Keep things at *url*; nothing is opened before :meth:`open`."""
        self._url = url
        self._holding = Holding(url, self._led, "the documents cannot be reached")
        # How often the lead had changed hands when this registry took it; 0 while it never had it.
        self.term = 0
        self._documents: list[pb.Document] = []
        self._routes: list[pb.Route] = []
        self._watchers: list[str] = []
        # A connection has one transaction at a time.
        self._writing = asyncio.Lock()

    async def open(self) -> None:
        """Migrate the tables where that is needed.

        Raises:
            StartError: there is no such database, it cannot be used, or a newer version wrote it.
        """
        await migrated(self._url, MIGRATIONS, VERSION_TABLE, NEWEST)

    async def lead(self, address: str) -> str:
        """Return where the registry answers that leads: *address*, this one, when nobody else does.

        Whoever takes the lead has read what there is. Empty while that is not known.

        Raises:
            StartError: the database cannot be used.
        """
        try:
            if self._holding.connection is not None:
                await self._holding.connection.execute("SELECT 1")
                return address
        except psycopg.Error:
            await self.close()
        async with kept(self._url) as connection:
            try:
                leads = await self._taken(connection)
                at, term = await (await connection.execute(_LEADER)).fetchone() or ("", 0)
                if leads and (term != self.term or at != address):
                    await self._read(connection)
                    (self.term,) = await (await connection.execute(_LEAD, (address,))).fetchone() or (0,)
            except psycopg.Error as error:
                raise start_error(self._url, error) from None
        if not leads:
            await connection.close()
            # An earlier life of this registry, whose end the database has not noticed yet.
            return "" if at == address else str(at)
        self._holding.connection = connection
        return address

    async def _read(self, connection: psycopg.AsyncConnection) -> None:
        documents = await (await connection.execute(_DOCUMENTS, binary=True)).fetchall()
        routes = await (await connection.execute(_ROUTES, binary=True)).fetchall()
        watchers = await (await connection.execute("SELECT name FROM watchers ORDER BY name")).fetchall()
        self._watchers = [str(name) for (name,) in watchers]
        self._documents = [pb.Document.FromString(encoded) for (encoded,) in documents]
        self._routes = [pb.Route.FromString(encoded) for (encoded,) in routes]

    def documents(self) -> list[pb.Document]:
        """Return every document there was when the lead was taken."""
        return self._documents

    def routes(self) -> list[pb.Route]:
        """Return the newest revision of every route there was when the lead was taken."""
        return self._routes

    async def revisions(self, agent: str, version_range: str, before: int, most: int) -> list[pb.Route]:
        """Return earlier revisions, newest first."""
        arguments = (agent, version_range, before, most)
        rows: list[tuple[bytes]] = []

        async def read(connection: psycopg.AsyncConnection) -> None:
            rows[:] = await (await connection.execute(_REVISIONS, arguments, binary=True)).fetchall()

        await self._holding.done(read)
        return [pb.Route.FromString(encoded) for (encoded,) in rows]

    async def put_documents(self, documents: Sequence[pb.Document]) -> None:
        """Insert or replace in one transaction."""
        rows = [
            (kind_of(document), document.ref.namespace, document.ref.name, document.ref.version,
             document.SerializeToString())
            for document in documents
        ]  # fmt: skip
        await self._write(_PUT_DOCUMENT, rows)

    async def add_route(self, route: pb.Route) -> None:
        """Insert a revision."""
        await self._write(_PUT_ROUTE, [(route.agent, route.version_range, route.revision, route.SerializeToString())])

    def watchers(self) -> list[str]:
        """Return the names there were when the lead was taken."""
        return self._watchers

    async def put_watchers(self, names: Sequence[str]) -> None:
        """Replace all in one transaction."""

        async def write(connection: psycopg.AsyncConnection) -> None:
            async with self._writing, connection.transaction():
                await connection.execute("DELETE FROM watchers")
                await connection.cursor().executemany("INSERT INTO watchers VALUES (%s)", [(name,) for name in names])

        await self._holding.done(write)

    async def close(self) -> None:
        """Close the connection, and with it give up the lock."""
        await self._holding.close()

    async def _write(self, sql: LiteralString, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write all of *rows* or none."""

        async def write(connection: psycopg.AsyncConnection) -> None:
            async with self._writing, connection.transaction():
                await connection.cursor().executemany(sql, rows)

        await self._holding.done(write)

    async def _led(self, connection: psycopg.AsyncConnection) -> str:
        """Take the lead again, if nobody else has led meanwhile."""
        leads = await self._taken(connection)
        row = await (await connection.execute(_LEADER)).fetchone()
        return "" if leads and row and row[1] == self.term else "another registry leads by now"

    async def _taken(self, connection: psycopg.AsyncConnection) -> bool:
        row = await (await connection.execute(_LOCK)).fetchone()
        return bool(row and row[0])
