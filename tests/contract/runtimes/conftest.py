"""The runtimes under the contract: every adapter in a process and an environment of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.contract.runtimes.driver import Driver
from tests.fakes.seams import FakeRegistry, FakeSeams, seams

ROOT = Path(__file__).parents[3]
RUNTIMES = {
    "echo": (".venv/bin/python", "-m", "pal_adapter_host.echo"),
    "agno": (".venvs/agno/bin/python", "-m", "pal_agno"),
    "pydantic-ai": (".venvs/pydantic-ai/bin/python", "-m", "pal_pydantic_ai"),
    "langgraph": (".venvs/langgraph/bin/python", "-m", "pal_langgraph"),
    "openai-agents": (".venvs/openai-agents/bin/python", "-m", "pal_openai_agents"),
    "ai-sdk": ("node_modules/.bin/node", "adapters/ai-sdk/src/main.ts"),
}
# Only npm can bring it, and a machine may be without.
MISSING = set() if (ROOT / "node_modules" / ".ready").exists() else {"ai-sdk"}


@asynccontextmanager
async def started(runtime: str, address: str, **extra: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Start the adapter of *runtime* with every peer on *address*; yield where it listens."""
    interpreter, *arguments = RUNTIMES[runtime]
    reading, writing = os.pipe()
    env = {
        "PATH": os.environ["PATH"],
        "PAL_ADDRESS": "127.0.0.1:0",
        "PAL_REGISTRY_ADDRESS": address,
        "PAL_LLM_PROVIDER_ADDRESS": address,
        "PAL_TOOL_EXECUTOR_ADDRESS": address,
        "PAL_READY_FD": str(writing),
        "PAL_DIE_WITH_PARENT": "1",
        "PAL_DRAIN_SECONDS": "1",
        **extra,
    }
    process = await asyncio.create_subprocess_exec(
        str(ROOT / interpreter), *arguments, env=env, pass_fds=[writing], cwd=ROOT
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as ready:
            line = await asyncio.to_thread(ready.readline)
        assert line, f"the adapter of {runtime} did not start"
        yield json.loads(line)["address"], process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


@pytest.fixture(scope="session")
async def peers() -> AsyncIterator[tuple[FakeSeams, FakeRegistry]]:
    """Serve the fakes to all adapters."""
    async with seams() as fakes:
        yield fakes


@pytest.fixture(scope="session")
async def drivers(peers: tuple[FakeSeams, FakeRegistry]) -> AsyncIterator[dict[str, Driver]]:
    """Start every adapter once."""
    fakes, _ = peers
    async with AsyncExitStack() as stack:
        running = {}
        for runtime in (name for name in RUNTIMES if name not in MISSING):
            address, _ = await stack.enter_async_context(started(runtime, fakes.address))
            running[runtime] = await stack.enter_async_context(Driver(address, fakes))
        yield running


@pytest.fixture(scope="session", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    """Name the runtime under test."""
    if request.param in MISSING:
        pytest.skip("npm is not there, so nothing of TypeScript is installed")
    return str(request.param)


@pytest.fixture
def driver(drivers: dict[str, Driver], runtime: str) -> Driver:
    """Drive the runtime under test."""
    return drivers[runtime]
