"""The migration service process: configuration and wiring."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import grpc

from pal.service.v1 import gameday_service_pb2 as gameday
from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import migration_service_pb2_grpc as rpc
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import rollout_service_pb2 as rollout_pb
from pal.service.v1 import rollout_service_pb2_grpc as rollout_rpc
from pal.service.v1 import router_service_pb2_grpc as router_rpc
from pal_migration.advising import Advising
from pal_migration.certified import Certified
from pal_migration.checks import load
from pal_migration.comparing import Comparing
from pal_migration.feed import Feed
from pal_migration.judging import Judging
from pal_migration.lanes import Lanes
from pal_migration.pacing import Pace
from pal_migration.rollouts.assembly import Around, Controller, controller
from pal_migration.rollouts.certificates import FreshCertificates
from pal_migration.servicer import MigrationServicer
from pal_migration.shadow_metrics import show_shadows
from pal_migration.shadows import Shadows
from pal_migration.sqlite import SqliteStore
from pal_migration.starting import Starting
from pal_migration.store import MigrationStore
from pal_migration.work import Work
from pal_rpc import process, telemetry
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.channels import channel
from pal_rpc.config import StartError, from_env
from pal_rpc.identity import read_token
from pal_rpc.in_process import InProcessChannel
from pal_rpc.metrics import when_served
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.route_client import RouteClient
from pal_rpc.router_client import RouterClient
from pal_rpc.server import Server, serving
from pal_rpc.snapshot import RegistrySnapshot

if TYPE_CHECKING:
    from pal_migration.drills import Drills

SERVICES = [
    pb.DESCRIPTOR.services_by_name["MigrationService"].full_name,
    rollout_pb.DESCRIPTOR.services_by_name["RolloutService"].full_name,
]
GAMEDAYS = gameday.DESCRIPTOR.services_by_name["GameDayService"].full_name


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of a migration service."""

    address: str = "127.0.0.1:7405"
    router_address: str = "127.0.0.1:7400"
    registry_address: str = "127.0.0.1:7401"
    recorder_address: str = "127.0.0.1:7402"
    data_dir: Path = Path(".pal/data")
    # A PostgreSQL database; without one everything is in data_dir.
    store_url: str | None = None
    # Home of the mesh, with its keys and certificates, on whose processes drills act; without it there are no drills.
    home: Path | None = None
    service_token_file: Path | None = None
    # What tells whether a run reached its objective, by agent; without it the AgentSpec does.
    checks_file: Path | None = None
    # Certificates of drills, and the public keys that show who signed them; without either none is known.
    certificates_dir: Path | None = None
    keys_dir: Path | None = None
    otlp_endpoint: str | None = None
    # Sampled runs whose lanes are under way at once, and that may wait; shadow runs that begin in a second, on a
    # machine that is not busy.
    shadow_workers: int = 2
    shadow_queue: int = 1000
    shadow_runs_per_second: float = 2.0
    # How often a rollout is looked at when nothing wakes it, and how long figures and verdicts for it are good for.
    rollout_interval_seconds: float = 1.0
    rollout_figures_seconds: float = 5.0
    # Live runs go first where both want the machine.
    niceness: int = 5
    drain_seconds: float = 1.0


