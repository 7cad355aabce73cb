"""What is read of the store in SQLite."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_recorder.checkpoints import decoded
from pal_recorder.selecting import conditions, merged, single
from pal_recorder.sqlite_schema import opened_for_reading
from pal_recorder.store import Entry, StoreDamaged

T = TypeVar("T")

# Beyond a thousand it makes no difference.
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} LIMIT 1000)"
_LABEL = "key = ? AND value = ?"

_READERS = 2
# SQLite takes the hash from the row that has the maximum.
_HEADS = """
SELECT run_id, max(seq), hash FROM (
  SELECT run_id, seq, hash FROM events WHERE position > ?1 AND position <= ?2
  UNION ALL SELECT run_id, seq, hash FROM stand_ins WHERE position > ?1 AND position <= ?2
) GROUP BY run_id ORDER BY run_id
"""
LAST_POSITION = """
SELECT max((SELECT coalesce(max(position), 0) FROM events), (SELECT coalesce(max(position), 0) FROM stand_ins))
"""
_STAND_INS = """
SELECT position, run_id, seq, '', '', hash, x'' FROM stand_ins WHERE run_id = ? ORDER BY seq
"""


class SqliteReader:
    """A RecordReader of ``record.db`` in the directory it is given; a recorder may have it open at the same time."""

    def __init__(self, directory: Path) -> None:
        """Read in *directory*."""
        self._path = directory / "record.db"
        self._reads = ThreadPoolExecutor(_READERS, thread_name_prefix="read")
        self._reader = threading.local()

    async def last_position(self) -> int:
        """Return the newest position."""
        return await self._read(lambda db: next(db.execute(LAST_POSITION))[0])

    async def run(self, run_id: str) -> shared.Run | None:
        """Return a run."""
        sql = "SELECT encoded FROM runs WHERE run_id = ?"
        row: Any = await self._read(lambda db: next(db.execute(sql, (run_id,)), None))
        return shared.Run.FromString(row[0]) if row else None

    async def runs(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        """Return selected runs, newest first."""
        return merged([await self._listed(one, before, limit) for one in single(query)], limit)

    async def _listed(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        """Return selected runs, read along what fewest of them have."""
        asked, labels = conditions(query), list(query.labels.items())
        ways = [("runs", condition.leading, condition.values) for condition in asked]
        ways += [("run_labels", _LABEL, label) for label in labels]
        counts = await self._counts(ways)
        best = min((place for place, way in enumerate(ways) if way[1]), key=counts.__getitem__, default=None)
        where = [condition.leading if place == best else condition.checked for place, condition in enumerate(asked)]
        values = [value for condition in asked for value in condition.values]
        order = sorted(range(len(labels)), key=lambda place: counts[len(asked) + place])
        labels_lead = best is not None and best >= len(asked)
        tables = [f"run_labels AS label_{place}" for place in order]
        for place in order:
            where.append(f"label_{place}.key = ? AND label_{place}.value = ?")
            values.extend(labels[place])
        # What the list is ordered by is read from the index of the first table, which stays the first (CROSS).
        tables = [*tables, "runs"] if labels_lead else ["runs", *tables]
        joined = "".join(f" CROSS JOIN {table} USING (accepted_ns, run_id)" for table in tables[1:])
        if before:
            where.append("(accepted_ns, run_id) < (?, ?)")
            values.extend(before)
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        sql = f"SELECT encoded FROM {tables[0]}{joined} {condition} ORDER BY accepted_ns DESC, run_id DESC LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (*values, limit)).fetchall())
        return [shared.Run.FromString(encoded) for (encoded,) in rows]

    async def _counts(self, ways: Sequence[tuple[str, str, tuple[object, ...]]]) -> list[float]:
        """Return how many rows each of *ways* leads to, roughly; what leads nowhere comes last."""
        passable = [way for way in ways if way[1]]
        if len(passable) < 2:
            return [0.0 if way[1] else math.inf for way in ways]

        def count(db: apsw.Connection) -> list[float]:
            return [
                next(db.execute(_COUNT.format(table, leading), values))[0] if leading else math.inf
                for table, leading, values in ways
            ]

        return await self._read(count)

    async def entries(self, run_id: str, after_seq: int, limit: int, prefixes: Sequence[str] = ()) -> list[Entry]:
        """Return entries of one run."""
        types = " OR ".join("substr(type, 1, length(?)) = ?" for _ in prefixes)
        fitting = f"AND ({types})" if types else ""
        sql = f"SELECT * FROM events WHERE run_id = ? AND seq > ? {fitting} ORDER BY seq LIMIT ?"
        values = (run_id, after_seq, *(word for prefix in prefixes for word in (prefix, prefix)), limit)
        return await self._entries(sql, values)

    async def entries_of(self, run_ids: Sequence[str]) -> list[Entry]:
        """Return all entries of some runs."""
        sql = "SELECT * FROM events WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY run_id, seq"
        return await self._entries(sql, (json.dumps(list(run_ids)),))

    async def newest_ids(self, run_id: str, limit: int) -> dict[str, int]:
        """Return the newest event ids of a run."""
        sql = "SELECT event_id, seq FROM events WHERE run_id = ? ORDER BY seq DESC LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (run_id, limit)).fetchall())
        return dict(reversed(rows))

    async def entries_of_all(self, after_position: int, limit: int) -> list[Entry]:
        """Return entries of all runs."""
        sql = "SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?"
        return await self._entries(sql, (after_position, limit))

    async def entries_by_run(self, after: tuple[str, int], limit: int) -> list[Entry]:
        """Return entries of all runs by run id and seq."""
        sql = "SELECT * FROM events WHERE (run_id, seq) > (?, ?) ORDER BY run_id, seq LIMIT ?"
        return await self._entries(sql, (*after, limit))

    async def heads(self, after_position: int, through_position: int) -> list[pb.RunHead]:
        """Return the newest end of each run."""
        bounds = (after_position, through_position)
        rows: Any = await self._read(lambda db: db.execute(_HEADS, bounds).fetchall())
        return [pb.RunHead(run_id=run_id, seq=seq, hash=hash_) for run_id, seq, hash_ in rows]

    async def grown(self, after_position: int, through_position: int) -> set[str]:
        """Return the runs of a stretch of entries."""
        return {head.run_id for head in await self.heads(after_position, through_position)}

    async def runs_without_events(self, after_run_id: str, limit: int) -> list[str]:
        """Return the runs whose events have left."""
        sql = "SELECT DISTINCT run_id FROM stand_ins WHERE run_id > ? ORDER BY run_id LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (after_run_id, limit)).fetchall())
        return [run_id for (run_id,) in rows]

    async def stand_ins(self, run_id: str) -> list[Entry]:
        """Return what stands in for entries that have left."""
        return await self._entries(_STAND_INS, (run_id,))

    async def deleted(self, run_id: str) -> pb.RunRemoval | None:
        """Return what is left of a deleted run."""
        sql = "SELECT encoded FROM deleted_runs WHERE run_id = ?"
        row: Any = await self._read(lambda db: next(db.execute(sql, (run_id,)), None))
        return pb.RunRemoval.FromString(row[0]) if row else None

    async def archived(self, run_id: str) -> pb.ArchivedRun | None:
        """Return where an archive holds a run."""
        sql = "SELECT encoded FROM archived_runs WHERE run_id = ?"
        row: Any = await self._read(lambda db: next(db.execute(sql, (run_id,)), None))
        return pb.ArchivedRun.FromString(row[0]) if row else None

    async def last_checkpoint(self) -> pb.Checkpoint | None:
        """Return the newest checkpoint."""
        sql = "SELECT encoded FROM checkpoints ORDER BY number DESC LIMIT 1"
        row: Any = await self._read(lambda db: next(db.execute(sql), None))
        return decoded(row[0]) if row else None

    async def checkpoints(self, after_number: int, limit: int) -> list[tuple[int, pb.Checkpoint]]:
        """Return checkpoints."""
        sql = "SELECT number, encoded FROM checkpoints WHERE number > ? ORDER BY number LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (after_number, limit)).fetchall())
        return [(number, decoded(encoded)) for number, encoded in rows]

    async def close(self) -> None:
        """Wait for what is going on."""
        self._reads.shutdown()

    async def _entries(self, sql: str, values: tuple[Any, ...]) -> list[Entry]:
        return await self._read(lambda db: [Entry(*row) for row in db.execute(sql, values)])

    async def _read(self, query: Callable[[apsw.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reads, self._query, query)

    def _query(self, query: Callable[[apsw.Connection], T]) -> T:
        if not hasattr(self._reader, "db"):
            self._reader.db = opened_for_reading(self._path)
        try:
            return query(self._reader.db)
        except (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError) as error:
            raise StoreDamaged(str(self._path), str(error)) from None
