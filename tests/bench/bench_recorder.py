"""Durable events per second through the recorder, beside what SQLite itself can do on this disk.

64 writers, each one stream and one event a batch, each waiting for its acknowledgement before the next.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import apsw
import uvloop
from measure import cpu_seconds, percentile, report

from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter
from pal_rpc.appender import Appender
from pal_rpc.channels import channel
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key

LIVE = common.EXECUTION_MODE_LIVE


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--batch", type=int, default=4, help="events a batch, as a run appends them")
    parser.add_argument("--in-flight", type=int, default=8, help="batches a writer has open at a time")
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        raw = raw_limit(Path(directory) / "raw.db", arguments.seconds)
        rows = uvloop.run(through_recorder(Path(directory), arguments))
    rows["raw SQLite, groups of 512, events/s"] = raw
    rows["recorder / raw SQLite"] = float(rows["events/s"]) / raw
    report("recorder: durable events", rows)


def raw_limit(path: Path, seconds: float) -> float:
    """Return the events per second of one connection that commits groups of 512 rows of 300 bytes."""
    db = apsw.Connection(str(path))
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.execute(
        "CREATE TABLE events (position INTEGER PRIMARY KEY, run_id TEXT, seq INTEGER, id TEXT, type TEXT, e BLOB)"
    )
    db.execute("CREATE UNIQUE INDEX events_by_run ON events (run_id, seq)")
    position, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        group = [
            (position + n, f"run-{n % 64}", position + n, f"id-{position + n}", "note.added", bytes(300))
            for n in range(512)
        ]
        db.execute("BEGIN")
        db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", group)
        db.execute("COMMIT")
        position += 512
    return position / (time.perf_counter() - began)


async def through_recorder(
    directory: Path, arguments: argparse.Namespace, *, store_url: str = "", recorders: int = 1
) -> dict[str, float | int | str]:
    """Return what was measured through recorders in processes of their own, which share a store."""
    create_keys(directory / "keys")
    token = issue_token(private_key(directory / "keys", MESH), "router")
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(_recorder(directory, store_url)) for _ in range(recorders)]
        return await _load([address for _, address in started], token, [pid for pid, _ in started], arguments)


@asynccontextmanager
async def _recorder(directory: Path, store_url: str) -> AsyncIterator[tuple[int, str]]:
    reading, writing = os.pipe()
    env = {
        **os.environ,
        "PAL_ADDRESS": "127.0.0.1:0",
        "PAL_LOG_LEVEL": "WARNING",
        "PAL_DATA_DIR": str(directory / "data"),
        "PAL_KEYS_DIR": str(directory / "keys"),
        "PAL_STORE_URL": store_url,
        "PAL_READY_FD": str(writing),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "pal_recorder", env=env, pass_fds=[writing])
    os.close(writing)
    try:
        with os.fdopen(reading) as ready:
            yield process.pid, json.loads(await asyncio.to_thread(ready.readline))["address"]
    finally:
        process.terminate()
        await process.wait()


async def _load(
    addresses: Sequence[str], token: str, pids: Sequence[int], arguments: argparse.Namespace
) -> dict[str, float | int | str]:
    latencies: list[float] = []
    until = time.perf_counter() + arguments.seconds

    async def write_on(appender: Appender, number: int) -> int:
        writer = EventWriter("router")
        run_id = f"run-{number}-{writer.producer.instance_id}"
        await appender.append(run_id, [writer.event(run_id, LIVE, 1, run_accepted=events.RunAccepted())])
        recorded = 0
        note = events.NoteAdded(name="bench", text="x" * 120)
        while time.perf_counter() < until:
            batch = [writer.event(run_id, LIVE, 1, note_added=note) for _ in range(arguments.batch)]
            began = time.perf_counter()
            await appender.append(run_id, batch)
            latencies.append(time.perf_counter() - began)
            recorded += len(batch)
        return recorded

    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(channel(address)) for address in addresses]
        stubs = [rpc.RecorderServiceStub(each) for each in opened]
        appenders = [
            await stack.enter_async_context(Appender(stubs[number % len(stubs)], token))
            for number in range(arguments.writers)
        ]
        cpu, began = sum(map(cpu_seconds, pids)), time.perf_counter()
        counts = await asyncio.gather(
            *(write_on(appender, n) for n, appender in enumerate(appenders) for _ in range(arguments.in_flight))
        )
        seconds = time.perf_counter() - began
        cpu = sum(map(cpu_seconds, pids)) - cpu
    total = sum(counts)
    return {
        "writers": arguments.writers,
        "events a batch": arguments.batch,
        "open batches a writer": arguments.in_flight,
        "events/s": total / seconds,
        "append p50 ms": percentile(latencies, 0.5) * 1000,
        "append p99 ms": percentile(latencies, 0.99) * 1000,
        "recorder CPU us/event": cpu / total * 1e6,
    }


if __name__ == "__main__":
    main()
