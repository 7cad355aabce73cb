"""Runs, documents and artifacts move from one mesh to another as they are, or not at all."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import pytest

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal_log.payload import digest
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.errors import MeshError
from pal_transfer.export_file import MANIFEST, BrokenExport, pack
from pal_transfer.exporting import NothingSelected
from tests.integration.transfer.conftest import AGENT, Start

Database = Callable[[], Awaitable[str]]
CONTENT = b"kept elsewhere " * 10_000


@pytest.mark.parametrize(("source", "target"), [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite")])
async def test_everything_arrives_as_it_was(
    mesh: Start, tmp_path: Path, database: Database, source: str, target: str
) -> None:
    urls = [await database() if store == "postgres" else None for store in (source, target)]
    async with mesh("a", urls[0]) as a:
        await a.record("r1", artifact=CONTENT)
        await a.record("r2", 1200)
        await a.record("r3", finished=False)
        manifest = await a.export(tmp_path / "export")
        before = {run_id: await a.log(run_id) for run_id in ("r1", "r2")}
        spans = await a.recorder.ListSpans(pb.ListSpansRequest(run_id="r1"))
        listed = [run for run in await a.listed() if run.run_id != "r3"]

    async with mesh("b", urls[1]) as b:
        restored = await b.restore(tmp_path / "export")
        again = await b.restore(tmp_path / "export")

        assert (restored.runs, restored.documents, restored.artifacts, restored.unchanged) == (2, 1, 1, 0)
        assert (again.runs, again.documents, again.unchanged) == (0, 0, 2)
        assert {run_id: await b.log(run_id) for run_id in before} == before
        assert await b.listed() == listed
        assert await b.recorder.ListSpans(pb.ListSpansRequest(run_id="r1")) == spans
        assert await ArtifactClient(b.recorder, "").get(digest(CONTENT)) == CONTENT
        assert await b.findings() == []
    assert manifest.unfinished_runs == 1


async def test_what_goes_on_after_an_import_is_recorded_after_it(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a, mesh("b") as b:
        await a.record("r1")
        await b.record("r2")
        await a.export(tmp_path / "export")
        await b.restore(tmp_path / "export")
        await b.record("r3")

        assert {run.run_id for run in await b.listed()} == {"r1", "r2", "r3"}
        assert await b.findings() == []


async def test_a_selection_takes_only_what_belongs_to_it(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a, mesh("b") as b:
        await a.record("r1")
        other = AGENT.replace("desk", "other")
        await a.registry.Apply(registry_pb.ApplyRequest(text=other))
        await a.export(tmp_path / "export", "agent=desk", agent_name="desk")

        restored = await b.restore(tmp_path / "export")

        assert (restored.runs, restored.documents) == (1, 1)


async def test_a_selection_that_names_no_run_leaves_nothing_behind(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a:
        await a.record("r1", finished=False)

        with pytest.raises(NothingSelected) as nobody:
            await a.export(tmp_path / "export", "agent=nobody", agent_name="nobody")
        with pytest.raises(NothingSelected) as unfinished:
            await a.export(tmp_path / "export", "agent=desk", agent_name="desk")

        assert (nobody.value.unfinished_runs, unfinished.value.unfinished_runs) == (0, 1)
        assert not (tmp_path / "export").exists()


async def test_a_run_that_is_there_with_other_events_is_refused_and_nothing_is_imported(
    mesh: Start, tmp_path: Path
) -> None:
    async with mesh("a") as a, mesh("b") as b:
        await a.record("r1")
        await a.record("r2")
        await b.record("r1", 5)
        await a.export(tmp_path / "export")

        with pytest.raises(MeshError, match="run r1 is recorded here with other events") as caught:
            await b.restore(tmp_path / "export")

        assert caught.value.reason_name == "RUN_DIFFERS"
        assert [run.run_id for run in await b.listed()] == ["r1"]


async def test_only_the_importer_imports(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a, mesh("b") as b:
        await a.record("r1")
        await a.export(tmp_path / "export")

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await b.restore(tmp_path / "export", "tool_executor")

        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert await b.listed() == []


def truncated(directory: Path) -> None:
    part = directory / "runs-000001.zst"
    part.write_bytes(part.read_bytes()[:-20])


def altered(directory: Path) -> None:
    part = directory / "runs-000001.zst"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))


def missing(directory: Path) -> None:
    (directory / "runs-000001.zst").unlink()


def newer(directory: Path) -> None:
    manifest = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps({**manifest, "version": 2}))


def counted_otherwise(directory: Path) -> None:
    text = (directory / MANIFEST).read_text()
    (directory / MANIFEST).write_text(text.replace('"runs": 1', '"runs": 2'))


def no_manifest(directory: Path) -> None:
    (directory / MANIFEST).unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (truncated, "runs-000001.zst"),
        (altered, "runs-000001.zst"),
        (missing, "runs-000001.zst"),
        (newer, "a newer version wrote this export"),
        (counted_otherwise, "it was altered"),
        (no_manifest, "the export is not whole"),
    ],
)
async def test_a_file_that_is_not_whole_is_refused_before_anything_is_written(
    mesh: Start, tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    async with mesh("a") as a:
        await a.record("r1", artifact=CONTENT)
        await a.export(tmp_path / "export")
    harm(tmp_path / "export")

    async with mesh("b") as b:
        with pytest.raises(BrokenExport, match=words):
            await b.restore(tmp_path / "export")

        assert await b.listed() == []
        with pytest.raises(grpc.aio.AioRpcError):
            await ArtifactClient(b.recorder, "").get(digest(CONTENT))


async def test_a_tar_file_carries_the_same_and_a_truncated_one_is_refused(mesh: Start, tmp_path: Path) -> None:
    file = tmp_path / "export.tar"
    async with mesh("a") as a:
        await a.record("r1")
        pack(tmp_path / "export", await a.export(tmp_path / "export"), file)
    whole = file.read_bytes()

    async with mesh("b") as b:
        file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BrokenExport, match=r"truncated|not whole"):
            await b.restore(file)
        file.write_bytes(whole)

        assert (await b.restore(file)).runs == 1


class Cut(Exception):
    """The process is gone."""


def cut_after(count: int) -> Callable[..., None]:
    """Return what is told of progress and does not survive the message after *count* others."""
    left = [count]

    def told(*_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Cut

    return told


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a part for each run."""
    monkeypatch.setattr("pal_transfer.exporting.PART_BYTES", 1)
    monkeypatch.setattr("pal_recorder.moving._MESSAGE_BYTES", 1)


