"""What a streamed chunk costs on its way through the LLM provider, the adapter and the router: flat out and paced.

The cost of a chunk is the CPU time of all processes of runs with many chunks, less that of runs with few, by chunk.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import uvloop
from load import Load, apply_load
from measure import report
from mesh import Mesh, mesh

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events

STREAMS = 32
FEW, MANY, PACED = 5, 2000, 250
PAUSE_MS = 20
AGENT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {{name: {name}, version: 1.0.0}}
spec: {{objective: Answer., modelNeeds: {{profile: {name}}}}}
"""


async def run_once(running: Mesh, agent: str) -> None:
    """Run an agent and read all of its output."""
    request = pb.RunRequest(agent=common.SpecSelector(name=agent), input=common.Payload(text="hello"))
    outcome = None
    async for response in running.router.Run(request):
        for frame in response.frames:
            if frame.event.type == "run.finished":
                outcome = frame.event.run_finished.outcome
    if outcome != events.RUN_OUTCOME_SUCCEEDED:
        raise RuntimeError(f"a run ended with {outcome}")


async def main(runs: int) -> None:
    """Measure and print."""
    counts = {"few": (FEW, 0), "many": (MANY, 0), "fewpaced": (FEW, PAUSE_MS), "paced": (PACED, PAUSE_MS)}
    profiles = {
        name: {"provider": "faulty", "model": "chunks", "options": {"chunks": chunks, "pause_ms": pause}}
        for name, (chunks, pause) in counts.items()
    }
    with tempfile.TemporaryDirectory() as directory:
        async with mesh(Path(directory), profiles) as running:
            await running.apply("---".join(AGENT.format(name=name) for name in profiles))

            async def load(agent: str, count: int) -> Load:
                return await apply_load(
                    lambda: run_once(running, agent), runs=count, concurrent=STREAMS, pids=running.pids.values()
                )

            await load("few", runs)
            few, many = await load("few", runs), await load("many", runs)
            few_paced, paced = await load("fewpaced", STREAMS), await load("paced", STREAMS)
    report(
        "streamed chunks through provider, adapter and router",
        {
            "streams": STREAMS,
            "flat out: CPU us/chunk": (many.cpu_ms_per_run - few.cpu_ms_per_run) * 1000 / (MANY - FEW),
            "flat out: chunks/s": MANY * many.runs / many.seconds,
            "paced at 50/s: CPU us/chunk": (paced.cpu_ms_per_run - few_paced.cpu_ms_per_run) * 1000 / (PACED - FEW),
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=96)
    uvloop.run(main(parser.parse_args().runs))
