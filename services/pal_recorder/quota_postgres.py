"""Counters in PostgreSQL, for several recorders: whoever changes some has their rows locked until it is committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import LiteralString

import psycopg
import psycopg_pool

from pal.service.v1 import quota_service_pb2 as pb
from pal_recorder.quota_counters import SEPARATOR, Tallies
from pal_recorder.quota_tally import Tally
from pal_recorder.store import StoreLost, StoreUnavailable
from pal_rpc.postgres import is_lost, said

# The disk is not waited for: an event that is recorded later, whose writer waits for it, takes this change along.
_UNHURRIED: LiteralString = "SET LOCAL synchronous_commit = off"
_HAVE: LiteralString = "INSERT INTO quota_counters SELECT key, '' FROM unnest(%s::text[]) AS key ON CONFLICT DO NOTHING"
_LOCK: LiteralString = "SELECT key, encoded FROM quota_counters WHERE key = ANY(%s) ORDER BY key FOR UPDATE"
_PUT: LiteralString = """
UPDATE quota_counters SET encoded = new.encoded FROM unnest(%b::text[], %b::bytea[]) AS new (key, encoded)
WHERE quota_counters.key = new.key
"""
_ALL: LiteralString = """
SELECT key, encoded FROM quota_counters WHERE key > %s AND encoded <> '' AND (%s = '' OR starts_with(key, %s))
ORDER BY key LIMIT %s
"""
_IDLE: LiteralString = "SELECT key, encoded FROM quota_counters ORDER BY key FOR UPDATE SKIP LOCKED"
_PRUNED_EVERY_MS = 600_000


class PostgresCounters:
    """Counters by key; see :class:`pal_recorder.quota_counters.QuotaCounters`."""

    def __init__(self, pool: psycopg_pool.AsyncConnectionPool, where: str, now_ms: Callable[[], int]) -> None:
        """Use connections of *pool*; *where* is the database, for messages."""
        self._pool = pool
        self._where = where
        self._now_ms = now_ms
        self._pruned_ms = now_ms()

    async def change(self, keys: Sequence[str], changed: Callable[[Tallies], object]) -> None:
        """Change counters in one transaction."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                async with connection.pipeline():
                    await connection.execute(_UNHURRIED)
                    await connection.execute(_HAVE, (list(keys),))
                    found = await connection.execute(_LOCK, (list(keys),))
                    rows = await found.fetchall()
                tallies = {key: Tally(pb.QuotaState.FromString(encoded)) for key, encoded in rows}
                changed(tallies)
                states = [tally.state().SerializeToString() for tally in tallies.values()]
                await connection.execute(_PUT, (list(tallies), states))
            await self._prune()
        except psycopg.Error as error:
            raise self._unavailable(error) from None

    async def all(self, after: str, quota: str, limit: int) -> list[tuple[str, Tally]]:
        """Return counters."""
        try:
            async with self._pool.connection() as connection:
                found = await connection.execute(_ALL, (after, quota, quota + SEPARATOR, limit))
                return [(key, Tally(pb.QuotaState.FromString(encoded))) for key, encoded in await found.fetchall()]
        except psycopg.Error as error:
            raise self._unavailable(error) from None

    async def _prune(self) -> None:
        """Delete now and then the counters that nothing is held of and nothing used that still counts."""
        now_ms = self._now_ms()
        if now_ms - self._pruned_ms < _PRUNED_EVERY_MS:
            return
        self._pruned_ms = now_ms
        async with self._pool.connection() as connection, connection.transaction():
            found = await connection.execute(_IDLE)
            idle = [key for key, row in await found.fetchall() if Tally(pb.QuotaState.FromString(row)).idle(now_ms)]
            await connection.execute("DELETE FROM quota_counters WHERE key = ANY(%s)", (idle,))

    def _unavailable(self, error: psycopg.Error) -> StoreUnavailable:
        return (StoreLost if is_lost(error) else StoreUnavailable)(self._where, said(error))
