"""The store in SQLite. Writes are small and no more than two a second, so they are done in place, on the event loop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pal_migration.store import Item, Kind
from pal_rpc.data_dir import lock
from pal_rpc.sqlite import opened, translated

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
            self._db = opened(self._path, _SCHEMA, SCHEMA_VERSION)
        except BaseException:
            os.close(self._lock)
            raise

    async def put(self, items: Sequence[Item]) -> None:
        """Insert or replace in one transaction."""
        rows = [(item.kind.value, item.key, item.encoded) for item in items]
        with translated(self._path), self._db:
            self._db.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", rows)

    async def items(self, kind: Kind, prefix: str = "") -> list[Item]:
        """Return a range of keys."""
        query = "SELECT key, encoded FROM items WHERE kind = ? AND key >= ? AND key < ? ORDER BY key"
        with translated(self._path):
            rows: list[Any] = self._db.execute(query, (kind.value, prefix, prefix + _LAST)).fetchall()
        return [Item(kind, key, encoded) for key, encoded in rows]

    async def close(self) -> None:
        """Close the files."""
        self._db.close()
        os.close(self._lock)
