"""The store in SQLite. Writes are rare and small, so they are done in place, on the event loop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pal.service.v1 import registry_service_pb2 as pb
from pal_registry.names import kind_of
from pal_rpc.data_dir import lock
from pal_rpc.sqlite import opened, translated

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE documents (
  kind INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, encoded BLOB NOT NULL,
  PRIMARY KEY (kind, namespace, name, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE routes (
  agent TEXT NOT NULL, version_range TEXT NOT NULL, revision INTEGER NOT NULL, encoded BLOB NOT NULL,
  PRIMARY KEY (agent, version_range, revision)
) STRICT, WITHOUT ROWID;
"""
# A store of an earlier version has everything but this.
_LATER = "CREATE TABLE IF NOT EXISTS watchers (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID"
_REVISIONS = (
    "SELECT encoded FROM routes WHERE agent = ? AND version_range = ? AND revision < ? ORDER BY revision DESC LIMIT ?"
)
_NEWEST_ROUTES = "SELECT encoded, max(revision) FROM routes GROUP BY agent, version_range"


class SqliteStore:
    """A RegistryStore in ``registry.db`` of the directory it is given."""

    def __init__(self, directory: Path) -> None:
        """Open or create the store.

        Raises:
            StartError: the directory cannot be written, another registry has it, or a newer version wrote it.
        """
        self._path = directory / "registry.db"
        self._lock = lock(directory, "registry", "registry.lock")
        try:
            self._db = opened(self._path, _SCHEMA, SCHEMA_VERSION, _LATER)
        except BaseException:
            os.close(self._lock)
            raise

    def documents(self) -> list[pb.Document]:
        """Return every document."""
        return [pb.Document.FromString(encoded) for (encoded,) in self._db.execute("SELECT encoded FROM documents")]

    def routes(self) -> list[pb.Route]:
        """Return the newest revision of every route."""
        return [pb.Route.FromString(encoded) for encoded, _ in self._db.execute(_NEWEST_ROUTES)]

    async def revisions(self, agent: str, version_range: str, before: int, most: int) -> list[pb.Route]:
        """Return earlier revisions, newest first."""
        found = self._db.execute(_REVISIONS, (agent, version_range, before, most))
        return [pb.Route.FromString(encoded) for (encoded,) in found]

    async def put_documents(self, documents: Sequence[pb.Document]) -> None:
        """Insert or replace in one transaction."""
        rows = [
            (kind_of(document), document.ref.namespace, document.ref.name, document.ref.version, document)
            for document in documents
        ]
        with translated(self._path), self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?)",
                [(*key, document.SerializeToString()) for *key, document in rows],
            )

    async def add_route(self, route: pb.Route) -> None:
        """Insert a revision."""
        row = (route.agent, route.version_range, route.revision, route.SerializeToString())
        with translated(self._path), self._db:
            self._db.execute("INSERT INTO routes VALUES (?, ?, ?, ?)", row)

    def watchers(self) -> list[str]:
        """Return the names that were put last."""
        return [str(name) for (name,) in self._db.execute("SELECT name FROM watchers ORDER BY name")]

    async def put_watchers(self, names: Sequence[str]) -> None:
        """Replace all in one transaction."""
        with translated(self._path), self._db:
            self._db.execute("DELETE FROM watchers")
            self._db.executemany("INSERT INTO watchers VALUES (?)", [(name,) for name in names])

    async def close(self) -> None:
        """Close the files."""
        self._db.close()
        os.close(self._lock)
