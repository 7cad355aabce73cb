"""Content of the store in PostgreSQL: a row and its pieces for each digest."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, LiteralString

import psycopg
import psycopg_pool

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.store import StoreUnavailable

# A row that this statement has inserted was changed by no transaction yet.
_PUT: LiteralString = """
INSERT INTO artifacts VALUES (%s, %s, %s, %s) ON CONFLICT (digest) DO UPDATE SET put_ns = excluded.put_ns
RETURNING xmax = 0
"""
# Whoever puts one of them again waits until it is gone, and puts it anew.
_UNUSED: LiteralString = """
SELECT digest FROM artifacts WHERE put_ns < %s
  AND NOT EXISTS (SELECT FROM artifact_uses AS used WHERE used.digest = artifacts.digest)
LIMIT %s FOR UPDATE SKIP LOCKED
"""
_PUT_PIECE: LiteralString = "INSERT INTO artifact_pieces VALUES (%s, %s, %b)"
_PIECE: LiteralString = "SELECT content FROM artifact_pieces WHERE digest = %s AND number = %s"
_PIECE_BYTES = 1024 * 1024


class PostgresArtifacts:
    """The artifacts of a database."""

    def __init__(
        self,
        pool: psycopg_pool.AsyncConnectionPool,
        rows: Callable[..., Awaitable[list[tuple[Any, ...]]]],
        unavailable: Callable[[psycopg.Error], StoreUnavailable],
    ) -> None:
        """Write by connections of *pool*, read by *rows*; an error is what *unavailable* makes of it."""
        self._pool = pool
        self._rows = rows
        self._unavailable = unavailable

    async def put(self, header: pb.ArtifactHeader, content: Path) -> None:
        """Keep *content* in pieces.

        Raises:
            StoreUnavailable: nothing was kept, or nobody knows.
        """
        row = (header.digest, header.media_type, header.size_bytes, time.time_ns())
        async with self._transaction() as connection:
            (is_new,) = await (await connection.execute(_PUT, row)).fetchone() or (False,)
            with content.open("rb") as pieces:
                for number in itertools.count() if is_new else ():
                    piece = await asyncio.to_thread(pieces.read, _PIECE_BYTES)
                    if not piece:
                        break
                    await connection.execute(_PUT_PIECE, (header.digest, number, piece))
        content.unlink()

    async def get(self, digest: str) -> tuple[pb.ArtifactHeader, BinaryIO] | None:
        """Return the header and the content, copied to a temporary file."""
        rows = await self._rows("SELECT digest, media_type, size_bytes FROM artifacts WHERE digest = %s", digest)
        if not rows:
            return None
        # Closed by whoever asked.
        content = tempfile.TemporaryFile()  # noqa: SIM115
        for number in itertools.count():
            piece = await self._rows(_PIECE, digest, number)
            if not piece:
                break
            await asyncio.to_thread(content.write, piece[0][0])
        content.seek(0)
        return pb.ArtifactHeader(digest=rows[0][0], media_type=rows[0][1], size_bytes=rows[0][2]), content

    async def sweep(self, put_before_ns: int, limit: int) -> int:
        """Delete what was put before a moment and no run refers to."""
        async with self._transaction() as connection:
            rows = await (await connection.execute(_UNUSED, (put_before_ns, limit))).fetchall()
            unused = [digest for (digest,) in rows]
            await connection.execute("DELETE FROM artifact_pieces WHERE digest = ANY(%s)", [unused])
            await connection.execute("DELETE FROM artifacts WHERE digest = ANY(%s)", [unused])
        return len(unused)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[psycopg.AsyncConnection]:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                yield connection
        except psycopg.Error as error:
            raise self._unavailable(error) from None
