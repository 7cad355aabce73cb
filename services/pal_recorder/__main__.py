"""The recorder process: configuration and wiring."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import grpc

from pal.service.v1 import quota_service_pb2 as quota_pb
from pal.service.v1 import quota_service_pb2_grpc as quota_rpc
from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal_log import clock
from pal_recorder.anchors import Anchors
from pal_recorder.archive import Archive, with_archive
from pal_recorder.archiving import Archiving
from pal_recorder.artifacts import Artifacts
from pal_recorder.keeping import archive_older, delete_older, hourly
from pal_recorder.log import RunLog
from pal_recorder.quota_counters import QuotaCounters
from pal_recorder.quota_memory import MemoryCounters
from pal_recorder.quota_metrics import QuotaMetrics
from pal_recorder.quotas import Quotas
from pal_recorder.retention import Retention
from pal_recorder.servicer import Parts, QuotaServicer, RecorderServicer
from pal_recorder.slo_fold import SloFold
from pal_recorder.slo_metrics import count_runs
from pal_recorder.slo_query import SloQuery
from pal_recorder.sqlite import SqliteStore
from pal_recorder.store import ArchiveUnavailable, EventStore, StoreUnavailable
from pal_recorder.tails import Tails
from pal_rpc import process, telemetry
from pal_rpc.config import StartError, from_env
from pal_rpc.keys import MESH, RECORDER, known_keys, private_key, public_key
from pal_rpc.metrics import when_served
from pal_rpc.server import Server, serving

if TYPE_CHECKING:
    from pal_recorder.postgres import PostgresStore

SERVICE = pb.DESCRIPTOR.services_by_name["RecorderService"].full_name
QUOTA_SERVICE = quota_pb.DESCRIPTOR.services_by_name["QuotaService"].full_name


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of a recorder."""

    address: str = "127.0.0.1:7402"
    data_dir: Path = Path(".pal/data")
    keys_dir: Path = Path(".pal/keys")
    # A PostgreSQL database; without one the record is in data_dir.
    store_url: str | None = None
    # Finished runs are deleted so many days after they were accepted; by themselves never.
    delete_after_days: float | None = None
    # Where runs are archived: a directory, or s3://BUCKET/PREFIX with credentials from the environment as usual there.
    archive_url: str | None = None
    # Finished runs are archived so many days after they were accepted; by themselves never.
    archive_after_days: float | None = None
    otlp_endpoint: str | None = None
    # Writers and tails never end by themselves: what is cut they send or ask for again.
    drain_seconds: float = 0.5


@asynccontextmanager
async def recorder(config: Config) -> AsyncIterator[Server]:
    """Serve RecorderService and QuotaService until the block ends."""
    mesh_key, own_key = public_key(config.keys_dir, MESH), private_key(config.keys_dir, RECORDER)
    recorder_keys = known_keys(config.keys_dir, RECORDER)
    archive = _archive(config)
    own = await _opened(config)
    store = with_archive(own, archive)
    try:
        position = await store.last_position()
        tails, anchors = Tails(store, position), Anchors(store, own_key)
        await anchors.open(position)
        counters = await _counters(own)
        log = RunLog(store, tails, anchors, counters if isinstance(counters, MemoryCounters) else None)
        quotas = Quotas(counters, _now_ms)
        metrics = QuotaMetrics(quotas)
        when_served(metrics.show)
        retention, archiving = Retention(log, store, anchors, archive), Archiving(log, store, archive)
        slo = SloFold(store)
        when_served(functools.partial(count_runs, slo))
        figures = SloQuery(store, slo)
        parts = Parts(
            log=log,
            store=store,
            tails=tails,
            artifacts=Artifacts(store, config.data_dir),
            retention=retention,
            archiving=archiving,
            slo=figures,
        )
        servicer = RecorderServicer(parts, mesh_key, recorder_keys)
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(log.commit_groups()), tasks.create_task(log.follow_others())]
            working += [tasks.create_task(slo.follow()), tasks.create_task(figures.prepare())]
            working.append(tasks.create_task(metrics.keep()))
            if (days := config.delete_after_days) is not None:
                work = functools.partial(delete_older, retention, days)
                working.append(tasks.create_task(hourly("old runs are deleted", work)))
            if (days := config.archive_after_days) is not None:
                work = functools.partial(archive_older, archiving, days)
                working.append(tasks.create_task(hourly("old runs are archived", work)))
            async with serving(
                config.address,
                [SERVICE, QUOTA_SERVICE],
                functools.partial(_register, servicer, QuotaServicer(quotas, mesh_key)),
                drain_seconds=config.drain_seconds,
            ) as server:
                yield server
            for task in working:
                task.cancel()
        # A store that takes nothing now is anchored at the next start.
        with suppress(StoreUnavailable):
            await log.close()
    finally:
        await store.close()


def _register(recorder: RecorderServicer, quotas: QuotaServicer, server: grpc.aio.Server) -> None:
    rpc.add_RecorderServiceServicer_to_server(recorder, server)
    quota_rpc.add_QuotaServiceServicer_to_server(quotas, server)


async def _counters(store: EventStore) -> QuotaCounters:
    if store.exclusive:
        return MemoryCounters(await store.quota_rows(), _now_ms)
    return cast("PostgresStore", store).quota_counters(_now_ms)


def _now_ms() -> int:
    return clock.now_ns() // 1_000_000


def _archive(config: Config) -> Archive:
    """Return the archive, once all settings of what is old are what they have to be."""
    for name in ("delete_after_days", "archive_after_days"):
        days = getattr(config, name)
        if days is not None and not days >= 0:
            raise StartError(f"PAL_{name.upper()}={days}: a number of days belongs here, 365 for example")
    if config.archive_after_days is not None and not config.archive_url:
        raise StartError(
            "PAL_ARCHIVE_AFTER_DAYS is set; set PAL_ARCHIVE_URL as well, a directory or s3://BUCKET/PREFIX"
        )
    try:
        return Archive(config.archive_url)
    except ArchiveUnavailable as error:
        raise StartError(f"PAL_ARCHIVE_URL={config.archive_url}: {error.message}") from None


async def _opened(config: Config) -> EventStore:
    if config.store_url is None:
        return SqliteStore(config.data_dir)
    # Only whoever uses PostgreSQL pays for its import.
    from pal_recorder.postgres import PostgresStore

    _prepare(config.data_dir)
    store = PostgresStore(config.store_url)
    await store.open()
    return store


def _prepare(directory: Path) -> None:
    """Have a place for content that is on its way to the database."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"PAL_DATA_DIR={directory}: {error.strerror}; make it writable or choose another directory"
        ) from None


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    telemetry.configure("recorder", config.otlp_endpoint)
    async with recorder(config) as server:
        process.announce(address=server.address)
        await stop.wait()


if __name__ == "__main__":
    process.run("recorder", main)
