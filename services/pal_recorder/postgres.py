"""The store in PostgreSQL, for one recorder or several: whoever writes holds a lock until its group is committed.

So positions are given out in the order of commits and without holes, whoever has the turn knows everything that was
written before, and a cursor into the log is a number that means the same for every recorder.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, LiteralString

import psycopg

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import trace_span_pb2 as traces
from pal_log.events import new_id
from pal_recorder.checkpoints import statement_of
from pal_recorder.postgres_artifacts import PostgresArtifacts
from pal_recorder.postgres_reader import PostgresReader
from pal_recorder.quota_postgres import PostgresCounters
from pal_recorder.slo_rollup import RollupKey
from pal_recorder.store import Group, Removal, StoreLost, StoreUnavailable, Turn, accepted_ns, labels_of, uses_of
from pal_rpc.postgres import is_lost, migrated, said

MIGRATIONS, VERSION_TABLE, NEWEST = Path(__file__).parent / "migrations", "pal_recorder_schema", "r0009"

# In one message. What is selected after the lock is taken sees what its last holder has committed.
_BEGIN: LiteralString = """
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('pal.recorder.' || current_schema()));
SELECT greatest((SELECT coalesce(max(position), 0) FROM events), (SELECT coalesce(max(position), 0) FROM stand_ins))
"""
_CHANNEL: LiteralString = "pal_recorder"
_INSERT_EVENTS: LiteralString = """
INSERT INTO events SELECT * FROM unnest(
  %b::bigint[], %b::text[], %b::bigint[], %b::text[], %b::text[], %b::bytea[], %b::bytea[])
"""
_INSERT_USES: LiteralString = """
INSERT INTO artifact_uses SELECT * FROM unnest(%b::text[], %b::text[]) ON CONFLICT DO NOTHING
"""
_INSERT_RUNS: LiteralString = """
INSERT INTO runs (run_id, accepted_ns, state, agent, conversation, runtime, labels, encoded, outcome, mode, source)
SELECT run_id, accepted_ns, state, agent, conversation, runtime, labels::jsonb, encoded, outcome, mode, source
FROM unnest(
  %b::text[], %b::bigint[], %b::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[],
  %b::int[], %b::int[], %b::text[])
  AS new (run_id, accepted_ns, state, agent, conversation, runtime, labels, encoded, outcome, mode, source)
ON CONFLICT (run_id) DO UPDATE SET accepted_ns = excluded.accepted_ns, state = excluded.state, agent = excluded.agent,
  conversation = excluded.conversation, runtime = excluded.runtime, labels = excluded.labels,
  encoded = excluded.encoded, outcome = excluded.outcome
"""
_INSERT_LABELS: LiteralString = """
INSERT INTO run_labels SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[]) ON CONFLICT DO NOTHING
"""
_INSERT_SPANS: LiteralString = "INSERT INTO spans (run_id, encoded) SELECT * FROM unnest(%b::text[], %b::bytea[])"
_INSERT_STAND_INS: LiteralString = """
INSERT INTO stand_ins SELECT * FROM unnest(%b::bigint[], %b::text[], %b::bigint[], %b::bytea[]) ON CONFLICT DO NOTHING
"""
_INSERT_ARCHIVED: LiteralString = """
INSERT INTO archived_runs SELECT * FROM unnest(%b::text[], %b::text[], %b::bytea[])
ON CONFLICT (run_id) DO UPDATE SET url = excluded.url, encoded = excluded.encoded
"""
_INSERT_DELETED: LiteralString = """
INSERT INTO deleted_runs SELECT * FROM unnest(%b::text[], %b::text[], %b::bytea[]) ON CONFLICT DO NOTHING
"""
_DELETE_LABELS: LiteralString = """
DELETE FROM run_labels WHERE (key, value, accepted_ns, run_id) IN (
  SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[]))
"""
_DELETE_RUNS: tuple[LiteralString, ...] = (
    "DELETE FROM archived_runs WHERE run_id = ANY(%b::text[])",
    "DELETE FROM artifact_uses WHERE run_id = ANY(%b::text[])",
    "DELETE FROM spans WHERE run_id = ANY(%b::text[])",
    "DELETE FROM runs WHERE run_id = ANY(%b::text[])",
)
_SLO_ROWS: LiteralString = """
SELECT width, start, mode, agent, runtime, encoded FROM slo WHERE width = %s AND start BETWEEN %s AND %s
ORDER BY start, mode, agent, runtime
"""
_PUT_SLO: LiteralString = """
INSERT INTO slo VALUES (%s, %s, %s, %s, %s, %b)
ON CONFLICT (width, start, mode, agent, runtime) DO UPDATE SET encoded = excluded.encoded
"""
# The database's clock only says who is forgotten, long after everybody has noticed.
_BEAT: LiteralString = """
WITH mine AS (
  INSERT INTO holders VALUES (%s, (random() * 1e14)::bigint, %s, now(), %b) ON CONFLICT (holder)
  DO UPDATE SET beat = holders.beat + 1, gone = excluded.gone, seen_at = now(), opened = excluded.opened
  RETURNING holder, beat, gone, opened
), forgotten AS (
  DELETE FROM holders WHERE seen_at < now() - interval '10 minutes' AND holder NOT IN (SELECT holder FROM mine)
)
SELECT * FROM mine UNION ALL SELECT holder, beat, gone, opened FROM holders WHERE holder <> %s
"""
_UNARCHIVED: LiteralString = """
SELECT encoded FROM runs WHERE (accepted_ns, run_id) > (%s, %s) AND accepted_ns < %s AND state = 5
  AND NOT EXISTS (SELECT FROM archived_runs AS held WHERE held.run_id = runs.run_id)
