"""The registry process: configuration and wiring."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_registry.names import problem_with_name
from pal_registry.registry import Registry
from pal_registry.servicer import RegistryServicer
from pal_registry.sqlite import SqliteStore
from pal_registry.store import RegistryStore
from pal_registry.watchers import SETTLING_SECONDS
from pal_rpc import process, telemetry
from pal_rpc.config import StartError, from_env
from pal_rpc.keys import MESH, public_key
from pal_rpc.server import Server, serving

if TYPE_CHECKING:
    from pal_registry.replicas import Front

SERVICE = pb.DESCRIPTOR.services_by_name["RegistryService"].full_name


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of a registry."""

    address: str = "127.0.0.1:7401"
    data_dir: Path = Path(".pal/data")
    keys_dir: Path = Path(".pal/keys")
    # A PostgreSQL database; without one the documents are in data_dir.
    store_url: str | None = None
    default_runtime: str = "agno"
    otlp_endpoint: str | None = None
    # Whether faults may be injected in runs that are drills.
    drills: bool = False
    # How long the first changes of a route wait for routers that were there before, where the store knows of none.
    settling_seconds: float = SETTLING_SECONDS
    drain_seconds: float = 5.0


@asynccontextmanager
async def registry(config: Config) -> AsyncIterator[Server]:
    """Serve RegistryService until the block ends."""
    if problem := problem_with_name(config.default_runtime):
        raise StartError(f"PAL_DEFAULT_RUNTIME={config.default_runtime}: {problem}")
    mesh_key = public_key(config.keys_dir, MESH) if config.drills else None

    def made(store: RegistryStore) -> tuple[Registry, RegistryServicer]:
        known = Registry(store, config.default_runtime, drills=config.drills, settling_seconds=config.settling_seconds)
        return known, RegistryServicer(known, mesh_key)

    async with _alone(config, made) if config.store_url is None else _beside(config, config.store_url, made) as server:
        yield server


Made = Callable[[RegistryStore], tuple[Registry, RegistryServicer]]


@asynccontextmanager
async def _alone(config: Config, made: Made) -> AsyncIterator[Server]:
    """Serve from the data directory, which has one registry."""
    store = SqliteStore(config.data_dir)
    try:
        known, servicer = made(store)
        async with _serving(config, servicer) as server:
            try:
                yield server
            finally:
                await server.set_serving(False)
                # Watches never end by themselves and would hold the server up.
                known.close()
    finally:
        await store.close()


@asynccontextmanager
async def _beside(config: Config, store_url: str, made: Made) -> AsyncIterator[Server]:
    """Serve from a database, which others may do as well."""
    # Only whoever uses PostgreSQL pays for its import.
    from pal_registry.postgres import PostgresStore
    from pal_registry.replicas import Front, Replica

    store, front = PostgresStore(store_url), Front()
    await store.open()
    try:
        async with _serving(config, front) as server, asyncio.TaskGroup() as tasks:
            replica = Replica(store, front, lambda: made(store), server.address)
            await replica.begin()
            looking = tasks.create_task(replica.keep_looking())
            try:
                yield server
            finally:
                looking.cancel()
                await server.set_serving(False)
                await replica.close()
    finally:
        await store.close()


def _serving(config: Config, servicer: rpc.RegistryServiceServicer | Front) -> AbstractAsyncContextManager[Server]:
    return serving(
        config.address,
        [SERVICE],
        functools.partial(rpc.add_RegistryServiceServicer_to_server, servicer),  # type: ignore[arg-type]
        drain_seconds=config.drain_seconds,
    )


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    telemetry.configure("registry", config.otlp_endpoint)
    async with registry(config) as server:
        process.announce(address=server.address)
        await stop.wait()


if __name__ == "__main__":
    process.run("registry", main)
