"""The registry process: configuration and wiring."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_registry.names import problem_with_name
from pal_registry.registry import Registry
from pal_registry.servicer import RegistryServicer
from pal_registry.sqlite import SqliteStore
from pal_registry.store import RegistryStore
from pal_rpc import process, telemetry
from pal_rpc.config import StartError, from_env
from pal_rpc.keys import MESH, public_key
from pal_rpc.server import Server, serving

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
    drain_seconds: float = 5.0


@asynccontextmanager
async def registry(config: Config) -> AsyncIterator[Server]:
    """Serve RegistryService until the block ends."""
    if problem := problem_with_name(config.default_runtime):
        raise StartError(f"PAL_DEFAULT_RUNTIME={config.default_runtime}: {problem}")
    async with _opened(config) as store:
        known = Registry(store, config.default_runtime, drills=config.drills)
        mesh_key = public_key(config.keys_dir, MESH) if config.drills else None
        async with serving(
            config.address,
            [SERVICE],
            functools.partial(rpc.add_RegistryServiceServicer_to_server, RegistryServicer(known, mesh_key)),
            drain_seconds=config.drain_seconds,
        ) as server:
            try:
                yield server
            finally:
                await server.set_serving(False)
                # Watches never end by themselves and would hold the server up.
                known.close()


@asynccontextmanager
async def _opened(config: Config) -> AsyncIterator[RegistryStore]:
    if config.store_url is None:
        store: RegistryStore = SqliteStore(config.data_dir)
    else:
        # Only whoever uses PostgreSQL pays for its import.
        from pal_registry.postgres import PostgresStore

        store = opened = PostgresStore(config.store_url)
        await opened.open()
    try:
        yield store
    finally:
        await store.close()


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    telemetry.configure("registry", config.otlp_endpoint)
    async with registry(config) as server:
        process.announce(address=server.address)
        await stop.wait()


if __name__ == "__main__":
    process.run("registry", main)
