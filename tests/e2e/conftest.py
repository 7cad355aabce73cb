"""A whole mesh in processes of its own, started by the command that operators use."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.otlp_collector import Collector, collector
from tests.fakes.postgres import Postgres

ROOT = Path(__file__).parents[2]
PAL = ROOT / ".venv" / "bin" / "pal"
EXAMPLES = ROOT / "examples"
ONE, TWO = ("agno",), ("agno", "pydantic-ai")
PROFILES = """
profiles:
  default: {provider: scripted}
  slow: {provider: faulty, model: chunks, options: {chunks: 40, pause_ms: 50}}
  endless: {provider: faulty, model: stall}
"""


@dataclass(frozen=True)
class Finished:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Cli:
    """The `pal` command against one home."""

    home: Path

    async def __call__(self, *arguments: str, stdin: bytes = b"", **env: str) -> Finished:
        """Run a command to its end."""
        process = await asyncio.create_subprocess_exec(
            PAL,
            *arguments,
            env={**os.environ, "PAL_HOME": str(self.home), **env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        out, err = await process.communicate(stdin)
        assert process.returncode is not None
        assert b"Traceback" not in err + out, err.decode()
        return Finished(process.returncode, out.decode(), err.decode())

    def state(self) -> Mapping[str, Any]:
        """Return what the supervisor wrote of the mesh."""
        return json.loads((self.home / "mesh.json").read_text())

    def address(self, service: str) -> str:
        """Return where a service listens."""
        return str(self.state()["addresses"][service])

    def pid(self, process: str) -> int:
        """Return the process id of a process of the mesh."""
        return int(self.state()["processes"][process]["pid"])

    async def restarted(self, process: str, old: int) -> None:
        """Return once a process that was *old* serves again."""
        async with asyncio.timeout(20):
            while True:
                entry = self.state()["processes"][process]
                if entry["pid"] != old and entry["state"] == "serving":
                    return
                # The state is a file that another process writes.
                await asyncio.sleep(0.05)


@asynccontextmanager
async def started(home: Path, *options: str, runtimes: Sequence[str] = ONE, **env: str) -> AsyncIterator[Cli]:
    """Start a mesh with *runtimes* on free ports in the background; stop it at the end."""
    cli = Cli(home)
    named = [part for runtime in runtimes for part in ("--runtime", runtime)]
    up = await cli("up", "--detach", "--port", "0", *named, *options, **env)
    assert up.code == 0, up.err
    try:
        yield cli
    finally:
        await cli("down")


# With PAL_TEST_STORE=postgres every mesh of the suite keeps its record and its documents in a PostgreSQL database.
ON_POSTGRES = os.environ.get("PAL_TEST_STORE") == "postgres"
Server = Callable[[], Awaitable[Postgres]]


@pytest.fixture(autouse=True)
async def store_url(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test that starts a mesh of its own a database of its own."""
    if ON_POSTGRES:
        monkeypatch.setenv("PAL_STORE_URL", await (await postgres()).create_database())


@pytest.fixture(scope="session")
async def traces() -> AsyncIterator[tuple[Collector, str]]:
    """Collect the spans of the mesh of the session; the address is where it sends them."""
    async with collector() as collecting:
        yield collecting


@pytest.fixture(scope="session")
async def pal(
    tmp_path_factory: pytest.TempPathFactory, postgres: Server, traces: tuple[Collector, str]
) -> AsyncIterator[Cli]:
    """Start one mesh with the examples for all tests that do not hurt it."""
    folder = tmp_path_factory.mktemp("mesh")
    (folder / "profiles.yaml").write_text(PROFILES)
    store = ("--store", await (await postgres()).create_database()) if ON_POSTGRES else ()
    options = (*store, "--drills", "--profiles", str(folder / "profiles.yaml"))
    async with started(folder / "home", *options, runtimes=TWO, PAL_OTLP_ENDPOINT=f"http://{traces[1]}") as cli:
        applied = await cli("apply", "-f", "examples")
        assert applied.code == 0, applied.err
        yield cli


def alive(pid: int) -> bool:
    """Tell whether a process is there."""
    return subprocess.run(["kill", "-0", str(pid)], capture_output=True, check=False).returncode == 0
