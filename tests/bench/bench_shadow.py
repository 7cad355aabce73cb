"""What a shadow costs the live runs beside it: throughput and latency with a fifth of them shadowed, and without.

Rounds with the shadow and without alternate, and the ratio is the median of the ratios of neighbouring rounds. Every
sampled run is run again in both lanes, by the workers and at the pace that a mesh has from the start: what does not fit
into it waits or is dropped.

Usage: .venv/bin/python tests/bench/bench_shadow.py [--runs 1000] [--rounds 4] [--concurrent 8]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

import uvloop
from bench_runs import AGENT, run_on_pal
from load import Load, apply_load
from measure import report, total_cpu
from mesh import Mesh, mesh

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import migration_service_pb2_grpc as rpc
from pal_rpc.channels import channel

CHUNKS, PAUSE_MS = 5, 20
SAMPLE_PPM = 200_000
COSTED = 100
SELECTOR = pb.ShadowSelector(agent="bench", candidate="echo")
PLAN = pb.ShadowPlan(agent="bench", candidate="echo", sample_ppm=SAMPLE_PPM, any_tier=True, max_runs_per_day=1_000_000)
WHOLE = pb.ShadowPlan(agent="bench", candidate="echo", sample_ppm=1_000_000, any_tier=True, max_runs_per_day=1_000_000)


async def main(runs: int, rounds: int, concurrent: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        options = {"chunks": CHUNKS, "pause_ms": PAUSE_MS}
        profiles = {"bench": {"provider": "faulty", "model": "chunks", "options": options}}
        async with (
            mesh(Path(directory), profiles) as mesh_,
            channel(mesh_.state.addresses["migration"]) as opened,
        ):
            migration = rpc.MigrationServiceStub(opened)
            await mesh_.apply(AGENT)
            await _round(mesh_, runs, concurrent)
            loads: dict[bool, list[Load]] = {True: [], False: []}
            shadowed = dropped = 0
            for number in range(rounds):
                # Either goes first as often as the other.
                for shadowing in (number % 2 == 0, number % 2 == 1):
                    if shadowing:
                        await migration.StartShadow(pb.StartShadowRequest(plan=PLAN))
                    loads[shadowing].append(await _round(mesh_, runs, concurrent))
                    if shadowing:
                        stopped = await migration.StopShadow(pb.StopShadowRequest(shadow=SELECTOR))
                        shadowed += stopped.shadow.progress.compared
                        dropped += stopped.shadow.progress.sampled - stopped.shadow.progress.compared
                        async for _ in migration.WatchShadow(pb.WatchShadowRequest(shadow=SELECTOR)):
                            pass
    _report(loads, shadowed, dropped)
    await cost(COSTED, concurrent)


async def cost(runs: int, concurrent: int) -> None:
    """Measure and print what a pair costs: the CPU of the mesh for runs that are shadowed, less that of others."""
    os.environ["PAL_SHADOW_RUNS_PER_SECOND"] = "1000000"
    with tempfile.TemporaryDirectory() as directory:
        profiles = {"bench": {"provider": "faulty", "model": "chunks", "options": {"chunks": CHUNKS}}}
        async with (
            mesh(Path(directory), profiles) as mesh_,
            channel(mesh_.state.addresses["migration"]) as opened,
        ):
            migration = rpc.MigrationServiceStub(opened)
            await mesh_.apply(AGENT)
            await _round(mesh_, runs, concurrent)
            alone = total_cpu(mesh_.pids.values())
            await _round(mesh_, runs, concurrent)
            alone = total_cpu(mesh_.pids.values()) - alone
            await migration.StartShadow(pb.StartShadowRequest(plan=WHOLE))
            shadowed = total_cpu(mesh_.pids.values())
            await _round(mesh_, runs, concurrent)
            async for frame in migration.WatchShadow(pb.WatchShadowRequest(shadow=SELECTOR)):
                if frame.shadow.progress.compared >= runs:
                    break
            shadowed = total_cpu(mesh_.pids.values()) - shadowed
    report(
        "CPU of the mesh, in milliseconds",
        {"a live run": alone / runs * 1000, "a pair: both lanes and the comparisons": (shadowed - alone) / runs * 1000},
    )


async def _round(mesh_: Mesh, runs: int, concurrent: int) -> Load:
    return await apply_load(
        lambda: run_on_pal(mesh_, "agno"), runs=runs, concurrent=concurrent, pids=[mesh_.pids["core"]]
    )


def _report(loads: dict[bool, list[Load]], shadowed: int, dropped: int) -> None:
    pairs = list(zip(loads[True], loads[False], strict=True))
    figures = {
        name: {
            "runs per second": round(statistics.median(load.runs_per_second for load in measured), 1),
            "p50 ms": round(statistics.median(load.p50_ms for load in measured), 1),
            "p99 ms": round(statistics.median(load.p99_ms for load in measured), 1),
        }
        for name, measured in (("with a shadow", loads[True]), ("without", loads[False]))
    }
    figures["ratio"] = {
        "runs per second": round(statistics.median(on.runs_per_second / off.runs_per_second for on, off in pairs), 3),
        "p50 ms": round(statistics.median(on.p50_ms / off.p50_ms for on, off in pairs), 3),
        "p99 ms": round(statistics.median(on.p99_ms / off.p99_ms for on, off in pairs), 3),
    }
    report("live runs beside a shadow of 20 %", figures)
    print(f"{shadowed} sampled runs were run again in both lanes while it was measured, {dropped} were not yet")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=4)
    arguments.add_argument("--concurrent", type=int, default=8)
    given = arguments.parse_args()
    uvloop.run(main(given.runs, given.rounds, given.concurrent))
