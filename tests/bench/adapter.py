"""An adapter under a load, its seams and its router in this process."""

from __future__ import annotations

import asyncio
import itertools
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

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as executor
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools
from pal_cli.bundled import BUNDLED
from pal_log.payload import text_payload
from pal_rpc.channels import channel
from tests.fakes.seams import FakeSeams, Say, Script

_AGENT = agents.AgentSpec(
    metadata=common.SpecMeta(name="bench", version="1.0.0"), spec=agents.AgentDefinition(objective="Answer.")
)
_SCHEMA = '{"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}'
_TOOL = tools.ToolSpec(
    metadata=common.SpecMeta(name="look_up", version="1.0.0", digest="sha256:look_up"),
    spec=tools.ToolDefinition(purpose="Look a number up.", input=common.JsonSchema(text=_SCHEMA)),
)
_WORD = "token "
_numbers = itertools.count(1)


class Adapter:
    """The adapter of a runtime."""

    def __init__(self, pid: int, stub: rpc.RuntimeServiceStub, fakes: FakeSeams) -> None:
        """Drive the adapter, which reaches *fakes*, by *stub*."""
        self.pid = pid
        self._stub = stub
        self._fakes = fakes

    async def load(self, wanted: Runs) -> Load:
        """Return what *wanted* cost."""
        return await apply_load(
            lambda: self._run(wanted), runs=wanted.runs, concurrent=wanted.concurrent, pids=[self.pid]
        )

    async def _run(self, wanted: Runs) -> None:
        run_id = f"run-{next(_numbers)}"
        self._fakes.scripts[run_id] = _script(wanted)
        request = rt.RuntimeServiceRunRequest(
            lease=shared.RunLease(run_id=run_id, epoch=1, mode=common.EXECUTION_MODE_LIVE, token="token"),
            agent=_AGENT,
            tools=[_TOOL] if wanted.tool else [],
            input=text_payload("hello"),
        )
        last = rt.RunFrame()
        async for response in self._stub.Run(request, timeout=120):
            last = response.frames[-1]
        del self._fakes.scripts[run_id]
        if last.result.output.text != _WORD * wanted.chunks:
            raise RuntimeError(f"a run ended with {last}")


def _script(wanted: Runs) -> Script:
    whole, rest = divmod(wanted.chunks, wanted.together)
    chunks = [_WORD * wanted.together] * whole + [_WORD * rest] * bool(rest)
    answer = Say(chunks=chunks, pause_seconds=wanted.pause_seconds * wanted.together)
    call = Say(calls=[("call-1", _TOOL.metadata.name, '{"number": 7}')])
    return Script(says=[call, answer] if wanted.tool else [answer], tools={_TOOL.metadata.name: _seven})


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
            async with channel(json.loads(line)["address"]) as connected:
                yield Adapter(process.pid, rpc.RuntimeServiceStub(connected), fakes)
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
