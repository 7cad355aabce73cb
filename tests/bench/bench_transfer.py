"""Export, import and archive: events and megabytes per second, from one recorder to another, each a process.

Runs of twenty events: requests and answers of a model of about a kilobyte each, which repeat themselves as such do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from bench_recorder import _recorder
from measure import cpu_seconds, report, resident_bytes

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter, now
from pal_log.payload import json_payload
from pal_registry.__main__ import Config, registry
from pal_rpc.appender import Appender
from pal_rpc.channels import channel
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_transfer.export_file import RUNS, opened
from pal_transfer.exporting import Exporter, Wanted
from pal_transfer.restoring import Restorer

LIVE = common.EXECUTION_MODE_LIVE
CALLS = 9
WORDS = Path(__file__).read_text().split()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        report("export, import and archive", uvloop.run(measured(Path(directory), arguments.runs)))


async def measured(directory: Path, runs: int) -> dict[str, float | int | str]:
    """Return what was measured."""
    async with place(directory / "a") as a, place(directory / "b") as b:
        await fill(a, runs)
        rows: dict[str, float | int | str] = {"runs": runs}
        began, cpu = time.perf_counter(), Cpu(a.pid)
        exporter = Exporter(a.recorder, a.registry, directory / "export", lambda *_: None)
        wanted = Wanted(query=shared.RunQuery(), selection="")
        manifest = await exporter.export(wanted, pal_version="bench", created_at="")
        export_seconds, export_cpu = time.perf_counter() - began, cpu.busiest()
        count, size_bytes = manifest.total(RUNS, "events"), await content_bytes(a)
        began, cpu = time.perf_counter(), Cpu(b.pid)
        source = opened(directory / "export")
        restorer = Restorer(b.recorder, b.registry, issue_token(b.key, "import"), source, lambda *_: None)
        await restorer.restore()
        import_seconds, import_cpu = time.perf_counter() - began, cpu.busiest()
        began, cpu = time.perf_counter(), Cpu(b.pid)
        archived = await archive(b, directory / "cold")
        archive_seconds, archive_cpu = time.perf_counter() - began, cpu.busiest()
        rows |= {"events": count, "MB": size_bytes / 1e6}
        took = {
            "export": (export_seconds, export_cpu),
            "import": (import_seconds, import_cpu),
            "archive": (archive_seconds, archive_cpu),
        }
        for what, (seconds, busiest) in took.items():
            rows[f"{what}, events/s"] = count / seconds
            rows[f"{what}, MB/s"] = size_bytes / 1e6 / seconds
            rows[f"{what}, MB per CPU second of the busiest process"] = size_bytes / 1e6 / busiest
        rows["export / content"] = sum(part.size_bytes for part in manifest.parts) / size_bytes
        rows["archive / content"] = archived / size_bytes
        rows["recorder that exports, MB resident"] = resident_bytes(a.pid) / 1e6
        rows["recorder that imports and archives, MB resident"] = resident_bytes(b.pid) / 1e6
        return rows


class Cpu:
    """What this process and a recorder spend from now on."""

    def __init__(self, pid: int) -> None:
        """Begin to count."""
        self._pids = (os.getpid(), pid)
        self._before = [cpu_seconds(each) for each in self._pids]

    def busiest(self) -> float:
        """Return the CPU seconds of the process that has spent more."""
        return max(cpu_seconds(pid) - before for pid, before in zip(self._pids, self._before, strict=True))


class Place:
    """A recorder in a process of its own, and a registry beside."""

    def __init__(self, pid: int, key: object, recorder: object, registry_stub: object) -> None:
        """Keep what is spoken to."""
        self.pid = pid
        self.key = key
        self.recorder = recorder
        self.registry = registry_stub


@asynccontextmanager
async def place(directory: Path) -> AsyncIterator[Place]:
    """Start a recorder and a registry."""
    create_keys(directory / "keys")
    config = Config(address="127.0.0.1:0", data_dir=directory / "registry", keys_dir=directory / "keys")
    async with (
        _recorder(directory, "") as (pid, address),
        registry(config) as documents,
        channel(address) as record,
        channel(documents.address) as published,
    ):
        key = private_key(directory / "keys", MESH)
        yield Place(pid, key, rpc.RecorderServiceStub(record), registry_rpc.RegistryServiceStub(published))


def log_of(run_id: str) -> Iterator[events.RunEvent]:
    """Yield the events of a run."""
    writer = EventWriter("import")
    words = random.Random(run_id)
    yield writer.event(run_id, LIVE, 1, run_accepted=events.RunAccepted(agent=common.SpecRef(name="desk")))
    for number in range(CALLS):
        said = json.dumps({"messages": " ".join(words.choices(WORDS, k=120))})
        started = events.ModelCallStarted(call_id=f"m{number}", request=json_payload(said))
        yield writer.event(run_id, LIVE, 1, model_call_started=started)
        finished = events.ModelCallFinished(call_id=f"m{number}", response=json_payload(said))
        yield writer.event(run_id, LIVE, 1, model_call_finished=finished)
    yield writer.event(run_id, LIVE, 1, run_finished=events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED))


async def fill(place: Place, runs: int) -> None:
    """Record runs."""
    async with Appender(place.recorder, issue_token(place.key, "import")) as appender:
        for start in range(0, runs, 200):
            names = [f"run-{number}" for number in range(start, min(start + 200, runs))]
            await asyncio.gather(*(appender.append(name, list(log_of(name))) for name in names))


async def content_bytes(place: Place) -> int:
    """Return the length of all events in the record."""
    total = 0
    async for message in place.recorder.ExportRuns(pb.ExportRunsRequest()):
        total += sum(len(stored.encoded) for frame in message.frames for stored in frame.events.events)
    return total


async def archive(place: Place, directory: Path) -> int:
    """Archive everything and return how long the files are together."""
    request, total = pb.ArchiveRunsRequest(accepted_before=now(), url=str(directory)), 0
    while True:
        told = await place.recorder.ArchiveRuns(request, metadata=bearer(issue_token(place.key, OPERATOR)))
        total += told.size_bytes
        if not told.cursor:
            return total
        request.after_cursor = told.cursor


if __name__ == "__main__":
    main()
