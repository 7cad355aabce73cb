"""The core process of a small mesh: registry, recorder and router side by side, each on its own address."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_router.__main__ import Config as RouterConfig
from pal_router.__main__ import router
from pal_rpc import process, telemetry
from pal_rpc.config import from_env


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of the core."""

    router_address: str = "127.0.0.1:7400"
    registry_address: str = "127.0.0.1:7401"
    recorder_address: str = "127.0.0.1:7402"
    data_dir: Path = Path(".pal/data")
    keys_dir: Path = Path(".pal/keys")
    store_url: str | None = None
    delete_after_days: float | None = None
    archive_url: str | None = None
    archive_after_days: float | None = None
    service_token_file: Path | None = None
    default_runtime: str = "agno"
    drills: bool = False
    otlp_endpoint: str | None = None
    queued_runs: int = RouterConfig.queued_runs
    drain_seconds: float = 5.0


@asynccontextmanager
async def core(config: Config) -> AsyncIterator[dict[str, str]]:
    """Serve the three until the block ends; yield their addresses by name."""
    registry_config = RegistryConfig(
        address=config.registry_address,
        data_dir=config.data_dir,
        keys_dir=config.keys_dir,
        store_url=config.store_url,
        default_runtime=config.default_runtime,
        drills=config.drills,
        drain_seconds=config.drain_seconds,
    )
    recorder_config = RecorderConfig(
        address=config.recorder_address,
        data_dir=config.data_dir,
        keys_dir=config.keys_dir,
        store_url=config.store_url,
        delete_after_days=config.delete_after_days,
        archive_url=config.archive_url,
        archive_after_days=config.archive_after_days,
    )
    async with registry(registry_config) as documents, recorder(recorder_config) as record:
        router_config = RouterConfig(
            address=config.router_address,
            registry_address=documents.address,
            recorder_address=record.address,
            keys_dir=config.keys_dir,
            service_token_file=config.service_token_file,
            queued_runs=config.queued_runs,
            drills=config.drills,
            drain_seconds=config.drain_seconds,
        )
        # The router ends first: its runs are ended while there is a recorder to record it.
        async with router(router_config, recorder=record.local, registry=documents.local) as runs:
            yield {"router": runs.address, "registry": documents.address, "recorder": record.address}


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    telemetry.configure("core", config.otlp_endpoint)
    async with core(config) as addresses:
        process.announce(**addresses)
        await stop.wait()


if __name__ == "__main__":
    process.run("core", main)
