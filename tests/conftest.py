"""What tests of several services share: how cases are drawn, and a PostgreSQL for the first test that needs one."""

from __future__ import annotations

import os
import signal

# As `pal` has it, and read when grpc is imported: what a test starts would now and then die of it.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.postgres import NoPostgres, Postgres, running_postgres

# A machine that is busy is slow now and then, and what fails is to fail for everybody.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
# A shell has what it starts in the background ignore it, and what ignores it hands that on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
