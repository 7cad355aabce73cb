"""How long a run stands still when its adapter or its router is killed, what resuming costs, how fast runs replay.

The first two are the time from SIGKILL to the first event of the next attempt of a run whose model was talking. A run
that waits for a person has its CPU measured up to the wait, and from the answer to its end: the second attempt goes the
same way from the record, carries out what was approved, and asks the model for its last word.

    .venv/bin/python tests/bench/bench_recovery.py [--kills 5] [--runs 60]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from measure import percentile, report, total_cpu
from mesh import Mesh, mesh

sys.path.insert(0, str(Path(__file__).parents[2]))

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_cli.health import wait_ready
from pal_rpc.channels import channel
from pal_rpc.recorder_client import RecorderClient
from pal_transfer.replays import Job, replay_all

ROOT = Path(__file__).parents[2]
TALKER = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: talker, version: 1.0.0}
spec: {objective: Take long., modelNeeds: {profile: talker}}
"""
PROFILES = {
    "default": {"provider": "scripted"},
    "talker": {"provider": "faulty", "model": "chunks", "options": {"chunks": 400, "pause_ms": 50}},
}
RUNTIMES = ("pydantic-ai", "agno")
WORKERS = 16
F1 = events.REPLAY_FIDELITY_ORDERED


async def begun(router: rpc.RouterServiceStub, runtime: str) -> str:
    """Begin a run whose model talks for twenty seconds; return it once it talks."""
    request = pb.RunRequest(
        agent=common.SpecSelector(name="talker"), input=common.Payload(text="go"), pinned_runtime=runtime
    )
    run_id = ""
    call = router.Run(request)
    async for response in call:
        for frame in response.frames:
            run_id = run_id or frame.event.run_id
            if frame.HasField("live_output"):
                call.cancel()
                return run_id
    raise RuntimeError("the run ended before its model had talked")


async def stood_still(router: rpc.RouterServiceStub, run_id: str, pid: int) -> float:
    """Kill *pid* and return the seconds until the next attempt of the run has an event at *router*; then cancel it."""
    run = (await router.GetRun(pb.GetRunRequest(run_id=run_id))).run
    call = router.Watch(pb.WatchRequest(run_id=run_id, after_seq=run.head_seq, follow=True))
    os.kill(pid, signal.SIGKILL)
    began = time.perf_counter()
    async for response in call:
        if any(frame.event.lease_epoch > run.epoch for frame in response.frames):
            break
    took = time.perf_counter() - began
    call.cancel()
    await router.Cancel(pb.CancelRequest(run_id=run_id, reason="measured"))
    return took


async def adapters_killed(running: Mesh, runtime: str, kills: int) -> list[float]:
    """Return how long runs stood still whose adapter was killed; each kill finds it settled."""
    took = []
    for _ in range(kills):
        run_id = await begun(running.router, runtime)
        pid = running.pids[runtime]
        took.append(await stood_still(running.router, run_id, pid))
        # Until the registry has noticed, it shows the life that was ended.
        while running.pids[runtime] == pid or running.state.processes[runtime].state != "serving":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await wait_ready(running.state.addresses, [runtime], 60)
    return took


