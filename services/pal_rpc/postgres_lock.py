"""A connection to PostgreSQL that holds something of which there is one, for example a lock, as long as it lasts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.postgres import is_lost, kept, said, shown, start_error

T = TypeVar("T")


class Holding:
    """The connection, and a new one whenever it breaks and what it held can be had again."""

    def __init__(self, url: str, take: Callable[[psycopg.AsyncConnection], Awaitable[str]], trouble: str) -> None:
        """Connect to *url*; *take* takes what is held and returns why that cannot be had, *trouble* is for messages."""
        self._url = url
        self._take = take
        self._trouble = trouble
        self.connection: psycopg.AsyncConnection | None = None

    async def held(self) -> psycopg.AsyncConnection:
        """Return the connection that holds it.

        Raises:
            StartError: there is no such database, it cannot be used, or somebody else holds it.
        """
        if self.connection is None:
            async with kept(self._url) as connection:
                try:
                    problem = await self._take(connection)
                except psycopg.Error as error:
                    raise start_error(self._url, error) from None
                if problem:
                    raise StartError(f"PAL_STORE_URL={shown(self._url)}: {problem}")
            self.connection = connection
        return self.connection

    async def done(self, work: Callable[[psycopg.AsyncConnection], Awaitable[T]]) -> T:
        """Return what *work* gives; once more on a new connection when the old one turns out to be broken.

        Raises:
            MeshError: STORE_UNAVAILABLE.
        """
        again = self.connection is not None
        while True:
            try:
                return await work(await self.held())
            except StartError as error:
                raise self._unavailable(str(error)) from None
            except psycopg.Error as error:
                await self.close()
                if not (again and is_lost(error)):
                    raise self._unavailable(said(error)) from None
                again = False

    async def close(self) -> None:
        """Close the connection, and with it give up what it held."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.close()

    def _unavailable(self, problem: str) -> MeshError:
        return MeshError(
            reasons.ERROR_REASON_STORE_UNAVAILABLE,
            f"{self._trouble} ({problem}); see that the database runs, then try again",
            store=shown(self._url),
        )
