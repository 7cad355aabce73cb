"""What is read of the store in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
import psycopg_pool

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_recorder.checkpoints import decoded
from pal_recorder.selecting import conditions, merged, single
from pal_recorder.store import Entry, StoreDamaged, StoreLost
from pal_rpc.config import StartError
from pal_rpc.postgres import checked, connected, is_lost, said, shown

_CONNECTIONS = 6
# How long a reader waits for a database that has gone away.
_PATIENCE_SECONDS, _PAUSE_SECONDS = 5.0, 0.1
_ENTRY: LiteralString = "SELECT position, run_id, seq, event_id, type, hash, encoded FROM events"
_HEADS: LiteralString = """
SELECT DISTINCT ON (run_id) run_id, seq, hash FROM (
  SELECT run_id, seq, hash FROM events WHERE position > %s AND position <= %s
  UNION ALL SELECT run_id, seq, hash FROM stand_ins WHERE position > %s AND position <= %s
) AS ends ORDER BY run_id, seq DESC
"""
_LAST_POSITION: LiteralString = """
SELECT greatest((SELECT coalesce(max(position), 0) FROM events), (SELECT coalesce(max(position), 0) FROM stand_ins))
"""
_KNOWN: LiteralString = """
SELECT run_id FROM runs WHERE run_id = ANY(%s) UNION ALL SELECT run_id FROM deleted_runs WHERE run_id = ANY(%s)
"""
_STAND_INS: LiteralString = """
SELECT position, run_id, seq, '', '', hash, ''::bytea FROM stand_ins WHERE run_id = %s ORDER BY seq
"""


class PostgresReader:
    """A RecordReader of the database at a URL; recorders may write to it at the same time."""

    def __init__(self, url: str) -> None:
        """Read at *url*; nothing is opened before :meth:`open`."""
        self._url = url
        self._conninfo = checked(url)
        self._where = shown(url)
        self._pool = psycopg_pool.AsyncConnectionPool(
            self._conninfo, kwargs={"autocommit": True}, min_size=1, max_size=_CONNECTIONS, open=False
        )

    async def open(self) -> None:
        """Open the pool.

        Raises:
            StartError: there is no such database, it cannot be used, or no recorder has written to it.
        """
        async with await connected(self._url) as connection:
            known = await (await connection.execute("SELECT to_regclass('checkpoints')")).fetchone()
        if known is None or known[0] is None:
            raise StartError(f"PAL_STORE_URL={self._where}: holds no record; name the database of a recorder")
        await self._pool.open()

    async def last_position(self) -> int:
        """Return the newest position."""
        return int((await self._rows(_LAST_POSITION))[0][0])

    async def run(self, run_id: str) -> shared.Run | None:
        """Return a run."""
        rows = await self._rows("SELECT encoded FROM runs WHERE run_id = %s", run_id)
        return shared.Run.FromString(rows[0][0]) if rows else None

    async def known(self, run_ids: Sequence[str]) -> set[str]:
        """Return which of some runs there are."""
        wanted = list(run_ids)
        rows = await self._rows(_KNOWN, wanted, wanted)
        return {run_id for (run_id,) in rows}

    async def runs(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        """Return selected runs, newest first."""
        return merged([await self._listed(one, before, limit) for one in single(query)], limit)

    async def _listed(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        table, where, values = _where(query)
        if before:
            where.append("(accepted_ns, run_id) < (%s, %s)")
            values.extend(before)
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        sql = f"SELECT encoded FROM {table} {condition} ORDER BY accepted_ns DESC, run_id DESC LIMIT %s".encode()
        return [shared.Run.FromString(encoded) for (encoded,) in await self._rows(sql, *values, limit)]

    async def entries(self, run_id: str, after_seq: int, limit: int, prefixes: Sequence[str] = ()) -> list[Entry]:
        """Return entries of one run."""
        fitting: LiteralString = "AND EXISTS (SELECT FROM unnest(%s::text[]) AS word WHERE starts_with(type, word))"
        words = (list(prefixes),) if prefixes else ()
        sql: LiteralString = f"{_ENTRY} WHERE run_id = %s AND seq > %s {fitting if words else ''} ORDER BY seq LIMIT %s"
        return await self._entries(sql, run_id, after_seq, *words, limit)

    async def entries_of(self, run_ids: Sequence[str]) -> list[Entry]:
        """Return all entries of some runs."""
        return await self._entries(_ENTRY + " WHERE run_id = ANY(%s) ORDER BY run_id, seq", list(run_ids))

    async def newest_ids(self, run_id: str, limit: int) -> dict[str, int]:
        """Return the newest event ids of a run."""
        sql: LiteralString = "SELECT event_id, seq FROM events WHERE run_id = %s ORDER BY seq DESC LIMIT %s"
        return dict(reversed(await self._rows(sql, run_id, limit)))

    async def entries_of_all(self, after_position: int, limit: int) -> list[Entry]:
        """Return entries of all runs.

        Positions are given out by one writer after the other, so below one that is visible none is still to come.
        """
        return await self._entries(_ENTRY + " WHERE position > %s ORDER BY position LIMIT %s", after_position, limit)

    async def entries_by_run(self, after: tuple[str, int], limit: int) -> list[Entry]:
        """Return entries of all runs by run id and seq."""
        sql: LiteralString = _ENTRY + " WHERE (run_id, seq) > (%s, %s) ORDER BY run_id, seq LIMIT %s"
        return await self._entries(sql, *after, limit)

    async def heads(self, after_position: int, through_position: int) -> list[pb.RunHead]:
        """Return the newest end of each run."""
        bounds = (after_position, through_position)
        rows = await self._rows(_HEADS, *bounds, *bounds)
        return [pb.RunHead(run_id=run_id, seq=seq, hash=hash_) for run_id, seq, hash_ in rows]

    async def grown(self, after_position: int, through_position: int) -> set[str]:
        """Return the runs of a stretch of entries."""
        sql: LiteralString = "SELECT DISTINCT run_id FROM events WHERE position > %s AND position <= %s"
        return {run_id for (run_id,) in await self._rows(sql, after_position, through_position)}

    async def runs_without_events(self, after_run_id: str, limit: int) -> list[str]:
        """Return the runs whose events have left."""
        sql: LiteralString = "SELECT DISTINCT run_id FROM stand_ins WHERE run_id > %s ORDER BY run_id LIMIT %s"
        return [run_id for (run_id,) in await self._rows(sql, after_run_id, limit)]

    async def stand_ins(self, run_id: str) -> list[Entry]:
        """Return what stands in for entries that have left."""
        return await self._entries(_STAND_INS, run_id)

    async def deleted(self, run_id: str) -> pb.RunRemoval | None:
        """Return what is left of a deleted run."""
        rows = await self._rows("SELECT encoded FROM deleted_runs WHERE run_id = %s", run_id)
        return pb.RunRemoval.FromString(rows[0][0]) if rows else None

    async def archived(self, run_id: str) -> pb.ArchivedRun | None:
        """Return where an archive holds a run."""
        rows = await self._rows("SELECT encoded FROM archived_runs WHERE run_id = %s", run_id)
        return pb.ArchivedRun.FromString(rows[0][0]) if rows else None

    async def last_checkpoint(self) -> pb.Checkpoint | None:
        """Return the newest checkpoint."""
        rows = await self._rows("SELECT encoded FROM checkpoints ORDER BY number DESC LIMIT 1")
        return decoded(rows[0][0]) if rows else None

    async def checkpoints(self, after_number: int, limit: int) -> list[tuple[int, pb.Checkpoint]]:
        """Return checkpoints."""
        sql: LiteralString = "SELECT number, encoded FROM checkpoints WHERE number > %s ORDER BY number LIMIT %s"
        return [(number, decoded(encoded)) for number, encoded in await self._rows(sql, after_number, limit)]

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()

    async def _entries(self, sql: LiteralString, *values: Any) -> list[Entry]:
        return [Entry(*row) for row in await self._rows(sql, *values)]

    async def _rows(self, sql: LiteralString | bytes, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query, asked again on another connection while the database goes away and comes back.

        Raises:
            StoreLost: it did not come back.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_SECONDS
        while True:
            try:
                async with self._pool.connection(timeout=_PATIENCE_SECONDS) as connection:
                    return await (await connection.execute(sql, values, binary=True)).fetchall()
            except psycopg_pool.PoolTimeout as error:
                raise StoreLost(self._where, str(error)) from None
            except psycopg.Error as error:
                if isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted):
                    raise StoreDamaged(self._where, said(error)) from None
                if not is_lost(error):
                    raise
                if loop.time() > until:
                    raise StoreLost(self._where, said(error)) from None
            await self._pool.check()
            await asyncio.sleep(_PAUSE_SECONDS)


def _where(query: shared.RunQuery) -> tuple[str, list[str], list[Any]]:
    """Return the tables, the conditions and their values."""
    asked = conditions(query)
    where = [condition.strongest.replace("?", "%s") for condition in asked]
    values: list[Any] = [value for condition in asked for value in condition.values]
    # The labels come first: what the list is ordered by is then read from their index.
    tables = [f"run_labels AS label_{number}" for number in range(len(query.labels))]
    for table, label in zip(tables, query.labels.items(), strict=True):
        name = table.rpartition(" ")[2]
        where.append(f"{name}.key = %s AND {name}.value = %s")
        values.extend(label)
    joined = "".join(f" JOIN {table} USING (accepted_ns, run_id)" for table in [*tables, "runs"][1:])
    return f"{[*tables, 'runs'][0]}{joined}", where, values
