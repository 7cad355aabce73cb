"""`pal export`: documents, runs, measurements and artifacts in a file that another mesh imports."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TextColumn

from pal.service.v1 import shared_pb2 as shared
from pal_cli.failures import NOT_FOUND, REFUSED, CommandError
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import err, print_json, say, size
from pal_cli.version import pal_version
from pal_log.events import now
from pal_transfer.export_file import ARTIFACTS, DOCUMENTS, RUNS, BrokenExport, Manifest, manifest_of, opened, pack
from pal_transfer.exporting import Exporter, NothingSelected, Wanted
from pal_transfer.selection import BadSelection, query

_UNFINISHED = ".unfinished"


@command
async def export(
    to: Annotated[Path, typer.Option("--to", help="file.tar, or a directory", show_default=False)],
    home: HomeOption = None,
    runs: Annotated[str, typer.Option("--runs", help='"agent=desk since=7d outcome=succeeded label.tier=canary"')] = "",
    all_: Annotated[bool, typer.Option("--all", help="all runs of every mode, and every document")] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="runs that are not over as well; two meshes must not carry one on")
    ] = False,
    output: Output = OutputFormat.table,
) -> None:
    """Export runs with everything that belongs to them. Called again after a crash, it goes on where it was."""
    if all_ == bool(runs):
        raise CommandError("name the runs with --runs SELECTION, or export --all of them")
    wanted = Wanted(query=_query(runs), selection=runs, unfinished=unfinished)
    try:
        manifest = await _exported(to, home, wanted)
    except NothingSelected as nothing:
        raise CommandError(_nothing(runs, nothing.unfinished_runs), NOT_FOUND) from None
    except BrokenExport as broken:
        raise CommandError(f"--to {to}: {broken}", REFUSED) from None
    except OSError as error:
        where = error.filename or to
        raise CommandError(
            f"--to {where}: {error.strerror}; free some space or make it writable, then call it again: it goes on"
        ) from None
    _show(manifest, to, output)


def _nothing(selection: str, unfinished_runs: int) -> str:
    later = f" {unfinished_runs} that it names are not over: --unfinished takes them." if unfinished_runs else ""
    return (
        f'--runs "{selection}" names no finished live run, so nothing was written.{later} Leave a part of it out '
        "or reach further back (since=30d); `pal runs list` shows what there is, --all takes everything"
    )


def _query(selection: str) -> shared.RunQuery:
    if not selection:
        return shared.RunQuery()
    try:
        return query(selection)
    except BadSelection as error:
        raise CommandError(f"--runs: {error}") from None


async def _exported(to: Path, home: Path | None, wanted: Wanted) -> Manifest:
    packed = to.suffix == ".tar"
    directory = to.with_name(to.name + _UNFINISHED) if packed else to
    if packed and to.exists():
        return _same(to, wanted)
    async with connected(home_of(home)) as mesh:
        with Progress(TextColumn("{task.fields[runs]} runs, {task.fields[done]}"), console=err) as bar:
            task, counts = bar.add_task("", total=None, runs=0, done=size(0)), [0, 0]

            def told(runs: int, size_bytes: int) -> None:
                counts[0] += runs
                counts[1] += size_bytes
                bar.update(task, runs=counts[0], done=size(counts[1]))

            exporter = Exporter(mesh.recorder, mesh.registry, directory, told)
            manifest = await exporter.export(wanted, pal_version=pal_version(), created_at=now().ToJsonString())
    if packed:
        pack(directory, manifest, to)
        shutil.rmtree(directory)
    return manifest


def _same(to: Path, wanted: Wanted) -> Manifest:
    """Return the manifest of an export that is complete, so that a repeat adds nothing."""
    source = opened(to)
    try:
        manifest = manifest_of(source)
    finally:
        source.close()
    if manifest.selection != wanted.selection:
        raise BrokenExport(f"holds an export of {manifest.selection or 'all runs'}; choose another place")
    return manifest


def _show(manifest: Manifest, to: Path, output: OutputFormat) -> None:
    total = manifest.total
    size_bytes = sum(part.size_bytes for part in manifest.parts)
    counts = {
        "runs": total(RUNS, "runs"),
        "events": total(RUNS, "events"),
        "documents": total(DOCUMENTS, "records"),
        "parts": len(manifest.parts),
        "size_bytes": size_bytes,
        "unfinished_runs": manifest.unfinished_runs,
        "missing_artifacts": manifest.missing_artifacts,
    }
    if output is OutputFormat.json:
        print_json({"to": str(to), **counts})
        return
    artifacts = total(ARTIFACTS, "records")
    say(
        f"{counts['runs']} runs with {counts['events']} events, {counts['documents']} documents"
        f"{', their artifacts' if artifacts else ''}: {size(size_bytes)} in {to}"
    )
    if manifest.unfinished_runs:
        say(f"[yellow]{manifest.unfinished_runs} runs that are not over were left out[/] (--unfinished takes them)")
    if manifest.missing_artifacts:
        say(f"[yellow]{len(manifest.missing_artifacts)} artifacts that runs refer to are not kept here[/]")
    say(f"[dim]`pal import {to}` brings them into another mesh[/]")