ORDER BY accepted_ns, run_id LIMIT %s
"""
_PAUSE_SECONDS, _ALIVE_SECONDS = 0.2, 10.0


class PostgresStore(PostgresReader):
    """An EventStore in the database at a URL."""

    exclusive = False

    def __init__(self, url: str) -> None:
        """Write at *url*; nothing is opened before :meth:`open`."""
        super().__init__(url)
        self._instance = new_id()
        self._writer: psycopg.AsyncConnection | None = None
        self._writing = asyncio.Lock()
        self._artifacts = PostgresArtifacts(self._pool, self._rows, self._unavailable)

    async def open(self) -> None:
        """Migrate the tables where that is needed, and open the pool.

        Raises:
            StartError: there is no such database, it cannot be used, or a newer version wrote it.
        """
        await migrated(self._url, MIGRATIONS, VERSION_TABLE, NEWEST)
        await super().open()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Hold the lock of all writers; what is written is committed at the end of the block."""
        async with self._writing:
            try:
                connection = await self._connection()
                # In pipeline mode the server would not notice that a session stands still with the lock in its hands.
                cursor = await connection.execute(_BEGIN)
                while cursor.nextset():
                    pass
                (position,) = await cursor.fetchone() or (0,)
                yield Turn(position, partial(self._write, connection))
                if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    await connection.execute("ROLLBACK")
            except psycopg.Error as error:
                await self._disconnect()
                raise self._unavailable(error) from None
            except BaseException:
                await self._disconnect()
                raise

    async def changes(self) -> AsyncGenerator[None, None]:
        """Yield whenever another recorder may have written."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as listener:
                    await listener.execute(f"LISTEN {_CHANNEL}")
                    # What came before is not announced again.
                    yield
                    async for _ in self._announced(listener):
                        yield
            except psycopg.OperationalError:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def unarchived(self, after: tuple[int, str], before_ns: int, limit: int) -> list[shared.Run]:
        """Return finished runs that no archive holds, oldest first."""
        rows = await self._rows(_UNARCHIVED, *after, before_ns, limit)
        return [shared.Run.FromString(encoded) for (encoded,) in rows]

    async def deleted_of(self, conversation_id: str, limit: int) -> list[str]:
        """Return deleted runs of a conversation."""
        sql: LiteralString = "SELECT run_id FROM deleted_runs WHERE conversation = %s AND conversation <> '' LIMIT %s"
        return [run_id for (run_id,) in await self._rows(sql, conversation_id, limit)]

    async def in_archive(self, url: str) -> bool:
        """Tell whether a file of the archive holds any run."""
        return bool(await self._rows("SELECT 1 FROM archived_runs WHERE url = %s LIMIT 1", url))

    async def hold(self, holder: str, *, leaving: bool, opened: Sequence[pb.OpenBreaker] = ()) -> list[pb.Holder]:
        """Count a beat."""
        told = pb.Holder(open_breakers=opened).SerializeToString()
        rows = await self._rows(_BEAT, holder, leaving, told, holder)
        return [_holder(*row) for row in rows]

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
        return int((await self._rows("SELECT position FROM slo_position"))[0][0])

    async def slo_rows(self, width: int, first: int, last: int) -> list[tuple[RollupKey, bytes]]:
        """Return rollups."""
        return [(RollupKey(*key), encoded) for *key, encoded in await self._rows(_SLO_ROWS, width, first, last)]

    async def put_slo(
        self, before: int, after: int, rows: Sequence[tuple[RollupKey, bytes]], prunable: Sequence[tuple[int, int]]
    ) -> bool:
        """Put rollups; the row of the position keeps others away until the end."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                sql: LiteralString = "UPDATE slo_position SET position = %s WHERE position = %s"
                if not (await connection.execute(sql, (after, before))).rowcount:
                    return False
                cursor = connection.cursor()
                await cursor.executemany(_PUT_SLO, [(*key, encoded) for key, encoded in rows])
                await cursor.executemany("DELETE FROM slo WHERE width = %s AND start < %s", prunable)
        except psycopg.Error as error:
            raise self._unavailable(error) from None
        return True

    async def quota_rows(self) -> dict[str, bytes]:
        """Return nothing: several recorders change the counters where they are."""
        return {}

    def quota_counters(self, now_ms: Callable[[], int]) -> PostgresCounters:
        """Return the counters of quotas."""
        return PostgresCounters(self._pool, self._where, now_ms)

    async def write_spans(self, spans: Sequence[traces.TraceSpan]) -> None:
        """Insert spans."""
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_INSERT_SPANS, _span_columns(spans))
        except psycopg.Error as error:
            raise self._unavailable(error) from None

    async def spans(self, run_id: str, after: int, limit: int) -> list[tuple[int, traces.TraceSpan]]:
        """Return spans of one run."""
        sql: LiteralString = "SELECT key, encoded FROM spans WHERE run_id = %s AND key > %s ORDER BY key LIMIT %s"
        rows = await self._rows(sql, run_id, after, limit)
        return [(key, traces.TraceSpan.FromString(encoded)) for key, encoded in rows]

    async def spans_of(self, run_ids: Sequence[str], limit: int) -> list[traces.TraceSpan]:
        """Return spans of some runs."""
        sql: LiteralString = "SELECT encoded FROM spans WHERE run_id = ANY(%s) ORDER BY key LIMIT %s"
        return [traces.TraceSpan.FromString(encoded) for (encoded,) in await self._rows(sql, list(run_ids), limit)]

    async def close(self) -> None:
        """Close every connection."""
        async with self._writing:
            await self._disconnect()
        await super().close()

    async def _write(self, connection: psycopg.AsyncConnection, group: Group) -> None:
        async with connection.pipeline():
            if group.entries:
                await connection.execute(_INSERT_EVENTS, _columns(group.entries))
            if uses := uses_of(group.entries):
                await connection.execute(_INSERT_USES, _columns(uses))
            if group.runs:
                await connection.execute(_INSERT_RUNS, _columns([_row(run) for run in group.runs.values()]))
            if labels := labels_of(group.runs.values()):
                await connection.execute(_INSERT_LABELS, _columns(labels))
            if group.checkpoint:
                row = (statement_of(group.checkpoint).number, group.checkpoint.SerializeToString())
                await connection.execute("INSERT INTO checkpoints VALUES (%s, %b)", row)
            if group.removals:
                await self._remove(connection, group.removals)
            if group.spans:
                await connection.execute(_INSERT_SPANS, _span_columns(group.spans))
            await connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, self._instance))
            await connection.execute("COMMIT")

    async def _remove(self, connection: psycopg.AsyncConnection, removals: Sequence[Removal]) -> None:
        gone = [removal.run.run_id for removal in removals]
        deleted = [removal.deleted for removal in removals if removal.deleted]
        archived = [removal.archived for removal in removals if removal.archived]
        heads = [entry for removal in removals for entry in removal.heads]
        if heads:
            rows = [(entry.position, entry.run_id, entry.seq, entry.hash) for entry in heads]
            await connection.execute(_INSERT_STAND_INS, _columns(rows))
        await connection.execute("DELETE FROM events WHERE run_id = ANY(%b::text[])", [gone])
        if archived:
            places = [(run.run_id, run.url, run.SerializeToString()) for run in archived]
            await connection.execute(_INSERT_ARCHIVED, _columns(places))
        if deleted:
            if labels := labels_of(removal.run for removal in removals if removal.deleted):
                await connection.execute(_DELETE_LABELS, _columns(labels))
            for statement in _DELETE_RUNS:
                await connection.execute(statement, [[removal.run_id for removal in deleted]])
            left = [(removal.run_id, removal.conversation_id, removal.SerializeToString()) for removal in deleted]
            await connection.execute(_INSERT_DELETED, _columns(left))

    async def _announced(self, listener: psycopg.AsyncConnection) -> AsyncIterator[None]:
        while True:
            notes = [note.payload async for note in listener.notifies(timeout=_ALIVE_SECONDS, stop_after=1)]
            if not notes:
                await listener.execute("SELECT 1")
            elif any(payload != self._instance for payload in notes):
                yield

    async def _connection(self) -> psycopg.AsyncConnection:
        if self._writer is None:
            self._writer = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        return self._writer

    async def _disconnect(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()

    def _unavailable(self, error: psycopg.Error) -> StoreUnavailable:
        kind = StoreLost if is_lost(error) else StoreUnavailable
        return kind(self._where, said(error))


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _span_columns(spans: Sequence[traces.TraceSpan]) -> list[list[Any]]:
    return [[span.run_id for span in spans], [span.SerializeToString() for span in spans]]


def _row(run: shared.Run) -> tuple[Any, ...]:
    return (
        run.run_id,
        accepted_ns(run),
        run.state,
        run.agent.name,
        run.conversation_id,
        run.runtime,
        json.dumps(dict(run.labels)),
        run.SerializeToString(),
        run.outcome,
        run.mode,
        run.source_run_id,
    )


def _holder(name: str, beat: int, left: bool, opened: bytes) -> pb.Holder:
    shown = pb.Holder.FromString(opened)
    shown.holder, shown.beat, shown.left = name, beat, left
    return shown
