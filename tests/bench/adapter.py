"""An adapter under a load, its seams and its router in this process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

# What `pal up` sets for each process, here for the seams too; read when gRPC is imported.
os.environ["GRPC_EXPERIMENTS"] = "-event_engine_poller_for_python"
sys.path.append(str(Path(__file__).parents[2]))

from bare_sdk import Runs
from load import Load, apply_load

from pal.service.v1 import tool_executor_service_pb2 as executor
from pal_cli.bundled import BUNDLED
from tests.contract.runtimes.driver import Driver, agent, tool
from tests.fakes.seams import FakeSeams, Say, Script

_TOOL = "look_up"
_SCHEMA = '{"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}'
_WORD = "token "


class Adapter:
    """The adapter of a runtime."""

    def __init__(self, pid: int, driver: Driver, fakes: FakeSeams) -> None:
        """Drive the adapter, which reaches *fakes*, by *driver*."""
        self.pid = pid
        self._driver = driver
        self._fakes = fakes

    async def load(self, wanted: Runs) -> Load:
        """Return what *wanted* cost."""
        spec, tools = agent(), [tool(_TOOL, _SCHEMA)] if wanted.tool else []

        async def once() -> None:
            run = await self._driver.run(_script(wanted), spec=spec, tool_specs=tools, timeout=120)
            del self._fakes.scripts[run.lease.run_id]
            if run.result.output.text != _WORD * wanted.chunks:
                raise RuntimeError(f"a run ended with {run.result}")

        return await apply_load(once, runs=wanted.runs, concurrent=wanted.concurrent, pids=[self.pid])


def _script(wanted: Runs) -> Script:
    whole, rest = divmod(wanted.chunks, wanted.together)
    chunks = [_WORD * wanted.together] * whole + [_WORD * rest] * bool(rest)
    answer = Say(chunks=chunks, pause_seconds=wanted.pause_seconds * wanted.together)
    call = Say(calls=[("call-1", _TOOL, '{"number": 7}')])
    return Script(says=[call, answer] if wanted.tool else [answer], tools={_TOOL: _seven})


async def _seven(request: executor.ExecuteToolRequest) -> str:
    return "seven"


@asynccontextmanager
async def adapter(runtime: str, fakes: FakeSeams) -> AsyncIterator[Adapter]:
    """Run the adapter of *runtime* on *fakes* until the block ends."""
    with tempfile.TemporaryFile() as log:
        process, ready = await _started(runtime, fakes.address, log)
        try:
            line = await asyncio.to_thread(ready.readline)
            if not line:
                log.seek(0)
                raise RuntimeError(f"the adapter of {runtime} did not start: {log.read().decode()}")
            async with Driver(json.loads(line)["address"], fakes) as driver:
                yield Adapter(process.pid, driver, fakes)
        finally:
            ready.close()
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _started(runtime: str, peers: str, log: IO[bytes]) -> tuple[asyncio.subprocess.Process, IO[str]]:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *BUNDLED[runtime].command,
        env={
            "PATH": os.environ["PATH"],
            "GRPC_EXPERIMENTS": os.environ["GRPC_EXPERIMENTS"],
            "PAL_ADDRESS": "127.0.0.1:0",
            "PAL_REGISTRY_ADDRESS": peers,
            "PAL_LLM_PROVIDER_ADDRESS": peers,
            "PAL_TOOL_EXECUTOR_ADDRESS": peers,
            "PAL_CONCURRENT_RUNS": "128",
            "PAL_READY_FD": str(writing),
            "PAL_DIE_WITH_PARENT": "1",
        },
        pass_fds=[writing],
        stderr=log,
    )
    os.close(writing)
    return process, os.fdopen(reading)
