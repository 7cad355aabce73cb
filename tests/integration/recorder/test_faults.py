"""A disk that fails, and a record that it has spoiled: nothing acknowledged is lost, and who starts is told."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter
from pal_recorder.__main__ import Config, recorder
from pal_recorder.log import RunLog
from pal_recorder.sqlite import SqliteStore
from pal_recorder.store import Group
from pal_rpc.appender import Appender
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.recorder_client import RecorderClient
from tests.fakes.faulty_disk import FaultyDisk, faulty_disk

ROUTER = EventWriter("router")
LIVE = common.EXECUTION_MODE_LIVE


def accepted(run_id: str = "r1") -> events.RunEvent:
    return ROUTER.event(run_id, LIVE, 1, run_accepted=events.RunAccepted(agent=common.SpecRef(name="desk")))


def note(run_id: str = "r1") -> events.RunEvent:
    return ROUTER.event(run_id, LIVE, 1, note_added=events.NoteAdded(name="test"))


@dataclasses.dataclass(frozen=True)
class Kept:
    """A recorder, and a router that writes to it."""

    router: Appender
    client: RecorderClient

    async def log(self, run_id: str = "r1") -> list[str]:
        return [found.event_id async for found in self.client.log(run_id)]


@asynccontextmanager
async def kept(config: Config) -> AsyncIterator[Kept]:
    token = issue_token(private_key(config.keys_dir, MESH), "router")
    async with recorder(config) as server:
        stub = rpc.RecorderServiceStub(server.local)  # type: ignore[arg-type]
        async with Appender(stub, token) as router:
            yield Kept(router, RecorderClient(stub, ""))


@pytest.mark.parametrize("error", [apsw.FullError, apsw.ReadOnlyError], ids=["full", "read-only"])
async def test_a_disk_that_takes_nothing_now_is_named_and_taken_up_again(config: Config, error: type) -> None:
    with faulty_disk() as disk:
        async with kept(config) as record:
            first = accepted()
            await record.router.append("r1", [first])
            disk.write_error = error
            with pytest.raises(MeshError, match=r"cannot be written .* free some space or make it writable") as refused:
                await record.router.append("r1", [note()])
            read = await record.log()
            disk.write_error = None
            last = note()
            seqs = await record.router.append("r1", [last])
            both = await record.log()

    assert refused.value.reason_name == "STORE_UNAVAILABLE"
    assert (read, seqs, both) == ([first.event_id], [2], [first.event_id, last.event_id])


async def test_a_sync_that_fails_ends_the_recorder_and_what_was_acknowledged_is_there(config: Config) -> None:
    acknowledged = []
    with faulty_disk() as disk:
        with pytest.raises(ExceptionGroup) as ended:
            async with kept(config) as record:
                for event in (accepted(), note(), note()):
                    await record.router.append("r1", [event])
                    acknowledged.append(event.event_id)
                disk.sync_error = apsw.IOError
                # Nobody is told that it is durable.
                await asyncio.wait_for(record.router.append("r1", [note()]), 10)
        disk.sync_error = None
    failed = ended.value.subgroup(StartError)
    async with kept(config) as record:
        log = await record.log()

    assert failed is not None and "the disk failed" in str(failed.exceptions[0])
    assert log[:3] == acknowledged


class SlowDisk:
    """Holds each group up until it may go on, and tells when one is held and when a reader waits for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held, self.asked = asyncio.Event(), asyncio.Event()
        self.groups = asyncio.Semaphore(0)
        write, run = SqliteStore._write, RunLog.run

        async def slow(store: SqliteStore, group: Group) -> None:
            self.held.set()
            await self.groups.acquire()
            await write(store, group)

        async def asked(log: RunLog, run_id: str) -> shared.Run | None:
            self.asked.set()
            return await run(log, run_id)

        monkeypatch.setattr(SqliteStore, "_write", slow)
        monkeypatch.setattr(RunLog, "run", asked)


async def test_a_reader_waits_for_what_is_on_its_way_to_a_slow_disk_and_not_for_what_comes_behind(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(config) as record:
        await record.router.append("r1", [accepted()])
        disk = SlowDisk(monkeypatch)
        first = record.router.submit("r1", [note()])
        await disk.held.wait()
        reading = asyncio.create_task(record.client.read("r1"))
        await disk.asked.wait()
        behind = [record.router.submit("r1", [note()]) for _ in range(20)]

        disk.groups.release()
        read = await reading
        early = [written.done() for written in behind]
        monkeypatch.undo()
        for _ in behind:
            disk.groups.release()
        seqs = [seq for written in (first, *behind) for seq in await written]

    assert len(read.events) == 2
    assert not any(early)
    assert seqs == list(range(2, 23))


@pytest.mark.parametrize("jump_seconds", [3600, -3600])
async def test_a_clock_that_jumps_changes_neither_order_nor_times(
    config: Config, monkeypatch: pytest.MonkeyPatch, jump_seconds: int
) -> None:
    wall_ns = time.time_ns
    async with kept(config) as record:
        await record.router.append("r1", [accepted()])
        monkeypatch.setattr(time, "time_ns", lambda: wall_ns() + jump_seconds * 10**9)
        await record.router.append("r1", [note()])
        read = await record.client.read("r1")

    first, second = (event.recorded_at.ToNanoseconds() for event in read.events)
    assert 0 <= second - first < 60 * 10**9


async def test_appends_that_come_twice_and_in_any_order_are_recorded_once(config: Config) -> None:
    notes = [note() for _ in range(8)]
    async with kept(config) as record:
        await record.router.append("r1", [accepted()])
        order = [*notes, *reversed(notes), *notes[::2], *notes[1::2]]
        written = [record.router.submit("r1", [event]) for event in order]
        seqs = [(await each)[0] for each in written]
        log = await record.log()

    assert log[1:] == [event.event_id for event in notes]
    assert seqs == [notes.index(event) + 2 for event in order]


async def test_a_poison_event_harms_only_its_own_batch(config: Config) -> None:
    poison = note()
    poison.type = "model.call.finished"
    async with kept(config) as record:
        await record.router.append("r1", [accepted()])
        before, bad, after = (record.router.submit("r1", [event]) for event in (note(), poison, note()))
        seqs = [await before, await after]
        with pytest.raises(MeshError) as refused:
            await bad

    assert seqs == [[2], [3]]
    assert refused.value.reason_name == "INVALID_EVENT"


@pytest.mark.parametrize("unreadable", [False, True], ids=["page", "header"])
async def test_a_spoiled_page_is_found_at_the_start_with_the_way_out(config: Config, unreadable: bool) -> None:
    async with kept(config) as record:
        await record.router.append("r1", [accepted(), *(note() for _ in range(200))])
    path = config.data_dir / "record.db"
    spoil(path, 0 if unreadable else 4096)

    with pytest.raises(StartError, match=r"record\.db is damaged .*pal audit verify.*move it away"):
        async with kept(config):
            pass


def spoil(path: Path, offset: int) -> None:
    """Write over a page, as a failing disk would."""
    db = apsw.Connection(str(path))
    db.pragma("wal_checkpoint(TRUNCATE)")
    db.close()
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 2048)


def test_the_faulty_disk_is_only_there_when_it_is_wanted(tmp_path: Path) -> None:
    with faulty_disk() as disk:
        assert isinstance(disk, FaultyDisk)
        db = apsw.Connection(str(tmp_path / "a.db"))
        disk.write_error = apsw.FullError
        with pytest.raises(apsw.FullError):
            db.execute("CREATE TABLE t (a)")
        db.close()
    with apsw.Connection(str(tmp_path / "b.db")) as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
