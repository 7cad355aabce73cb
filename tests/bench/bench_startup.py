"""From `pal up` to the first run that succeeded, warm, and how long each process takes until it serves."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import uvloop
from bench_runs import AGENT, CHUNKS, run_on_pal
from measure import report
from mesh import mesh

ROUNDS = 3


async def once(directory: Path) -> dict[str, float]:
    """Return the seconds of one start."""
    profiles = {"bench": {"provider": "faulty", "model": "chunks", "options": {"chunks": CHUNKS}}}
    began = time.time()
    async with mesh(directory, profiles, ("agno", "pydantic-ai")) as running:
        seconds = {"mesh ready": time.time() - began}
        await running.apply(AGENT)
        await run_on_pal(running, "agno")
        seconds["first run succeeded"] = time.time() - began
        for name, process in running.state.processes.items():
            seconds[f"{name} serves"] = process.serving_at - process.started_at
    return seconds


async def main() -> None:
    """Measure and print the fastest of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            rounds.append(await once(Path(directory)))
    report("start-up, seconds", {name: min(one[name] for one in rounds) for name in rounds[0]})


if __name__ == "__main__":
    uvloop.run(main())
