"""A bare SDK under load: what the benchmark of the adapters compares with.

``<runtime>_bare.py`` runs in the environment of its runtime, without PAL, and calls :func:`serve`. Then each line on
stdin is a load, in JSON: ``{"runs": 100, "concurrent": 8, "chunks": 5, "tool": false, "pause_seconds": 0}``. Each line
on stdout says when the load is over: ``{"seconds": 1.2, "latencies": [...]}``. An empty object says that the process
is ready.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import uvloop

WORD = "token "
TOOL = "look_up"
ARGUMENTS = '{"number": 7}'
RESULT = "seven"


@dataclass(frozen=True, kw_only=True)
class Script:
    """What the model says in each run: so many chunks, *pause_seconds* apart, after one call of the tool if *tool*."""

    chunks: int
    tool: bool
    pause_seconds: float

    async def words(self) -> AsyncIterator[str]:
        """Yield the chunks of the answer."""
        for _ in range(self.chunks):
            if self.pause_seconds:
                await asyncio.sleep(self.pause_seconds)
            yield WORD


Run = Callable[[], Awaitable[int]]


def serve(prepare: Callable[[Script], Run]) -> None:
    """Carry out loads until stdin ends; the run that *prepare* gives returns how many chunks it streamed."""
    uvloop.run(_serve(prepare))


async def _serve(prepare: Callable[[Script], Run]) -> None:
    _say({})
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = json.loads(line)
        runs, concurrent = wanted.pop("runs"), wanted.pop("concurrent")
        _say(await _load(prepare(Script(**wanted)), runs, concurrent, wanted["chunks"]))


async def _load(run: Run, runs: int, concurrent: int, chunks: int) -> dict[str, object]:
    left = iter(range(runs))
    latencies: list[float] = []

    async def worker() -> None:
        for _ in left:
            began = time.perf_counter()
            if (streamed := await run()) != chunks:
                raise RuntimeError(f"a run streamed {streamed} chunks of {chunks}")
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrent):
            group.create_task(worker())
    return {"seconds": time.perf_counter() - began, "latencies": latencies}


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
