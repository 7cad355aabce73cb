"""The store in SQLite: write-ahead log, synchronous=FULL, one transaction per group."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import apsw

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import trace_span_pb2 as traces
from pal_recorder.checkpoints import statement_of
from pal_recorder.holds import Holds
from pal_recorder.slo_rollup import RollupKey
from pal_recorder.sqlite_artifacts import SqliteArtifacts
from pal_recorder.sqlite_reader import LAST_POSITION, SqliteReader
from pal_recorder.sqlite_schema import opened
from pal_recorder.store import Group, Removal, StoreUnavailable, Turn, accepted_ns, labels_of, uses_of
from pal_rpc.config import StartError
from pal_rpc.data_dir import lock

_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_USE = "INSERT OR IGNORE INTO artifact_uses VALUES (?, ?)"
# An update leaves alone the indexes of what stays as it is.
_INSERT_RUN = """
INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run_id) DO UPDATE SET accepted_ns = excluded.accepted_ns,
  state = excluded.state, agent = excluded.agent, conversation = excluded.conversation, runtime = excluded.runtime,
  labels = excluded.labels, encoded = excluded.encoded, outcome = excluded.outcome
"""
_INSERT_LABEL = "INSERT OR IGNORE INTO run_labels VALUES (?, ?, ?, ?)"
_UNARCHIVED = """
SELECT encoded FROM runs WHERE (accepted_ns, run_id) > (?, ?) AND accepted_ns < ? AND state = 5
  AND NOT EXISTS (SELECT 1 FROM archived_runs AS held WHERE held.run_id = runs.run_id)
ORDER BY accepted_ns, run_id LIMIT ?
"""
_DELETE_LABEL = "DELETE FROM run_labels WHERE (key, value, accepted_ns, run_id) = (?, ?, ?, ?)"
_INSERT_CHECKPOINT = "INSERT INTO checkpoints VALUES (?, ?)"
_SLO_ROWS = "SELECT * FROM slo WHERE width = ? AND start BETWEEN ? AND ? ORDER BY start, mode, agent, runtime"
_PUT_SLO = "INSERT OR REPLACE INTO slo VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_SPAN = "INSERT INTO spans (run_id, encoded) VALUES (?, ?)"


class SqliteStore(SqliteReader):
    """An EventStore in the directory it is given: ``record.db`` and ``artifacts/``."""

    exclusive = True

    def __init__(self, directory: Path) -> None:
        """Open or create the store.

        Raises:
            StartError: the directory cannot be written, another recorder has it, or a newer version wrote it.
        """
        super().__init__(directory)
        artifacts = directory / "artifacts"
        self._lock = lock(directory, "recorder", "record.lock")
        try:
            artifacts.mkdir(exist_ok=True)
            self._writer = opened(self._path)
        except (OSError, apsw.Error) as error:
            os.close(self._lock)
            raise StartError(f"PAL_DATA_DIR={directory}: cannot be used as a store ({error})") from None
        except BaseException:
            os.close(self._lock)
            raise
        self._position: int = next(self._writer.execute(LAST_POSITION))[0]
        self._commits = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._holds = Holds()
        self._artifacts = SqliteArtifacts(artifacts, self._read, self._transact)
        # Two coroutines write: groups of events, and spans.
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Give the turn: the directory has one recorder."""
        yield Turn(self._position, self._write)

    async def changes(self) -> AsyncGenerator[None, None]:
        """Yield nothing."""
        await asyncio.Event().wait()
        yield

    async def known(self, run_ids: Sequence[str]) -> set[str]:
        """Return which of some runs there are, as :meth:`run` does."""
        sql = "SELECT 1 FROM runs WHERE run_id = ?1 UNION ALL SELECT 1 FROM deleted_runs WHERE run_id = ?1"
        return {run_id for run_id in run_ids if next(self._writer.execute(sql, (run_id,)), None)}

    async def _write(self, group: Group) -> None:
        """Insert here and commit in a thread: only the wait for the disk leaves the event loop."""

        def insert(db: apsw.Connection) -> None:
            db.executemany(_INSERT_EVENT, group.entries)
            db.executemany(_INSERT_USE, uses_of(group.entries))
            db.executemany(_INSERT_RUN, map(_row, group.runs.values()))
            db.executemany(_INSERT_LABEL, labels_of(group.runs.values()))
            if group.checkpoint:
                number = statement_of(group.checkpoint).number
                db.execute(_INSERT_CHECKPOINT, (number, group.checkpoint.SerializeToString()))
            db.executemany(_INSERT_SPAN, _span_rows(group.spans))
            for removal in group.removals:
                _remove(db, removal)
            if group.quotas:
                _put_quotas(db, group.quotas)

        await self._transact(insert)
        if group.entries:
            self._position = group.entries[-1].position

    async def run(self, run_id: str) -> shared.Run | None:
        """Return a run; asked on the event loop, because a point look-up is cheaper than a thread."""
        row: Any = next(self._writer.execute("SELECT encoded FROM runs WHERE run_id = ?", (run_id,)), None)
        return shared.Run.FromString(row[0]) if row else None

    async def unarchived(self, after: tuple[int, str], before_ns: int, limit: int) -> list[shared.Run]:
        """Return finished runs that no archive holds, oldest first."""
        rows: Any = await self._read(lambda db: db.execute(_UNARCHIVED, (*after, before_ns, limit)).fetchall())
        return [shared.Run.FromString(encoded) for (encoded,) in rows]

    async def deleted_of(self, conversation_id: str, limit: int) -> list[str]:
        """Return deleted runs of a conversation."""
        sql = "SELECT run_id FROM deleted_runs WHERE conversation = ? AND conversation <> '' LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (conversation_id, limit)).fetchall())
        return [run_id for (run_id,) in rows]

    async def in_archive(self, url: str) -> bool:
        """Tell whether a file of the archive holds any run."""
        sql = "SELECT 1 FROM archived_runs WHERE url = ? LIMIT 1"
        return await self._read(lambda db: next(db.execute(sql, (url,)), None)) is not None

    async def hold(self, holder: str, *, leaving: bool, opened: Sequence[pb.OpenBreaker] = ()) -> list[pb.Holder]:
        """Count a beat; with the recorder they are forgotten, and begin anew."""
        return self._holds.beat(holder, leaving=leaving, opened=opened)

    async def put_artifact(self, header: pb.ArtifactHeader, content: Path) -> None:
        """Keep content."""
        await self._artifacts.put(header, content)

    async def artifact(self, digest: str) -> tuple[pb.ArtifactHeader, BinaryIO] | None:
        """Return content."""
        return await self._artifacts.get(digest)

    async def sweep_artifacts(self, put_before_ns: int, limit: int) -> int:
        """Delete content that nothing refers to."""
        return await self._artifacts.sweep(put_before_ns, limit)

    async def slo_position(self) -> int:
        """Return the position."""
        return int(await self._read(lambda db: next(db.execute("SELECT position FROM slo_position"))[0]))

    async def slo_rows(self, width: int, first: int, last: int) -> list[tuple[RollupKey, bytes]]:
        """Return rollups."""
        rows: Any = await self._read(lambda db: db.execute(_SLO_ROWS, (width, first, last)).fetchall())
        return [(RollupKey(*key), encoded) for *key, encoded in rows]

    async def put_slo(
        self, before: int, after: int, rows: Sequence[tuple[RollupKey, bytes]], prunable: Sequence[tuple[int, int]]
    ) -> bool:
        """Put rollups."""
        moved = False

        def put(db: apsw.Connection) -> None:
            nonlocal moved
            sql = "UPDATE slo_position SET position = ? WHERE position = ? RETURNING 1"
            if moved := next(db.execute(sql, (after, before)), None) is not None:
                db.executemany(
                    "INSERT OR REPLACE INTO slo VALUES (?, ?, ?, ?, ?, ?)", [(*key, row) for key, row in rows]
                )
                db.executemany("DELETE FROM slo WHERE width = ? AND start < ?", prunable)

        await self._transact(put)
        return moved

    async def quota_rows(self) -> dict[str, bytes]:
        """Return counters."""
        rows: Any = await self._read(lambda db: db.execute("SELECT key, encoded FROM quota_counters").fetchall())
        return dict(rows)

    async def write_spans(self, spans: Sequence[traces.TraceSpan]) -> None:
        """Insert spans."""
        await self._transact(lambda db: db.executemany(_INSERT_SPAN, _span_rows(spans)))

    async def spans(self, run_id: str, after: int, limit: int) -> list[tuple[int, traces.TraceSpan]]:
        """Return spans of one run."""
        sql = "SELECT key, encoded FROM spans WHERE run_id = ? AND key > ? ORDER BY key LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (run_id, after, limit)).fetchall())
        return [(key, traces.TraceSpan.FromString(encoded)) for key, encoded in rows]

    async def spans_of(self, run_ids: Sequence[str], limit: int) -> list[traces.TraceSpan]:
        """Return spans of some runs."""
        sql = "SELECT encoded FROM spans WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY key LIMIT ?"
        values = (json.dumps(list(run_ids)), limit)
        rows: Any = await self._read(lambda db: db.execute(sql, values).fetchall())
        return [traces.TraceSpan.FromString(encoded) for (encoded,) in rows]

    async def close(self) -> None:
        """Wait for what is going on and close the files."""
        async with self._writing:
            self._commits.shutdown()
            await super().close()
            # A disk that has failed is named by whoever noticed; what is in the write-ahead log stays there.
            with suppress(apsw.IOError):
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


