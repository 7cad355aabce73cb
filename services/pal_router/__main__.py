"""The router process: configuration and wiring."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import duration_pb2

from pal.service.v1 import quota_service_pb2_grpc as quota_rpc
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal_log.events import ROUTER, EventWriter
from pal_router.auto import Auto
from pal_router.breaker_metrics import show_breakers
from pal_router.breaker_news import BreakerNews
from pal_router.breakers import Breakers
from pal_router.crossings import Crossings
from pal_router.holding import Holding, life_of
from pal_router.inputs import Inputs
from pal_router.peers import Peers
from pal_router.quotas import RunQuotas
from pal_router.recovery import Recovery
from pal_router.runs import Runs
from pal_router.servicer import RouterServicer
from pal_router.slots import Slots
from pal_router.standings import Standings
from pal_rpc import process, telemetry
from pal_rpc.adapter_client import AdapterClient
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.channels import channel
from pal_rpc.config import StartError, from_env
from pal_rpc.faults import Faults
from pal_rpc.identity import read_token
from pal_rpc.in_process import InProcessChannel
from pal_rpc.keys import LEASE, MESH, private_key, public_key
from pal_rpc.metrics import when_served
from pal_rpc.quota_book import QuotaBook
from pal_rpc.quota_client import QuotaClient
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.server import Server, serving
from pal_rpc.snapshot import RegistrySnapshot
from pal_rpc.spans import SpanWriter

SERVICE = pb.DESCRIPTOR.services_by_name["RouterService"].full_name


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of a router."""

    address: str = "127.0.0.1:7400"
    registry_address: str = "127.0.0.1:7401"
    recorder_address: str = "127.0.0.1:7402"
    keys_dir: Path = Path(".pal/keys")
    service_token_file: Path | None = None
    otlp_endpoint: str | None = None
    max_run_seconds: int = 900
    max_input_wait_seconds: int = 7 * 24 * 3600
    # Runs that may wait for each runtime when it carries out as many as it declares. One agent has half of it at most.
    queued_runs: int = 1000
    # Whether runs may be drills.
    drills: bool = False
    drain_seconds: float = 5.0


@asynccontextmanager
async def router(
    config: Config, *, recorder: InProcessChannel | None = None, registry: InProcessChannel | None = None
) -> AsyncIterator[Server]:
    """Serve RouterService until the block ends; *recorder* and *registry* are given when they share the process.

    Raises:
        StartError: a setting is wrong, or the address is taken.
    """
    if config.queued_runs < 0:
        raise StartError(f"PAL_QUEUED_RUNS={config.queued_runs}: write 0 or more")
    token = read_token(config.service_token_file)
    lease_key, mesh_key = private_key(config.keys_dir, LEASE), public_key(config.keys_dir, MESH)
    limits = common.RunLimits(
        max_duration=duration_pb2.Duration(seconds=config.max_run_seconds),
        max_input_wait=duration_pb2.Duration(seconds=config.max_input_wait_seconds),
    )
    async with _peers(config, token, recorder, registry) as peers, asyncio.TaskGroup() as tasks:
        runs = Runs(peers, lease_key, limits, tasks, drills=config.drills)
        recovery = Recovery(runs, peers, tasks)
        kept = (peers.holding.keep(), peers.quotas.keep(), peers.standings.keep())
        working = (*kept, recovery.follow_tail(), recovery.expire())
        background = [tasks.create_task(work) for work in working]
        servicer = RouterServicer(runs, Inputs(peers), peers, mesh_key)
        async with serving(
            config.address,
            [SERVICE],
            functools.partial(rpc.add_RouterServiceServicer_to_server, servicer),
            drain_seconds=config.drain_seconds,
            healthy=False,
        ) as server:
            background.append(tasks.create_task(_open(server, peers, recovery)))
            try:
                yield server
            finally:
                await server.set_serving(False)
                await runs.drain(config.drain_seconds)
                await peers.holding.leave()
        for task in background:
            task.cancel()


@asynccontextmanager
async def _peers(
    config: Config, token: str, recorder: InProcessChannel | None, registry: InProcessChannel | None
) -> AsyncIterator[Peers]:
    """Yield everything that a run needs beside itself."""
    async with AsyncExitStack() as stack:
        record: Any = await stack.enter_async_context(recorder or channel(config.recorder_address))
        recorder_stub = recorder_rpc.RecorderServiceStub(record)
        registry_stub = registry_rpc.RegistryServiceStub(
            await stack.enter_async_context(registry or channel(config.registry_address))  # type: ignore[arg-type]
        )
        crossings, breakers = Crossings(), Breakers()
        when_served(functools.partial(show_breakers, breakers))
        holding = Holding(recorder_stub, token, life_of(config.address), BreakerNews(breakers))
        snapshot = await stack.enter_async_context(RegistrySnapshot(registry_stub, holding.own, crossings.settled))
        book = QuotaBook(snapshot)
        slots = Slots(config.queued_runs, asyncio.get_running_loop().call_later, book.weight)
        quota_stub = quota_rpc.QuotaServiceStub(record)
        quota_client = await stack.enter_async_context(QuotaClient(quota_stub, token, config.recorder_address))
        snapshot.listen(lambda: slots.update(snapshot.runtimes))
        recorder_client = RecorderClient(recorder_stub, config.recorder_address)
        standings = Standings(recorder_client)
        yield Peers(
            snapshot=snapshot,
            faults=Faults(snapshot, "router", allowed=config.drills),
            slots=slots,
            quotas=RunQuotas(book, quota_client),
            crossings=crossings,
            breakers=breakers,
            auto=Auto(),
            standings=standings,
            appender=await stack.enter_async_context(Appender(recorder_stub, token)),
            recorder=recorder_client,
            adapters=await stack.enter_async_context(AdapterClient()),
            artifacts=ArtifactClient(recorder_stub, token),
            spans=await stack.enter_async_context(SpanWriter(recorder_stub, token)),
            tail_connected=asyncio.Event(),
            holding=holding,
            writer=EventWriter(ROUTER, holding.own),
        )


async def _open(server: Server, peers: Peers, recovery: Recovery) -> None:
    """Report healthy once the router can take runs."""
    await peers.snapshot.ready(None)
    await peers.tail_connected.wait()
    await recovery.take_over()
    await server.set_serving(True)
    await recovery.watch()


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    telemetry.configure("router", config.otlp_endpoint)
    async with router(config) as server:
        process.announce(address=server.address)
        await stop.wait()


if __name__ == "__main__":
    process.run("router", main)
