"""What a mesh has recorded leaves it in a file and comes back from it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.e2e.conftest import PAL, ROOT, Cli, started


async def recorded(pal: Cli, text: str, *options: str) -> str:
    """Run the support desk and return the run."""
    ran = await pal("run", "support-desk", "-i", text, "-o", "json", *options)
    return str(next(frame["event"]["runId"] for frame in ran.lines if "event" in frame))


async def test_an_export_is_written_once_and_its_import_changes_nothing_where_it_comes_from(
    pal: Cli, tmp_path: Path
) -> None:
    run_id = await recorded(pal, "Where is order A-1001?", "--label", "moved=here")
    file = tmp_path / "runs.tar"

    first = await pal("export", "--runs", "label.moved=here", "--to", str(file), "-o", "json")
    written = file.read_bytes()
    again = await pal("export", "--runs", "label.moved=here", "--to", str(file), "-o", "json")
    brought = await pal("import", str(file), "-o", "json")

    assert (first.code, again.code, brought.code) == (0, 0, 0), first.err + again.err + brought.err
    assert (first.json["runs"], first.json["documents"]) == (1, 4), run_id
    assert again.json == first.json
    assert file.read_bytes() == written
    assert brought.json == {"runs": 0, "unchanged": 1, "deleted": 0, "documents": 0, "artifacts": 0}


async def test_a_disk_that_is_full_is_named_and_the_export_goes_on_later(pal: Cli, tmp_path: Path) -> None:
    await recorded(pal, "Where is order A-1001?", "--label", "moved=late")
    words = ("export", "--runs", "label.moved=late", "--to", str(tmp_path / "runs.tar"))

    # No file may grow beyond a kilobyte.
    limited = ("-c", 'ulimit -f 1; exec "$0" "$@"', str(PAL), *words)
    full = await asyncio.create_subprocess_exec(
        "bash", *limited, env={**os.environ, "PAL_HOME": str(pal.home)}, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await full.communicate()
    later = await pal(*words, "-o", "json")

    assert full.returncode == 2
    assert "File too large; free some space" in said.decode() and b"Traceback" not in said
    assert (later.code, later.json["runs"]) == (0, 1), later.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["export", "--to", "x.tar"], 2, "--runs SELECTION, or export --all"),
        (["export", "--runs", "agnt=x", "--to", "x.tar"], 2, "there are: agent"),
        (["export", "--all", "--to", "README.md/x.tar"], 2, "README.md"),
        (["export", "--all", "--to", "docs"], 4, "not empty and holds no export"),
        (["import", "no-such-file"], 3, "No such file"),
        (["import", "README.md"], 2, "no whole tar file"),
        (["import", "docs"], 2, "manifest.json"),
    ],
)
async def test_wrong_input_is_named(pal: Cli, arguments: list[str], code: int, words: str) -> None:
    finished = await pal(*arguments)

    assert finished.code == code, finished.err
    assert words in finished.err


@pytest.mark.slow
async def test_runs_move_to_another_mesh_where_they_are_repeated_archived_and_deleted(pal: Cli, tmp_path: Path) -> None:
    run_id = await recorded(pal, "Where is order A-1001?", "--label", "moved=away")
    exported = await pal("export", "--runs", "label.moved=away", "--to", str(tmp_path / "runs"))
    log = (await pal("runs", "events", run_id, "-o", "json")).out

    async with started(tmp_path / "home") as other:
        brought = await other("import", str(tmp_path / "runs"))
        repeated = await other("replay", run_id, "-o", "json")
        archived = await other("archive", "--older-than", "0s", "--to", str(tmp_path / "cold"), "-o", "json")
        from_archive = await other("replay", run_id, "-o", "json", "--request-id", "from-the-archive")
        audited = await other("audit", "verify")
        there = (await other("runs", "events", run_id, "-o", "json")).out

        deleted = await other("retention", "--delete-older-than", "0s", "-o", "json")
        gone = await other("replay", run_id)
        still = await other("audit", "verify")

    assert (exported.code, brought.code, repeated.code, audited.code) == (0, 0, 0, 0), brought.err + repeated.err
    assert there == log
    assert (archived.json["runs"], from_archive.code) == (2, 0), from_archive.err
    assert (deleted.json["runs"], still.code) == (3, 0), still.out
    assert (gone.code, "RUN_DELETED" in gone.err) == (3, True), gone.err
