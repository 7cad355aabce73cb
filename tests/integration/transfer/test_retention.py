"""What retention deletes leaves a gap that says so; any other gap is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import apsw
import grpc
import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_log.events import now
from pal_log.payload import digest
from pal_recorder.audit import Audit
from pal_recorder.sqlite_reader import SqliteReader
from pal_router.conversation import conversation
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.keys import RECORDER, known_keys
from pal_rpc.recorder_client import RecorderClient
from tests.integration.transfer.conftest import Mesh, Start, event

Database = Callable[[], Awaitable[str]]
RUN_LOST, ADDED = pb.AUDIT_FINDING_KIND_RUN_LOST, pb.AUDIT_FINDING_KIND_ADDED


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def one(request: pytest.FixtureRequest, mesh: Start, database: Database) -> AsyncIterator[Mesh]:
    async with mesh("a", await database() if request.param == "postgres" else None) as started:
        yield started


async def delete(mesh: Mesh, *, dry_run: bool = False, service: str = "operator") -> pb.DeleteRunsResponse:
    request = pb.DeleteRunsRequest(accepted_before=now(), dry_run=dry_run)
    metadata = (("authorization", f"Bearer {mesh.token(service)}"),)
    return await mesh.recorder.DeleteRuns(request, metadata=metadata)


async def test_old_runs_go_and_the_others_stay(one: Mesh) -> None:
    await one.record("r1")
    await one.record("r2", 5)
    await one.record("open", finished=False)
    counted = await delete(one, dry_run=True)

    told = await delete(one)
    await one.record("r3")

    assert (counted.runs, counted.events) == (told.runs, told.events) == (2, 11)
    assert [run.run_id for run in await one.listed()] == ["r3", "open"]
    assert (await delete(one)).runs == 1
    assert await one.findings() == []


async def test_artifacts_go_with_the_last_run_that_refers_to_them(mesh: Start) -> None:
    async with mesh("a", None) as one:
        client = ArtifactClient(one.recorder, one.token("router"))
        await one.record("r1", artifact=b"lost")
        await one.record("r2", artifact=b"kept")
        await one.record("open", finished=False, artifact=b"kept")
        young = await client.put(b"young", "text/plain")
        db = apsw.Connection(str(one.keys.parent / "data" / "record.db"))
        db.execute("UPDATE artifacts SET put_ns = 0 WHERE digest <> ?", (young,))
        db.close()

        told = await delete(one)

        names = digest(b"kept"), digest(b"lost"), young
        assert (told.runs, told.artifacts) == (2, 1)
        assert [await client.found(name) for name in names] == [b"kept", None, b"young"]
        assert await one.findings() == []


async def test_what_is_left_of_a_run_says_that_it_was_deleted(one: Mesh) -> None:
    await one.record("r1")
    await delete(one)

    page = await one.recorder.ReadEvents(pb.ReadEventsRequest(run_id="r1", after_seq=1))
    tail = [frame async for frame in one.recorder.TailEvents(pb.TailEventsRequest(run_id="r1"))]
    with pytest.raises(MeshError) as caught:
        await RecorderClient(one.recorder, "").run("r1")

    assert list(page.gaps) == [shared.HistoryGap(first_seq=2, last_seq=4, reason="RETENTION")]
    assert (list(page.events), page.through_seq, page.head_seq) == ([], 4, 4)
    assert [frame.gap for frame in tail] == [shared.HistoryGap(first_seq=1, last_seq=4, reason="RETENTION")]
    assert caught.value.reason_name == "RUN_DELETED"
    assert (await one.recorder.ListSpans(pb.ListSpansRequest(run_id="r1"))).spans == []


async def test_a_run_that_is_deleted_does_not_come_back(one: Mesh, tmp_path: Path) -> None:
    await one.record("r1")
    await one.export(tmp_path / "export")
    await delete(one)

    restored = await one.restore(tmp_path / "export")
    with pytest.raises(MeshError) as caught:
        async with Appender(one.recorder, one.token("router")) as router:
            await router.append("r1", [event("r1", run_accepted=events.RunAccepted())])

    assert (restored.runs, restored.deleted) == (0, 1)
    assert caught.value.reason_name == "RUN_DELETED"
    assert await one.findings() == []


async def test_a_conversation_over_a_deleted_run_is_refused(one: Mesh) -> None:
    async with Appender(one.recorder, one.token("router")) as router:
        accepted = event("r1", run_accepted=events.RunAccepted(conversation_id="talk"))
        await router.append("r1", [accepted, event("r1", run_finished=events.RunFinished(outcome=1))])
    await delete(one)
    following = shared.Run(run_id="r2", conversation_id="talk", accepted_at=now())

    with pytest.raises(MeshError, match="its run r1 was deleted") as caught:
        await conversation(following, RecorderClient(one.recorder, ""), ArtifactClient(one.recorder, ""))

    assert caught.value.reason_name == "RUN_DELETED"


async def test_only_the_operator_deletes(one: Mesh) -> None:
    await one.record("r1")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await delete(one, service="router")

    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert len(await one.listed()) == 1


async def test_runs_between_others_leave_the_checkpoints_whole(one: Mesh) -> None:
    """Events of several runs take turns, across many checkpoints, before and after one of them is deleted."""
    async with Appender(one.recorder, one.token("router")) as router:
        for name in ("a", "b"):
            await router.append(name, [event(name, run_accepted=events.RunAccepted())])
        for number in range(30):
            for name in ("a", "b"):
                notes = [event(name, note_added=events.NoteAdded(name=f"{number}")) for _ in range(60)]
                await router.append(name, notes)
        await router.append("a", [event("a", run_finished=events.RunFinished(outcome=1))])
    assert len((await one.recorder.ListCheckpoints(pb.ListCheckpointsRequest())).checkpoints) > 2

    told = await delete(one)

    assert (told.runs, told.events) == (1, 1802)
    assert await one.findings() == []


async def test_positions_go_on_above_what_was_deleted(mesh: Start) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        await delete(a)
    async with mesh("a") as a:
        await a.record("r2")

        assert await a.findings() == []
        assert [run.run_id for run in await a.listed()] == ["r2"]


async def audited(home: Path, run_id: str = "") -> list[tuple[int, str]]:
    reader = SqliteReader(home / "data")
    try:
        audit = Audit(reader, known_keys(home / "keys", RECORDER), pb.AuditRequest(run_id=run_id))
        frames = [frame async for frame in audit.frames()]
    finally:
        await reader.close()
    return [(frame.finding.kind, frame.finding.run_id) for frame in frames if frame.HasField("finding")]


@pytest.mark.parametrize(
    ("tampering", "finding"),
    [
        ("DELETE FROM deleted_runs", RUN_LOST),
        ("DELETE FROM stand_ins", RUN_LOST),
        ("UPDATE stand_ins SET hash = zeroblob(32)", RUN_LOST),
        ("INSERT INTO runs SELECT 'r1', accepted_ns, state, agent, '', '', '{}', encoded, 0, 0, '' FROM runs", ADDED),
    ],
)
async def test_a_gap_that_is_tampered_with_is_found(mesh: Start, tmp_path: Path, tampering: str, finding: int) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        await delete(a)
        await a.record("r2")
    before = await audited(tmp_path / "a")
    db = apsw.Connection(str(tmp_path / "a" / "data" / "record.db"))
    db.execute(tampering)
    db.close()

    assert before == []
    assert (finding, "r1") in await audited(tmp_path / "a")
    assert (finding, "r1") in await audited(tmp_path / "a", "r1")


async def test_a_silent_gap_is_found_though_it_looks_like_a_deletion(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        await a.record("r2")
        await delete(a)
        await a.record("r3")
    db = apsw.Connection(str(tmp_path / "a" / "data" / "record.db"))
    db.execute("""
        INSERT INTO stand_ins SELECT position, run_id, seq, hash FROM events;
        DELETE FROM events;
        DELETE FROM runs;
    """)
    removal = pb.RunRemoval.FromString(next(db.execute("SELECT encoded FROM deleted_runs WHERE run_id = 'r1'"))[0])
    head = next(db.execute("SELECT max(seq), hash FROM stand_ins WHERE run_id = 'r3'"))
    forged = pb.RunRemoval(run_id="r3", head_seq=head[0], head_hash=head[1], checkpoint=removal.checkpoint)
    db.execute("INSERT INTO deleted_runs VALUES ('r3', '', ?)", (forged.SerializeToString(),))
    db.close()

    assert await audited(tmp_path / "a") == [(RUN_LOST, "r3")]


async def test_a_recorder_deletes_by_itself_what_is_old_enough(mesh: Start) -> None:
    async with mesh("a") as a:
        await a.record("r1")
    async with mesh("a", delete_after_days=1) as a:
        assert len(await a.listed()) == 1
    async with mesh("a", delete_after_days=0) as a:
        async with asyncio.timeout(60):
            # Nothing announces what the recorder does by itself.
            while await a.listed():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

        assert await a.findings() == []


async def test_a_negative_age_stops_the_start(mesh: Start) -> None:
    with pytest.raises(StartError, match="PAL_DELETE_AFTER_DAYS"):
        async with mesh("a", delete_after_days=-1):
            pass