async def _finished(future: asyncio.Future[Any]) -> None:
    try:
        await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


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
        run.outcome,
        run.mode,
        run.source_run_id,
    )


def _remove(db: apsw.Connection, removal: Removal) -> None:
    run_id = removal.run.run_id
    rows = [(entry.position, entry.run_id, entry.seq, entry.hash) for entry in removal.heads]
    db.executemany("INSERT OR IGNORE INTO stand_ins VALUES (?, ?, ?, ?)", rows)
    db.execute("DELETE FROM events WHERE run_id = ?", (run_id,))
    if removal.archived:
        row = (run_id, removal.archived.url, removal.archived.SerializeToString())
        db.execute("INSERT OR REPLACE INTO archived_runs VALUES (?, ?, ?)", row)
    if removal.deleted:
        db.executemany(_DELETE_LABEL, labels_of([removal.run]))
        for table in ("archived_runs", "artifact_uses", "spans", "runs"):
            db.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
        row = (run_id, removal.deleted.conversation_id, removal.deleted.SerializeToString())
        db.execute("INSERT OR REPLACE INTO deleted_runs VALUES (?, ?, ?)", row)


def _put_quotas(db: apsw.Connection, rows: Mapping[str, bytes | None]) -> None:
    kept = [(key, row) for key, row in rows.items() if row is not None]
    db.executemany("INSERT OR REPLACE INTO quota_counters VALUES (?, ?)", kept)
    db.executemany("DELETE FROM quota_counters WHERE key = ?", [(key,) for key, row in rows.items() if row is None])


def _span_rows(spans: Sequence[traces.TraceSpan]) -> list[tuple[str, bytes]]:
    return [(span.run_id, span.SerializeToString()) for span in spans]