@asynccontextmanager
async def router(running: Mesh, directory: Path) -> AsyncIterator[tuple[int, rpc.RouterServiceStub]]:
    """Start one more router beside that of the core."""
    reading, writing = os.pipe()
    addresses = running.state.addresses
    env = {
        "PATH": os.environ["PATH"],
        "PAL_ADDRESS": "127.0.0.1:0",
        "PAL_REGISTRY_ADDRESS": addresses["registry"],
        "PAL_RECORDER_ADDRESS": addresses["recorder"],
        "PAL_KEYS_DIR": str(directory / "keys"),
        "PAL_SERVICE_TOKEN_FILE": str(directory / "keys" / "router.token"),
        "PAL_READY_FD": str(writing),
        "PAL_DIE_WITH_PARENT": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pal_router", env=env, pass_fds=[writing], cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )
    os.close(writing)
    with os.fdopen(reading) as ready:
        address = json.loads(await asyncio.to_thread(ready.readline))["address"]
    await wait_ready({"router": address, "registry": addresses["registry"]}, list(RUNTIMES), 30)
    async with channel(address) as opened:
        yield process.pid, rpc.RouterServiceStub(opened)
    if process.returncode is None:
        process.kill()
    await process.wait()


async def routers_killed(running: Mesh, directory: Path, kills: int) -> list[float]:
    """Return how long runs stood still whose router was killed, as the router of the core takes them over."""
    took = []
    for _ in range(kills):
        async with router(running, directory) as (pid, other):
            run_id = await begun(other, RUNTIMES[0])
            took.append(await stood_still(running.router, run_id, pid))
    return took


async def resumed(running: Mesh, runs: int) -> dict[str, float | int]:
    """Return what the first and the second attempt of runs cost that wait for a person in between."""
    pids = running.pids.values()
    request = pb.RunRequest(
        agent=common.SpecSelector(name="support-desk"),
        input=common.Payload(text="I want my money back for order A-1001"),
        pinned_runtime=RUNTIMES[0],
    )
    await _ended(running.router.Run(request))
    before = total_cpu(pids)
    waiting = [await _ended(running.router.Run(request)) for _ in range(runs)]
    first = total_cpu(pids) - before
    before = total_cpu(pids)
    for run_id, input_id in waiting:
        accepted = events.INPUT_DECISION_ACCEPTED
        await running.router.Answer(pb.AnswerRequest(run_id=run_id, input_id=input_id, decision=accepted))
        await _ended(running.router.Watch(pb.WatchRequest(run_id=run_id, after_seq=1, follow=True)), "run.finished")
    second = total_cpu(pids) - before
    async with channel(running.state.addresses["recorder"]) as opened:
        record = RecorderClient(recorder_rpc.RecorderServiceStub(opened), "")
        log = [event async for event in record.log(waiting[0][0])]
    asked = [event.model_call_started.call_id for event in log if event.type == "model.call.started"]
    return {
        "first attempt, CPU ms": first / runs * 1000,
        "second attempt, to its end, CPU ms": second / runs * 1000,
        "second / first": second / first,
        "model calls of the run": len(asked),
        "model calls made again": len(asked) - len(set(asked)),
    }


async def _ended(call: AsyncIterator[pb.RunResponse], type_: str = "run.suspended") -> tuple[str, str]:
    run_id = input_id = ""
    async for response in call:
        for frame in response.frames:
            run_id = run_id or frame.event.run_id
            input_id = frame.event.input_requested.input_id or input_id
            if frame.event.type == type_:
                call.cancel()  # type: ignore[attr-defined]
                return run_id, input_id
            if frame.event.type == "run.finished":
                raise RuntimeError(f"run {run_id} ended: {frame.event.run_finished.failure.message}")
    raise RuntimeError("the run did not come so far")


async def replayed(running: Mesh, runtime: str, text: str, runs: int) -> dict[str, float | int]:
    """Return how many runs are replayed at F1 in a second, and in a second of CPU time."""
    name = f"{runtime}-{len(text)}"
    request = pb.RunRequest(
        agent=common.SpecSelector(name="support-desk"),
        input=common.Payload(text=text),
        pinned_runtime=runtime,
        labels={"bench": name},
    )
    for _ in range(runs):
        await _ended(running.router.Run(request), "run.finished")
    query = shared.RunQuery(labels={"bench": name}, mode=common.EXECUTION_MODE_LIVE, page_size=200)
    sources = list((await running.router.ListRuns(pb.ListRunsRequest(query=query))).runs)
    job = Job(query=query, runtime=runtime, fidelity=F1, name=f"bench-{name}")
    before, began = total_cpu(running.pids.values()), time.perf_counter()
    results = await replay_all(running.router, job, sources, workers=WORKERS, per_second=0, done=lambda _: None)
    took, cpu = time.perf_counter() - began, total_cpu(running.pids.values()) - before
    same = sum(result.same for result in results)
    return {
        f"F1 on {runtime}, {sources[0].head_seq} events: same": f"{same} of {len(results)}",
        f"F1 on {runtime}, {sources[0].head_seq} events: runs per second": len(results) / took,
        f"F1 on {runtime}, {sources[0].head_seq} events: runs per second and core": len(results) / cpu,
    }


async def main(kills: int, runs: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with mesh(directory, PROFILES, RUNTIMES, ROOT / "examples" / "tools.yaml") as running:
            await running.apply(TALKER)
            for file in ("tools.yaml", "policy.yaml", "agent.yaml"):
                await running.apply((ROOT / "examples" / "support-desk" / file).read_text())
            await wait_ready(running.state.addresses, [*RUNTIMES, "echo"], 60)
            rows: dict[str, float | int | str] = {}
            rows |= await resumed(running, runs)
            for runtime in ("echo", *RUNTIMES):
                for text in ("Hello.", "Where is order A-1001?"):
                    rows |= await replayed(running, runtime, text, runs)
            lost = await routers_killed(running, directory, kills)
            rows |= {"killed router, p50 s": percentile(lost, 0.5), "killed router, longest s": max(lost)}
            for runtime in RUNTIMES:
                # An adapter that ends again and again is given up, so each is killed a few times only.
                lost = await adapters_killed(running, runtime, min(kills, 3))
                rows |= {f"killed {runtime}, p50 s": percentile(lost, 0.5), f"killed {runtime}, longest s": max(lost)}
    report("recovery", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--runs", type=int, default=60)
    arguments = parser.parse_args()
    uvloop.run(main(arguments.kills, arguments.runs))
