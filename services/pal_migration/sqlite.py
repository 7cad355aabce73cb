"""The store in SQLite. Writes are small and no more than two a second, so they are done in place, on the event loop."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from pal.v1 import error_reason_pb2 as reasons
from pal_migration.store import Item, Kind
from pal_rpc.config import StartError
from pal_rpc.data_dir import lock
from pal_rpc.errors import MeshError

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE items (
  kind TEXT NOT NULL, key TEXT NOT NULL, encoded BLOB NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
"""
# The character after every other one ends a range of keys.
_LAST = chr(0x10FFFF)


class SqliteStore:
    """A MigrationStore in ``migration.db`` of the directory it is given."""

    def __init__(self, directory: Path) -> None:
        """Open or create the store.

        Raises:
            StartError: the directory cannot be written, another service has it, or a newer version wrote it.
        """
        self._path = directory / "migration.db"
        self._lock = lock(directory, "migration service", "migration.lock")
        try:
            self._db = _opened(self._path)
        except BaseException:
            os.close(self._lock)
            raise

    async def put(self, items: Sequence[Item]) -> None:
        """Insert or replace in one transaction."""
        rows = [(item.kind.value, item.key, item.encoded) for item in items]
        with self._translated(), self._db:
            self._db.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", rows)

    async def items(self, kind: Kind, prefix: str = "") -> list[Item]:
        """Return a range of keys."""
        query = "SELECT key, encoded FROM items WHERE kind = ? AND key >= ? AND key < ? ORDER BY key"
        with self._translated():
            rows: list[Any] = self._db.execute(query, (kind.value, prefix, prefix + _LAST)).fetchall()
        return [Item(kind, key, encoded) for key, encoded in rows]

    async def close(self) -> None:
        """Close the files."""
        self._db.close()
        os.close(self._lock)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (apsw.FullError, apsw.ReadOnlyError, apsw.IOError, apsw.BusyError, apsw.CantOpenError) as error:
            raise MeshError(
                reasons.ERROR_REASON_STORE_UNAVAILABLE,
                f"{self._path.name} cannot be used ({error}); free or mend the disk, then try again",
                store=self._path.name,
            ) from None


def _opened(path: Path) -> apsw.Connection:
    try:
        db = apsw.Connection(str(path))
        db.set_busy_timeout(200)
        found = db.pragma("user_version")
        if found > SCHEMA_VERSION:
            raise StartError(
                f"{path} was written by a newer version (found {found}, this version supports {SCHEMA_VERSION}); "
                "upgrade PAL or choose another data directory"
            )
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        if found == 0:
            with db:
                db.execute(_SCHEMA)
                db.pragma("user_version", SCHEMA_VERSION)
    except apsw.Error as error:
        raise StartError(f"{path}: cannot be used as a store ({error}); move it away or mend it") from None
    return db
