"""The store in SQLite: write-ahead log, synchronous=FULL, one transaction per group."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import apsw

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import trace_span_pb2 as traces
from pal_recorder.store import Entry, Group, StoreUnavailable, accepted_ns
from pal_rpc.config import StartError

T = TypeVar("T")

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE events (
  position INTEGER PRIMARY KEY, run_id TEXT NOT NULL, seq INTEGER NOT NULL,
  event_id TEXT NOT NULL, type TEXT NOT NULL, encoded BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_run ON events (run_id, seq);
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, accepted_ns INTEGER NOT NULL, state INTEGER NOT NULL, agent TEXT NOT NULL,
  conversation TEXT NOT NULL, runtime TEXT NOT NULL, labels TEXT NOT NULL, encoded BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (accepted_ns, run_id);
CREATE INDEX runs_by_conversation ON runs (conversation, accepted_ns) WHERE conversation <> '';
CREATE INDEX runs_open ON runs (state) WHERE state <> 5;
CREATE TABLE artifacts (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE spans (key INTEGER PRIMARY KEY, run_id TEXT NOT NULL, encoded BLOB NOT NULL) STRICT;
CREATE INDEX spans_by_run ON spans (run_id);
"""
_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_RUN = "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_READERS = 2
# A checkpoint holds the next commit up; a larger one is rarer and costs little more.
_CHECKPOINT_PAGES = 4000
_WAL_LIMIT_BYTES = 64 * 1024 * 1024


