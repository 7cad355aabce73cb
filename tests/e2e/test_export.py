"""What a mesh has recorded leaves it in a file and comes back from it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.e2e.conftest import PAL, ROOT, Cli, started

pytestmark = pytest.mark.drill


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


async def test_a_selection_that_names_no_run_writes_nothing(pal: Cli, tmp_path: Path) -> None:
    file, folder = tmp_path / "runs.tar", tmp_path / "runs"

    packed = await pal("export", "--runs", "agent=nobody since=1h", "--to", str(file))
    spread = await pal("export", "--runs", "agent=nobody", "--to", str(folder))

    assert (packed.code, spread.code) == (3, 3)
    assert '--runs "agent=nobody since=1h" names no finished live run, so nothing was written' in packed.err
    assert "since=30d" in packed.err and "--all" in packed.err
    assert list(tmp_path.iterdir()) == []


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


def spans(*content: tuple[str, object]) -> str:
    """Return a line of OTLP/JSON with one span of a model call."""
    attributes = [{"key": f"gen_ai.{key}", "value": {"stringValue": json.dumps(value)}} for key, value in content]
    span = {"traceId": "t1", "spanId": "s1", "name": "chat", "endTimeUnixNano": "1", "attributes": attributes}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


async def test_spans_of_elsewhere_become_runs_that_are_repeated(pal: Cli, tmp_path: Path) -> None:
    def said(role: str, **part: object) -> dict[str, object]:
        return {"role": role, "parts": [part]}

    given = [
        said("user", type="text", content="Where is order 7?"),
        said("assistant", type="tool_call", id="c1", name="get_order", arguments={"id": 7}),
        said("tool", type="tool_call_response", id="c1", response={"state": "sent"}),
    ]
    answer = [said("assistant", type="text", content="It was sent.")]
    file = tmp_path / "spans.jsonl"
    file.write_text(spans(("input.messages", given), ("output.messages", answer)) + "\n")

    brought = await pal("import", "otlp", str(file), "--agent", "from-spans", "--read", "get_*", "-o", "json")
    repeated = await pal("replay", "--select", "agent=from-spans", "-r", "agno", "-o", "json")
    file.write_text(file.read_text() + "{oops\n")
    broken = await pal("import", "otlp", str(file), "--agent", "from-broken-spans")

    assert (brought.code, repeated.code) == (0, 0), brought.err + repeated.err
    assert (brought.json["runs"], brought.json["model_calls"], brought.json["tool_calls"]) == (1, 2, 1)
    assert (repeated.json["summary"]["toolHits"], repeated.json["summary"]["misses"]) == (1, 0)
    assert (broken.code, "line 2" in broken.err and "nothing was imported" in broken.err) == (2, True), broken.err


WRONG = [
    (["export", "--to", "x.tar"], 2, "--runs SELECTION, or export --all"),
    (["export", "--runs", "agnt=x", "--to", "x.tar"], 2, "there are: agent"),
    (["export", "--all", "--to", "README.md/x.tar"], 2, "README.md"),
    (["export", "--all", "--to", "docs"], 4, "not empty and holds no export"),
    (["import", "no-such-file"], 3, "No such file"),
    (["import", "README.md"], 2, "no whole tar file"),
    (["import", "docs"], 2, "manifest.json"),
    (["archive", "--older-than", "long ago", "--to", "x"], 2, "--older-than"),
    (["archive", "--older-than", "9999d", "--to", "ftp://x"], 5, "s3://BUCKET/PREFIX"),
    (["retention", "--delete-older-than", "365"], 2, "--delete-older-than"),
]


async def test_wrong_input_is_named(pal: Cli) -> None:
    finished = await asyncio.gather(*(pal(*arguments) for arguments, _, _ in WRONG))

    for (arguments, code, words), ended in zip(WRONG, finished, strict=True):
        assert (ended.code, words in ended.err) == (code, True), f"{arguments}: {ended.err}"


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
