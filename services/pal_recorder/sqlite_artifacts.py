"""Content of the store in SQLite: a row and a file for each digest."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO

import apsw

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.store import StoreUnavailable

Work = Callable[[apsw.Connection], Any]

_PUT = "INSERT INTO artifacts VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET put_ns = excluded.put_ns"
_UNUSED = """
SELECT digest FROM artifacts WHERE put_ns < ?
  AND NOT EXISTS (SELECT 1 FROM artifact_uses AS used WHERE used.digest = artifacts.digest) LIMIT ?
"""


class SqliteArtifacts:
    """The files of a directory and their rows."""

    def __init__(
        self, directory: Path, read: Callable[[Work], Awaitable[Any]], transact: Callable[[Work], Awaitable[None]]
    ) -> None:
        """Keep files in *directory*, which is there, and their rows by *read* and *transact*."""
        self._directory = directory
        self._read = read
        self._transact = transact
        # What is swept is not put at the same time.
        self._changing = asyncio.Lock()

    async def put(self, header: pb.ArtifactHeader, content: Path) -> None:
        """Move *content* to its place, durably, then enter it.

        Raises:
            StoreUnavailable: the directory cannot be written.
        """
        row = (header.digest, header.media_type, header.size_bytes, time.time_ns())
        async with self._changing:
            try:
                await asyncio.to_thread(_move, content, self._place(header.digest))
            except OSError as error:
                raise StoreUnavailable(str(self._directory), error.strerror or type(error).__name__) from None
            await self._transact(lambda db: db.execute(_PUT, row))

    async def get(self, digest: str) -> tuple[pb.ArtifactHeader, BinaryIO] | None:
        """Return the header and the open content."""
        sql = "SELECT digest, media_type, size_bytes FROM artifacts WHERE digest = ?"
        row = await self._read(lambda db: next(db.execute(sql, (digest,)), None))
        if row is None:
            return None
        try:
            content = self._place(digest).open("rb")
        except FileNotFoundError:
            # It was swept meanwhile.
            return None
        return pb.ArtifactHeader(digest=row[0], media_type=row[1], size_bytes=row[2]), content

    async def sweep(self, put_before_ns: int, limit: int) -> int:
        """Delete what was put before a moment and no run refers to; a crash leaves at worst a file without a row."""
        async with self._changing:
            unused = await self._read(lambda db: db.execute(_UNUSED, (put_before_ns, limit)).fetchall())
            await self._transact(lambda db: db.executemany("DELETE FROM artifacts WHERE digest = ?", unused))
            await asyncio.to_thread(_remove, [self._place(digest) for (digest,) in unused])
        return len(unused)

    def _place(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self._directory / name[:2] / name


def _move(content: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with content.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(content, target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
