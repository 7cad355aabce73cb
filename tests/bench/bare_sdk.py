"""The SDK of a runtime without PAL, in a process and an environment of its own, under a load."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from load import Load
from measure import total_cpu

from pal_cli.bundled import BUNDLED


@dataclass(frozen=True, kw_only=True)
class Runs:
    """A load: so many runs of one kind.

    The model answers in *chunks*, *pause_seconds* apart, after one call of a tool where *tool*. *together* chunks
    leave the LLM provider in one message, which is what its window makes of them.
    """

    runs: int
    concurrent: int = 1
    chunks: int = 5
    tool: bool = False
    pause_seconds: float = 0.0
    together: int = 1


class BareSdk:
    """The SDK with a model in its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Speak to *process*."""
        self.pid = process.pid
        self._process = process

    async def load(self, wanted: Runs) -> Load:
        """Return what *wanted* cost; chunks leave the model one by one."""
        request = asdict(wanted)
        del request["together"]
        cpu_before = total_cpu([self.pid])
        answer = await self._ask(request)
        return Load(runs=wanted.runs, cpu_seconds=total_cpu([self.pid]) - cpu_before, **answer)

    async def ready(self) -> None:
        """Return once the process takes loads."""
        await self._answer()

    async def _ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bare SDK has ended; what it said is above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def script(runtime: str) -> Path | None:
    """Return what runs the bare SDK of *runtime*; None when nobody has written it."""
    return next((Path(__file__).parent / "adapters").glob(f"{runtime}_bare.*"), None)


@asynccontextmanager
async def bare_sdk(runtime: str) -> AsyncIterator[BareSdk]:
    """Run the SDK of *runtime* until the block ends."""
    process = await asyncio.create_subprocess_exec(
        BUNDLED[runtime].command[0],
        str(script(runtime)),
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        sdk = BareSdk(process)
        await sdk.ready()
        yield sdk
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
