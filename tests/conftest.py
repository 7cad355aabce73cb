"""What tests of several services share: a PostgreSQL, started for the first test that needs one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.fakes.postgres import NoPostgres, Postgres, running_postgres


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Callable[[], Awaitable[Postgres]]]:
    """Return what returns the server of the session."""
    started: list[Postgres] = []
    async with AsyncExitStack() as stack:

        async def server() -> Postgres:
            if not started:
                try:
                    started.append(await stack.enter_async_context(running_postgres()))
                except NoPostgres as error:
                    pytest.skip(f"no PostgreSQL: {error}")
            return started[0]

        yield server


@pytest.fixture
async def database(postgres: Callable[[], Awaitable[Postgres]]) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Return what returns the URL of a new database, which is dropped after the test."""
    created: list[str] = []

    async def create() -> str:
        created.append(await (await postgres()).create_database())
        return created[-1]

    yield create
    for url in created:
        await (await postgres()).drop_database(url)
