"""What is read of the store in SQLite."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_recorder.checkpoints import decoded
from pal_recorder.sqlite_schema import opened_for_reading
from pal_recorder.store import Entry, StoreDamaged

T = TypeVar("T")

# Beyond a thousand it makes no difference.
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM run_labels WHERE key = ? AND value = ? LIMIT 1000)"

_READERS = 2
# The year 2262, which the column cannot exceed.
_MAX_NS = 2**63 - 1
_HEADS = """
SELECT run_id, max(seq), hash FROM events WHERE position > ? AND position <= ? GROUP BY run_id ORDER BY run_id
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
        return await self._read(lambda db: next(db.execute("SELECT coalesce(max(position), 0) FROM events"))[0])

    async def run(self, run_id: str) -> shared.Run | None:
        """Return a run."""
        sql = "SELECT encoded FROM runs WHERE run_id = ?"
        row: Any = await self._read(lambda db: next(db.execute(sql, (run_id,)), None))
        return shared.Run.FromString(row[0]) if row else None

    async def runs(self, query: shared.RunQuery, before: tuple[int, str] | None, limit: int) -> list[shared.Run]:
        """Return selected runs, newest first."""
        table, where, values = _where(query, await self._rarest_first(query))
        if before:
            where.append("(accepted_ns, run_id) < (?, ?)")
            values.extend(before)
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        sql = f"SELECT encoded FROM {table} {condition} ORDER BY accepted_ns DESC, run_id DESC LIMIT ?"
        rows: Any = await self._read(lambda db: db.execute(sql, (*values, limit)).fetchall())
        return [shared.Run.FromString(encoded) for (encoded,) in rows]

    async def _rarest_first(self, query: shared.RunQuery) -> list[tuple[str, str]]:
        """Return the labels of *query* so that the list is read along the one that fewest runs have."""
        labels = list(query.labels.items())
        if len(labels) < 2:
            return labels
        counts: list[int] = await self._read(lambda db: [next(db.execute(_COUNT, label))[0] for label in labels])
        return [label for _, label in sorted(zip(counts, labels, strict=True))]

    async def entries(self, run_id: str, after_seq: int, limit: int, prefixes: Sequence[str] = ()) -> list[Entry]:
        """Return entries of one run."""
        types = " OR ".join("substr(type, 1, length(?)) = ?" for _ in prefixes)
        fitting = f"AND ({types})" if types else ""
        sql = f"SELECT * FROM events WHERE run_id = ? AND seq > ? {fitting} ORDER BY seq LIMIT ?"
        values = (run_id, after_seq, *(word for prefix in prefixes for word in (prefix, prefix)), limit)
        return await self._entries(sql, values)

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
        """Return the newest end of each run; SQLite takes the hash from the row that has the maximum."""
        bounds = (after_position, through_position)
        rows: Any = await self._read(lambda db: db.execute(_HEADS, bounds).fetchall())
        return [pb.RunHead(run_id=run_id, seq=seq, hash=hash_) for run_id, seq, hash_ in rows]

    async def grown(self, after_position: int, through_position: int) -> set[str]:
        """Return the runs of a stretch of entries."""
        return {head.run_id for head in await self.heads(after_position, through_position)}

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


def _where(query: shared.RunQuery, labels: Sequence[tuple[str, str]]) -> tuple[str, list[str], list[Any]]:
    """Return the table, the conditions and their values.

    Conditions that follow from others say that an index which is limited to them may be used.
    """
    where: list[str] = []
    values: list[Any] = []
    if query.states:
        where.append(f"state IN ({', '.join('?' for _ in query.states)})")
        values.extend(query.states)
        if shared.RUN_STATE_FINISHED not in query.states:
            where.append(f"state <> {shared.RUN_STATE_FINISHED}")
    fields = {
        "agent = ?": query.agent_name,
        "conversation = ? AND conversation <> ''": query.conversation_id,
        "runtime = ?": query.runtime,
    }
    for condition, value in fields.items():
        if value:
            where.append(condition)
            values.append(value)
    if query.HasField("accepted_from"):
        where.append("accepted_ns >= ?")
        values.append(min(query.accepted_from.ToNanoseconds(), _MAX_NS))
    # The labels come first and stay there (CROSS): what the list is ordered by is read from the index of the first.
    tables = [f"run_labels AS label_{number}" for number in range(len(labels))]
    for table, label in zip(tables, labels, strict=True):
        name = table.rpartition(" ")[2]
        where.append(f"{name}.key = ? AND {name}.value = ?")
        values.extend(label)
    joined = "".join(f" CROSS JOIN {table} USING (accepted_ns, run_id)" for table in [*tables, "runs"][1:])
    return f"{[*tables, 'runs'][0]}{joined}", where, values
