"""Whether memory stays flat over many runs, and what a client costs that does not read."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import uvloop
from bench_runs import AGENT, CHUNKS, run_on_pal
from load import apply_load
from measure import report, resident_bytes
from mesh import Mesh, mesh

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common

KIB = 1024
STALLED = 50
CHATTY = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: chatty, version: 1.0.0}
spec: {objective: Answer., modelNeeds: {profile: chatty}}
"""


def slope(points: list[tuple[int, int]]) -> float:
    """Return the least-squares slope of *points* (x, y)."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


async def stalled(running: Mesh) -> float:
    """Return what each client that starts a chatty run and never reads costs the core, in KiB."""
    before = resident_bytes(running.pids["core"])
    request = pb.RunRequest(agent=common.SpecSelector(name="chatty"), input=common.Payload(text="hello"))
    calls = [running.router.Run(request) for _ in range(STALLED)]
    # Runs of clients that read, so that the stalled ones have ended when they have.
    await apply_load(lambda: run_on_pal(running, "agno", "chatty"), runs=STALLED, concurrent=8, pids=[])
    grown = resident_bytes(running.pids["core"]) - before
    for call in calls:
        call.cancel()
    return grown / STALLED / KIB


async def main(runs: int, step: int) -> None:
    """Measure and print."""
    profiles = {
        "bench": {"provider": "faulty", "model": "chunks", "options": {"chunks": CHUNKS}},
        "chatty": {"provider": "faulty", "model": "chunks", "options": {"chunks": 500, "text": "x" * 1000}},
    }
    rows: dict[str, float | int | str] = {"runs": runs}
    with tempfile.TemporaryDirectory() as directory:
        async with mesh(Path(directory), profiles) as running:
            await running.apply(AGENT + "---" + CHATTY)
            points: dict[str, list[tuple[int, int]]] = {name: [] for name in running.pids}
            for done in range(step, runs + 1, step):
                await apply_load(lambda: run_on_pal(running, "agno"), runs=step, concurrent=32, pids=[])
                for name, pid in running.pids.items():
                    points[name].append((done, resident_bytes(pid)))
            for name, measured in points.items():
                # The first third fills caches that are bounded.
                rows[f"{name}: MiB at the end"] = measured[-1][1] / KIB / KIB
                rows[f"{name}: bytes/run, last two thirds"] = slope(measured[len(measured) // 3 :])
            rows["a client that does not read: KiB in the core"] = await stalled(running)
    report("memory over runs", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--step", type=int, default=500)
    arguments = parser.parse_args()
    uvloop.run(main(arguments.runs, arguments.step))
