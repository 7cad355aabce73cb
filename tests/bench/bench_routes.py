"""What a routing decision takes, how soon three routers follow a rollback, and what SLO figures over many runs take."""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import uvloop
from google.protobuf import duration_pb2
from measure import percentile, report

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_recorder.slo_fold import SloFold
from pal_recorder.slo_query import SloQuery
from pal_recorder.slo_rollup import DAY, Rollup, RollupKey, keys_of
from pal_recorder.slo_timing import RunTiming
from pal_recorder.sqlite import SqliteStore
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_router.__main__ import Config as RouterConfig
from pal_router.__main__ import router
from pal_router.auto import Auto, Situation, Standing
from pal_router.selection import select
from pal_router.split import Affinity
from pal_rpc.channels import channel
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_rpc.snapshot import RegistrySnapshot

AGENTS, RUNTIMES, ROUTERS = 300, 5, 3
DECISIONS, CHANGES, QUERIES = 20_000, 200, 20
AGENT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {{name: agent-{number}, version: 1.0.0}}
spec: {{objective: Answer.}}
"""


async def published(stub: rpc.RegistryServiceStub) -> None:
    """Publish agents, runtimes and a route with a split for each agent."""
    await stub.Apply(pb.ApplyRequest(text="---".join(AGENT.format(number=number) for number in range(AGENTS))))
    for number in range(RUNTIMES):
        declared = capabilities.RuntimeCapability(
            runtime=f"runtime-{number}",
            version=">=1",
            capabilities=capabilities.RuntimeFeatures(modes=["conversational"], tool_calling=True),
        )
        await stub.RegisterRuntime(
            pb.RegisterRuntimeRequest(
                capability=declared,
                installed_version="1.0.0",
                endpoint="127.0.0.1:1",
                instance_id=str(number),
                ttl=duration_pb2.Duration(seconds=3600),
            )
        )
    for number in range(AGENTS):
        await stub.SetRoute(pb.SetRouteRequest(route=route(f"agent-{number}", 1000)))


def route(agent: str, share: int) -> pb.Route:
    """Return a route that gives the candidate its *share*."""
    return pb.Route(
        agent=agent,
        stable="runtime-0",
        candidate="runtime-1",
        candidate_basis_points=share,
        fallbacks=["runtime-2", "runtime-3"],
    )


async def decisions(stub: rpc.RegistryServiceStub) -> None:
    """Measure the choice by a route and the choice by figures."""
    async with RegistrySnapshot(stub) as snapshot:
        await snapshot.ready()
        agents = [document.agent for document in snapshot.newest(pb.DOCUMENT_KIND_AGENT)]
        began = time.process_time()
        for number in range(DECISIONS):
            agent = agents[number % AGENTS]
            routes = snapshot.routes_of(agent.metadata.name)
            select(agent, "", snapshot.runtimes, routes, Affinity(conversation=f"c{number}"))
        by_route = time.process_time() - began
    able = [f"runtime-{number}" for number in range(RUNTIMES)]
    standing = Standing(runs=500, success_lower=0.97, cost_nanos=1000.0, p95_seconds=2.0)
    auto, situation = Auto(), Situation(able=able, default="runtime-0")
    began = time.process_time()
    for number in range(DECISIONS):
        auto.choose(f"agent-{number % AGENTS}", situation, dict.fromkeys(able, standing))
    by_figures = time.process_time() - began
    report(
        f"decisions, {AGENTS} agents with routes, {RUNTIMES} runtimes",
        {"by route, CPU us": by_route / DECISIONS * 1e6, "by figures, CPU us": by_figures / DECISIONS * 1e6},
    )


async def rollbacks(path: Path) -> None:
    """Measure how long a change takes until every router has acknowledged it."""
    keys, own = path / "keys", "127.0.0.1:0"
    create_keys(keys)
    token = path / "router.token"
    token.write_text(issue_token(private_key(keys, MESH), "router"))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        shared: Any = {"address": own, "data_dir": path, "keys_dir": keys}
        documents = await enter(registry(RegistryConfig(**shared, drain_seconds=0)))
        record = await enter(recorder(RecorderConfig(**shared)))
        stub = rpc.RegistryServiceStub(await enter(channel(documents.address)))
        await published(stub)
        await decisions(stub)
        for _ in range(ROUTERS):
            config = RouterConfig(
                address=own,
                registry_address=documents.address,
                recorder_address=record.address,
                keys_dir=keys,
                service_token_file=token,
                drain_seconds=0,
            )
            await enter(router(config))
        took_ms, within = [], duration_pb2.Duration(seconds=30)
        while True:
            asked = pb.SetRouteRequest(route=route("agent-0", len(took_ms) % 2 * 1000), acknowledged_within=within)
            began = time.perf_counter()
            response = await stub.SetRoute(asked)
            took_ms.append((time.perf_counter() - began) * 1000)
            if len(response.acknowledgements) < ROUTERS:
                # A router that has just started does not watch yet.
                took_ms.clear()
            elif len(took_ms) == CHANGES:
                break
    rows = {f"p{share}, ms": percentile(took_ms, share / 100) for share in (50, 99)}
    report(f"a route followed by {ROUTERS} routers", rows)


def finished(chance: random.Random, ended_ns: int) -> RunTiming:
    """Return a run that is over."""
    run = RunTiming()
    run.agent, run.runtime = f"agent-{chance.randrange(10)}", f"runtime-{chance.randrange(3)}"
    run.mode, run.attempts, run.finished_ns = common.EXECUTION_MODE_LIVE, 1, ended_ns
    run._accepted_ns = ended_ns - round(chance.lognormvariate(0, 1) * 1e9)
    run.first_output_ns = run.latency_ns // 2
    run.finished = events.RunFinished(
        outcome=chance.choices([events.RUN_OUTCOME_SUCCEEDED, events.RUN_OUTCOME_FAILED], [98, 2])[0],
        cost=common.Money(currency_code="USD", nanos=1_000_000),
    )
    return run


async def figures(path: Path, runs: int) -> None:
    """Measure what `pal slo` asks for, after *runs* runs in thirty days."""
    store, chance, now = SqliteStore(path), random.Random(1), int(time.time())
    rollups: dict[RollupKey, Rollup] = {}
    began = time.process_time()
    for number in range(runs):
        run = finished(chance, (now - 30 * DAY + number * 30 * DAY // runs) * 10**9)
        for key in keys_of(run):
            rollups.setdefault(key, Rollup()).add_run(run)
    added_us = (time.process_time() - began) / runs * 1e6
    rows = [(key, rollup.message().SerializeToString()) for key, rollup in rollups.items()]
    await store.put_slo(0, 1, rows, [(60, now - 2 * DAY)])
    query = SloQuery(store, SloFold(store))
    result: dict[str, float | int | str] = {"adding a run up, CPU us": added_us}
    for name, request in (
        ("one agent, 30 days", slo.GetSloRequest(agent="agent-1")),
        ("all, 30 days", slo.GetSloRequest()),
        ("all, 1 hour", slo.GetSloRequest(window=duration_pb2.Duration(seconds=3600))),
    ):
        cpu = time.process_time()
        await SloQuery(store, SloFold(store)).answer(request)
        result[f"{name}, nothing added up before, CPU ms"] = (time.process_time() - cpu) * 1000
        started = SloQuery(store, SloFold(store))
        await started.prepare()
        cpu = time.process_time()
        await started.answer(request)
        result[f"{name}, the first time after a start, CPU ms"] = (time.process_time() - cpu) * 1000
        took_ms, cpu = [], time.process_time()
        for _ in range(QUERIES):
            began = time.perf_counter()
            await query.answer(request)
            took_ms.append((time.perf_counter() - began) * 1000)
        result[f"{name}, p50, ms"] = percentile(took_ms, 0.5)
        result[f"{name}, CPU ms"] = (time.process_time() - cpu) / QUERIES * 1000
    report(f"SLO figures over {runs:,} runs of 10 agents on 3 runtimes", result)
    await store.close()


async def main(runs: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        await rollbacks(path)
        (path / "slo").mkdir()
        await figures(path / "slo", runs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000, help="finished runs to add up")
    uvloop.run(main(parser.parse_args().runs))