@pytest.mark.usefixtures("small_parts")
async def test_an_export_that_was_cut_goes_on_and_takes_nothing_twice(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a, mesh("b") as b:
        for number in range(4):
            await a.record(f"r{number}", artifact=CONTENT + bytes([number]))
        with pytest.raises(Cut):
            await a.export(tmp_path / "export", told=cut_after(7))
        left = sorted(path.name for path in (tmp_path / "export").glob("*.zst"))
        written = {name: (tmp_path / "export" / name).stat().st_mtime_ns for name in left}

        manifest = await a.export(tmp_path / "export")
        restored = await b.restore(tmp_path / "export")

        assert 0 < len(left) < len(manifest.parts)
        assert {name: (tmp_path / "export" / name).stat().st_mtime_ns for name in left} == written
        assert (restored.runs, restored.artifacts, restored.unchanged) == (4, 4, 0)
        assert {path.name for path in (tmp_path / "export").iterdir()} == {
            MANIFEST,
            *(part.name for part in manifest.parts),
        }
        assert await a.export(tmp_path / "export") == manifest


@pytest.mark.usefixtures("small_parts")
async def test_an_import_that_was_cut_goes_on_and_repeats_nothing(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a, mesh("b") as b:
        for number in range(4):
            await a.record(f"r{number}")
        await a.export(tmp_path / "export")
        with pytest.raises(Cut):
            # Each part is told of twice: when it is checked and when it is imported.
            await b.restore(tmp_path / "export", told=cut_after(5))
        there = len(await b.listed())

        restored = await b.restore(tmp_path / "export")

        assert 0 < there < 4
        assert (restored.runs, restored.unchanged) == (4 - there, there)
        assert len(await b.listed()) == 4
        assert await b.findings() == []


async def test_another_export_does_not_go_on_in_the_same_place(mesh: Start, tmp_path: Path) -> None:
    async with mesh("a") as a:
        await a.record("r1")
        with pytest.raises(Cut):
            await a.export(tmp_path / "export", told=cut_after(0))

        with pytest.raises(BrokenExport, match="the beginning of another export"):
            await a.export(tmp_path / "export", "agent=desk", agent_name="desk")