@asynccontextmanager
async def migration(config: Config) -> AsyncIterator[Server]:
    """Serve MigrationService, RolloutService and, with a home, GameDayService until the block ends.

    Raises:
        StartError: a setting is wrong, or the store cannot be used.
    """
    _check(config)
    async with AsyncExitStack() as stack:
        parts = await _parts(config, stack)
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(work_on()) for work_on in parts.working]
            async with serving(
                config.address, parts.services, parts.add_to, drain_seconds=config.drain_seconds
            ) as server:
                yield server
                if parts.drills is not None:
                    await parts.drills.close()
            for task in working:
                task.cancel()
        await parts.shadows.keep()


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What is served, and what goes on beside it."""

    servicer: MigrationServicer
    shadows: Shadows
    rollouts: Controller
    drills: Drills | None
    working: Sequence[Callable[[], Coroutine[Any, Any, None]]]

    @property
    def services(self) -> list[str]:
        return [*SERVICES, GAMEDAYS] if self.drills else SERVICES

    def add_to(self, to: grpc.aio.Server) -> None:
        rpc.add_MigrationServiceServicer_to_server(self.servicer, to)
        rollout_rpc.add_RolloutServiceServicer_to_server(self.rollouts.servicer, to)
        if self.drills is not None:
            self.drills.add_to(to)


async def _parts(config: Config, stack: AsyncExitStack) -> _Parts:
    """Put everything together; what has to be closed is closed by *stack*."""
    checks, token = load(config.checks_file), read_token(config.service_token_file)
    enter = stack.enter_async_context
    store = await _opened(config)
    stack.push_async_callback(store.close)
    recorder_stub = recorder_rpc.RecorderServiceStub(await enter(channel(config.recorder_address)))
    registry_stub = registry_rpc.RegistryServiceStub(await enter(channel(config.registry_address)))
    router_stub = router_rpc.RouterServiceStub(await enter(channel(config.router_address)))
    record = RecorderClient(recorder_stub, config.recorder_address)
    router = RouterClient(router_stub, token, config.router_address)
    snapshot = await enter(RegistrySnapshot(registry_stub))
    comparing = Comparing(record, ArtifactClient(recorder_stub, token), snapshot, checks)
    shadows = Shadows(store, config.shadow_queue)
    await shadows.open()
    when_served(functools.partial(show_shadows, shadows))
    work = Work(shadows, Lanes(router), record, comparing, Pace(config.shadow_runs_per_second))
    certified = Certified(config.certificates_dir, config.keys_dir)
    around = Around(
        store=store,
        shadows=shadows,
        starting=Starting(shadows, snapshot, router, config.recorder_address),
        judging=Judging(store, snapshot, comparing, record),
        snapshot=snapshot,
        router=router,
        record=record,
        routes=RouteClient(registry_stub),
        certificates=FreshCertificates(certified),
    )
    rollouts = await _rollouts(config, around)
    drills = await _drills(config, store, token, router_stub, registry_stub, recorder_stub, rollouts.servicer)
    advising = Advising(snapshot, record, around.judging, certified)
    shadowing = (Feed(record, shadows).follow, shadows.keep_on, *([work.go_on] * config.shadow_workers))
    return _Parts(
        servicer=MigrationServicer(shadows, around.starting, comparing, around.judging, advising),
        shadows=shadows,
        rollouts=rollouts,
        drills=drills,
        working=(*shadowing, *rollouts.working, *((drills.heal,) if drills else ())),
    )


async def _rollouts(config: Config, around: Around) -> Controller:
    return await controller(
        around,
        interval_seconds=config.rollout_interval_seconds,
        figures_seconds=config.rollout_figures_seconds,
        pace=Pace(config.shadow_runs_per_second),
    )


def _check(config: Config) -> None:
    for name in ("rollout_interval_seconds", "rollout_figures_seconds"):
        if getattr(config, name) <= 0:
            raise StartError(f"PAL_{name.upper()}={getattr(config, name)}: write more than 0")
    for name in ("shadow_workers", "shadow_queue"):
        if getattr(config, name) < 1:
            raise StartError(f"PAL_{name.upper()}={getattr(config, name)}: write 1 or more")
    if config.shadow_runs_per_second <= 0:
        raise StartError(f"PAL_SHADOW_RUNS_PER_SECOND={config.shadow_runs_per_second}: write more than 0")


async def _drills(
    config: Config,
    store: MigrationStore,
    token: str,
    router: router_rpc.RouterServiceStub,
    registry: registry_rpc.RegistryServiceStub,
    recorder: recorder_rpc.RecorderServiceStub,
    rollouts: rollout_rpc.RolloutServiceServicer,
) -> Drills | None:
    if config.home is None:
        return None
    # Only who drills pays for what reads plans.
    from pal_gameday.mesh import Mesh
    from pal_migration.drills import Drills

    here = InProcessChannel()
    rollout_rpc.add_RolloutServiceServicer_to_server(rollouts, cast("grpc.aio.Server", here))
    mesh = Mesh(
        router=router,
        registry=registry,
        recorder=recorder,
        rollouts=rollout_rpc.RolloutServiceStub(cast("grpc.aio.Channel", here)),
        recorder_address=config.recorder_address,
    )
    drills = Drills(mesh, config.home, store, token)
    await drills.open()
    return drills


async def _opened(config: Config) -> MigrationStore:
    if config.store_url is None:
        return SqliteStore(config.data_dir)
    # Only whoever uses PostgreSQL pays for its import.
    from pal_migration.postgres import PostgresStore

    store = PostgresStore(config.store_url)
    await store.open()
    return store


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    os.nice(config.niceness)
    telemetry.configure("migration", config.otlp_endpoint)
    async with migration(config) as server:
        process.announce(address=server.address)
        await stop.wait()


if __name__ == "__main__":
    process.run("migration", main)