class SqliteStore:
    """An EventStore in the directory it is given: ``record.db`` and ``artifacts/``."""

    def __init__(self, directory: Path) -> None:
        """Open or create the store.

        Raises:
            StartError: the directory cannot be written, another recorder has it, or a newer version wrote it.
        """
        self._path = directory / "record.db"
        self._artifacts = directory / "artifacts"
        self._lock = _locked(directory)
        try:
            self._artifacts.mkdir(exist_ok=True)
            self._writer = _writer(self._path)
        except (OSError, apsw.Error) as error:
            raise StartError(f"PAL_DATA_DIR={directory}: cannot be used as a store ({error})") from None
        self._commits = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._reads = ThreadPoolExecutor(_READERS, thread_name_prefix="read")
        self._reader = threading.local()
        # Two coroutines write: groups of events, and spans.
        self._writing = asyncio.Lock()

    async def last_position(self) -> int:
        """Return the newest position."""
        return await self._read(lambda db: next(db.execute("SELECT coalesce(max(position), 0) FROM events"))[0])

    async def write(self, group: Group) -> None:
        """Insert here and commit in a thread: only the wait for the disk leaves the event loop."""

        def insert(db: apsw.Connection) -> None:
            db.executemany(_INSERT_EVENT, group.entries)
            db.executemany(_INSERT_RUN, map(_row, group.runs.values()))

        await self._transact(insert)

    async def run(self, run_id: str) -> shared.Run | None:
        """Return a run; asked on the event loop, because a point look-up is cheaper than a thread."""
        row: Any = next(self._writer.execute("SELECT encoded FROM runs WHERE run_id = ?", (run_id,)), None)
        return shared.Run.FromString(row[0]) if row else None

    async def runs(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        """Return selected runs, newest first."""
        where, values = _where(query)
        if before:
            where.append("(accepted_ns, run_id) < (?, ?)")
            values.extend(before)
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        sql = f"SELECT encoded FROM runs {condition} ORDER BY accepted_ns DESC, run_id DESC LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (*values, limit)).fetchall())
        return [shared.Run.FromString(encoded) for (encoded,) in rows]

    async def entries(self, run_id: str, after_seq: int, limit: int, prefixes: Sequence[str] = ()) -> list[Entry]:
        """Return entries of one run."""
        types = " OR ".join("substr(type, 1, length(?)) = ?" for _ in prefixes)
        fitting = f"AND ({types})" if types else ""
        sql = f"SELECT * FROM events WHERE run_id = ? AND seq > ? {fitting} ORDER BY seq LIMIT ?"
        values = (run_id, after_seq, *(word for prefix in prefixes for word in (prefix, prefix)), limit)
        return await self._read(lambda db: [Entry(*row) for row in db.execute(sql, values)])

    async def newest_ids(self, run_id: str, limit: int) -> dict[str, int]:
        """Return the newest event ids of a run."""
        sql = "SELECT event_id, seq FROM events WHERE run_id = ? ORDER BY seq DESC LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (run_id, limit)).fetchall())
        return dict(reversed(rows))

    async def entries_of_all(self, after_position: int, limit: int) -> list[Entry]:
        """Return entries of all runs."""
        sql = "SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?"
        return await self._read(lambda db: [Entry(*row) for row in db.execute(sql, (after_position, limit))])

    async def put_artifact(self, header: pb.ArtifactHeader, content: Path) -> None:
        """Move *content* to its place, durably, then enter it."""
        target = self._artifact_path(header.digest)
        try:
            await asyncio.get_running_loop().run_in_executor(self._reads, _move, content, target)
        except OSError as error:
            raise StoreUnavailable(str(self._artifacts), error.strerror or type(error).__name__) from None
        row = (header.digest, header.media_type, header.size_bytes)
        await self._transact(lambda db: db.execute("INSERT OR IGNORE INTO artifacts VALUES (?, ?, ?)", row))

    async def artifact(self, digest: str) -> tuple[pb.ArtifactHeader, BinaryIO] | None:
        """Return content."""
        sql = "SELECT digest, media_type, size_bytes FROM artifacts WHERE digest = ?"
        row = await self._read(lambda db: next(db.execute(sql, (digest,)), None))
        if row is None:
            return None
        header = pb.ArtifactHeader(digest=row[0], media_type=row[1], size_bytes=row[2])
        return header, self._artifact_path(digest).open("rb")

    async def write_spans(self, spans: Sequence[traces.TraceSpan]) -> None:
        """Insert spans."""
        rows = [(span.run_id, span.SerializeToString()) for span in spans]
        await self._transact(lambda db: db.executemany("INSERT INTO spans (run_id, encoded) VALUES (?, ?)", rows))

    async def spans(self, run_id: str, after: int, limit: int) -> list[tuple[int, traces.TraceSpan]]:
        """Return spans of one run."""
        sql = "SELECT key, encoded FROM spans WHERE run_id = ? AND key > ? ORDER BY key LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (run_id, after, limit)).fetchall())
        return [(key, traces.TraceSpan.FromString(encoded)) for key, encoded in rows]

    async def close(self) -> None:
        """Wait for what is going on and close the files."""
        async with self._writing:
            self._commits.shutdown()
            self._reads.shutdown()
            self._writer.close()
        os.close(self._lock)

    async def _transact(self, insert: Callable[[apsw.Connection], object]) -> None:
        async with self._writing:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                insert(self._writer)
                loop = asyncio.get_running_loop()
                # Shielded: whoever gives up waiting must not release the lock over a commit in progress.
                await _finished(loop.run_in_executor(self._commits, self._writer.execute, "COMMIT"))
            except (apsw.FullError, apsw.ReadOnlyError, apsw.BusyError, apsw.CantOpenError) as error:
                self._roll_back()
                raise StoreUnavailable(str(self._path), str(error)) from None
            except apsw.IOError as error:
                # After a failed fsync nobody knows what is on the disk: only a new start can tell.
                raise StartError(f"{self._path}: the disk failed ({error}); check it, then start again") from None
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    async def _read(self, query: Callable[[apsw.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, self._query, query)

    def _query(self, query: Callable[[apsw.Connection], T]) -> T:
        if not hasattr(self._reader, "db"):
            self._reader.db = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            self._reader.db.set_busy_timeout(5000)
        return query(self._reader.db)

    def _artifact_path(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self._artifacts / name[:2] / name


async def _finished(future: asyncio.Future[Any]) -> None:
    try:
        await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def _locked(directory: Path) -> int:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / "record.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError(
            f"PAL_DATA_DIR={directory}: {error.strerror}; make it writable or choose another directory"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise StartError(f"PAL_DATA_DIR={directory}: another recorder uses it; stop it or choose another") from None
    return descriptor


def _writer(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.set_busy_timeout(5000)
    found = db.pragma("user_version")
    if found > SCHEMA_VERSION:
        raise StartError(
            f"{path} was written by a newer version (schema {found}, this version knows {SCHEMA_VERSION}); "
            "upgrade PAL or choose another PAL_DATA_DIR"
        )
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.pragma("journal_size_limit", _WAL_LIMIT_BYTES)
    db.wal_autocheckpoint(_CHECKPOINT_PAGES)
    if found == 0:
        with db:
            db.execute(_SCHEMA)
            db.pragma("user_version", SCHEMA_VERSION)
    return db


def _row(run: shared.Run) -> tuple[Any, ...]:
    labels = json.dumps(dict(run.labels))
    return (
        run.run_id,
        accepted_ns(run),
        run.state,
        run.agent.name,
        run.conversation_id,
        run.runtime,
        labels,
        run.SerializeToString(),
    )


def _where(query: shared.RunQuery) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    if query.states:
        where.append(f"state IN ({', '.join('?' for _ in query.states)})")
        values.extend(query.states)
    fields = {"agent": query.agent_name, "conversation": query.conversation_id, "runtime": query.runtime}
    for column, value in fields.items():
        if value:
            where.append(f"{column} = ?")
            values.append(value)
    for key, value in query.labels.items():
        where.append("EXISTS (SELECT 1 FROM json_each(labels) WHERE key = ? AND value = ?)")
        values.extend((key, value))
    if query.HasField("accepted_from"):
        where.append("accepted_ns >= ?")
        values.append(query.accepted_from.ToNanoseconds())
    return where, values


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
