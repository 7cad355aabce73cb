"""Archived runs are read as before, wherever their files are; and what happens when these are not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import grpc
import pyarrow.parquet as pq
import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal_log.events import now
from pal_recorder.archive import Archive, reader_with_archive
from pal_recorder.audit import Audit
from pal_recorder.sqlite_reader import SqliteReader
from pal_rpc.config import StartError
from pal_rpc.keys import RECORDER, known_keys
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.status import from_rpc_error
from tests.integration.transfer.conftest import Mesh, Start

Database = Callable[[], Awaitable[str]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def one(request: pytest.FixtureRequest, mesh: Start, database: Database) -> AsyncIterator[Mesh]:
    async with mesh("a", await database() if request.param == "postgres" else None) as started:
        yield started


async def archive(mesh: Mesh, url: Path | str, service: str = "operator") -> pb.ArchiveRunsResponse:
    request = pb.ArchiveRunsRequest(accepted_before=now(), url=str(url))
    metadata = (("authorization", f"Bearer {mesh.token(service)}"),)
    return await mesh.recorder.ArchiveRuns(request, metadata=metadata)


async def delete(mesh: Mesh) -> pb.DeleteRunsResponse:
    metadata = (("authorization", f"Bearer {mesh.token('operator')}"),)
    return await mesh.recorder.DeleteRuns(pb.DeleteRunsRequest(accepted_before=now()), metadata=metadata)


def reason(error: grpc.aio.AioRpcError) -> str:
    known = from_rpc_error(error)
    return known.reason_name if known else ""


async def test_archived_runs_are_listed_and_read_as_before(one: Mesh, tmp_path: Path) -> None:
    await one.record("r1")
    await one.record("r2", 1500)
    await one.record("open", finished=False)
    listed, logs = await one.listed(), {name: await one.log(name) for name in ("r1", "r2")}
    part = pb.ReadEventsRequest(run_id="r2", after_seq=700, max_events=9, type_prefixes=["note."])
    page = await one.recorder.ReadEvents(part)

    told = await archive(one, tmp_path / "cold")
    again = await archive(one, tmp_path / "cold")

    assert (told.runs, told.events, again.runs) == (2, 4 + 1502, 0)
    assert await one.listed() == listed
    assert {name: await one.log(name) for name in logs} == logs
    assert await one.recorder.ReadEvents(part) == page
    tail = [frame.event async for frame in one.recorder.TailEvents(pb.TailEventsRequest(run_id="r1"))]
    assert tail == logs["r1"]
    assert (await RecorderClient(one.recorder, "").run("r1")).head_seq == 4
    assert await one.findings() == []
    assert len(list((tmp_path / "cold").iterdir())) == 1


async def test_a_file_is_parquet_that_others_can_read(one: Mesh, tmp_path: Path) -> None:
    await one.record("r1")
    await archive(one, tmp_path / "cold")

    (file,) = (tmp_path / "cold").glob("*.parquet")
    rows = pq.read_table(file).to_pylist()

    assert [(row["run_id"], row["seq"], row["type"]) for row in rows] == [
        ("r1", 1, "run.accepted"),
        ("r1", 2, "note.added"),
        ("r1", 3, "note.added"),
        ("r1", 4, "run.finished"),
    ]


async def test_archived_runs_are_exported(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a, mesh("b") as b:
        await a.record("r1")
        await archive(a, tmp_path / "cold")
        await a.export(tmp_path / "export")
        await b.restore(tmp_path / "export")

        assert await b.log("r1") == await a.log("r1")
        assert (await a.restore(tmp_path / "export")).unchanged == 1


async def test_an_archive_that_is_gone_is_named(one: Mesh, tmp_path: Path) -> None:
    await one.record("r1")
    await archive(one, tmp_path / "cold")
    (tmp_path / "cold").rename(tmp_path / "elsewhere")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await one.log("r1")
    findings = await one.findings()

    assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "ARCHIVE_UNAVAILABLE")
    assert str(tmp_path / "cold") in (caught.value.details() or "")
    assert [(finding.kind, finding.run_id) for finding in findings] == [(pb.AUDIT_FINDING_KIND_RUN_LOST, "r1")]
    assert [run.run_id for run in await one.listed()] == ["r1"]


async def test_an_archive_that_has_moved_is_found_where_the_recorder_archives(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        log = await a.log("r1")
        await archive(a, tmp_path / "cold")
    (tmp_path / "cold").rename(tmp_path / "elsewhere")

    async with mesh("a", archive_url=str(tmp_path / "elsewhere")) as a:
        assert await a.log("r1") == log


async def test_an_archive_that_was_altered_is_not_read(one: Mesh, tmp_path: Path) -> None:
    await one.record("r1")
    await archive(one, tmp_path / "cold")
    (file,) = (tmp_path / "cold").iterdir()
    table = pq.read_table(file)
    names = table.column("event_id").to_pylist()
    altered = table.set_column(3, table.schema.field(3), [[*names[:-1], "another"]])
    pq.write_table(altered, file, row_group_size=len(names))

    with pytest.raises(grpc.aio.AioRpcError, match="not what was archived") as caught:
        await one.log("r1")

    assert reason(caught.value) == "ARCHIVE_UNAVAILABLE"


async def test_what_cannot_be_archived_stays(one: Mesh, tmp_path: Path) -> None:
    await one.record("r1")
    log = await one.log("r1")
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await archive(one, tmp_path / "file" / "cold")
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await archive(one, "ftp://somewhere")
    with pytest.raises(grpc.aio.AioRpcError) as nowhere:
        await archive(one, "")
    with pytest.raises(grpc.aio.AioRpcError) as other:
        await archive(one, tmp_path / "cold", "router")

    assert reason(caught.value) == reason(unknown.value) == "ARCHIVE_UNAVAILABLE"
    assert (reason(nowhere.value), reason(other.value)) == ("INVALID_FIELD", "PERMISSION_DENIED")
    assert await one.log("r1") == log
    assert await one.findings() == []


async def test_a_crash_after_the_file_leaves_the_run_here_and_once(
    mesh: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        log = await a.log("r1")
        with monkeypatch.context() as patched:
            patched.setattr("pal_recorder.log.RunLog.write", _crash)
            with pytest.raises(grpc.aio.AioRpcError):
                await archive(a, tmp_path / "cold")
    written = {path: path.read_bytes() for path in (tmp_path / "cold").iterdir()}

    async with mesh("a") as a:
        assert await a.log("r1") == log
        assert (await archive(a, tmp_path / "cold")).runs == 1
        assert await a.log("r1") == log
        assert {path: path.read_bytes() for path in (tmp_path / "cold").iterdir()} == written
        assert await a.findings() == []


async def _crash(*_: object) -> None:
    raise MemoryError


async def test_an_archived_run_may_be_deleted_and_its_file_goes_with_the_last(one: Mesh, tmp_path: Path) -> None:
    await one.record("r1")
    await one.record("r2")
    await archive(one, tmp_path / "cold")

    told = await delete(one)

    assert (told.runs, told.events) == (2, 8)
    assert list((tmp_path / "cold").iterdir()) == []
    page = await one.recorder.ReadEvents(pb.ReadEventsRequest(run_id="r1"))
    assert list(page.gaps) == [shared.HistoryGap(first_seq=1, last_seq=4, reason="RETENTION")]
    assert await one.findings() == []


async def test_a_recorder_archives_by_itself_what_is_old_enough(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        log = await a.log("r1")
    async with mesh("a", archive_url=str(tmp_path / "cold"), archive_after_days=0) as a:
        async with asyncio.timeout(60):
            # Nothing announces what the recorder does by itself.
            while not list(tmp_path.glob("cold/*.parquet")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

        assert await a.log("r1") == log


async def test_an_age_without_a_place_stops_the_start(mesh: Start) -> None:
    with pytest.raises(StartError, match="PAL_ARCHIVE_URL"):
        async with mesh("a", archive_after_days=30):
            pass


async def test_an_audit_without_a_recorder_reads_the_archive(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        await archive(a, tmp_path / "cold")
    reader = SqliteReader(tmp_path / "a" / "data")
    try:
        audit = Audit(
            reader_with_archive(reader, Archive()), known_keys(tmp_path / "a" / "keys", RECORDER), pb.AuditRequest()
        )
        frames = [frame async for frame in audit.frames()]
    finally:
        await reader.close()

    assert [frame for frame in frames if frame.HasField("finding")] == []
    assert (frames[-1].summary.runs, frames[-1].summary.events) == (1, 4)
