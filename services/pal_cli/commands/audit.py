"""`pal audit ...`: is the record what was recorded?"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf import json_format, timestamp_pb2
from rich.markup import escape

from pal.service.v1 import recorder_service_pb2 as pb
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, CommandError
from pal_cli.home import Home
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, print_json, say, word
from pal_recorder.archive import Archive, reader_with_archive
from pal_recorder.audit import Audit
from pal_recorder.checkpoints import digest_of, statement_of, without_heads
from pal_recorder.sqlite_reader import SqliteReader
from pal_recorder.store import RecordReader
from pal_rpc.keys import RECORDER, known_keys

app = typer.Typer(no_args_is_help=True, help="Prove that nothing in the record was changed, added or lost.")

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="read this data directory instead of asking a recorder; keys come from --home"),
]
StoreOption = Annotated[
    str, typer.Option("--store", help="read this PostgreSQL database instead of asking a recorder", show_default=False)
]
ArchiveOption = Annotated[
    str,
    typer.Option("--archive", envvar="PAL_ARCHIVE_URL", help="with --data or --store: where the archive lies by now"),
]
_CALL_SECONDS = 10.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@app.command()
@command
async def verify(
    run_id: Annotated[str, typer.Argument(help="the run; default: all", show_default=False)] = "",
    home: HomeOption = None,
    all_: Annotated[bool, typer.Option("--all", help="all runs, which is the default")] = False,
    since: Annotated[str, typer.Option(help="only what is newer: 2h, 7d, 2026-11-24, 2026-11-24T08:00")] = "",
    checkpoint: Annotated[list[Path] | None, typer.Option(help="file of checkpoints that you kept, repeatable")] = None,
    data: DataOption = None,
    store: StoreOption = "",
    archive: ArchiveOption = "",
    output: Output = OutputFormat.table,
) -> int:
    """Read the record again and say what is not as it was recorded, and where. Exit code 1 when something is."""
    if all_ and (run_id or since):
        raise CommandError("--all: leave it out, or leave out the run and --since")
    request = pb.AuditRequest(run_id=run_id, kept=[kept for path in checkpoint or () for kept in _kept(path)])
    if since:
        request.since.CopyFrom(_moment(since))
    findings: list[pb.AuditFinding] = []
    summary = pb.AuditSummary()
    async with _audited(home_of(home), data, store, archive, request) as frames:
        async for frame in frames:
            if frame.HasField("finding"):
                findings.append(frame.finding)
                if output is OutputFormat.table:
                    say(f"[bold red]✗[/] {_kind(frame.finding):12} {escape(frame.finding.message)}")
            elif frame.HasField("summary"):
                summary = frame.summary
    if output is OutputFormat.json:
        print_json({"findings": [as_json(finding) for finding in findings], "summary": as_json(summary)})
    else:
        say(_concluded(summary))
    return RUN_FAILED if findings else OK


@app.command("checkpoint")
@command
async def checkpoint_(
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="file to add it to, a line of JSON")] = None,
    data: DataOption = None,
    store: StoreOption = "",
    output: Output = OutputFormat.table,
) -> None:
    """Show the newest checkpoint. Kept outside, it shows later whether the record was rolled back."""
    newest = await _newest(home_of(home), data, store)
    statement = statement_of(newest)
    if out:
        _append(out, newest)
    if output is OutputFormat.json:
        print_json(as_json(newest), indent=None)
        return
    facts = {
        "checkpoint": statement.number,
        "made": moment(statement.created_at),
        "events": f"{statement.event_count}, up to position {statement.through_position}",
        "digest": f"sha256:{digest_of(newest).hex()}",
        "key": statement.key_id,
        "kept in": out or "",
    }
    for name, value in facts.items():
        if value != "":
            say(f"[dim]{name:11}[/] {escape(str(value))}")


@asynccontextmanager
async def _audited(
    home: Home, data: Path | None, store: str, archive: str, request: pb.AuditRequest
) -> AsyncIterator[AsyncIterable[pb.AuditResponse]]:
    if data is None and not store:
        async with connected(home) as mesh:
            yield mesh.recorder.Audit(request)
        return
    keys = known_keys(home.keys, RECORDER)
    async with _reader(data, store) as reader:
        yield Audit(reader_with_archive(reader, Archive(archive or None)), keys, request).frames()


@asynccontextmanager
async def _reader(data: Path | None, store: str) -> AsyncIterator[RecordReader]:
    if data and store:
        raise CommandError("--data and --store: name one of them")
    if data:
        files = SqliteReader(data)
        try:
            yield files
        finally:
            await files.close()
        return
    # No other command needs what this imports.
    from pal_recorder.postgres_reader import PostgresReader

    database = PostgresReader(store)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def _newest(home: Home, data: Path | None, store: str) -> pb.Checkpoint:
    if data is None and not store:
        async with connected(home) as mesh:
            request = pb.ListCheckpointsRequest(page_size=1)
            listed = await mesh.recorder.ListCheckpoints(request, timeout=_CALL_SECONDS)
        found = listed.checkpoints[0] if listed.checkpoints else None
    else:
        async with _reader(data, store) as reader:
            found = await reader.last_checkpoint()
    if found is None:
        raise CommandError("there is no checkpoint yet; the recorder makes the first one when it starts", NOT_FOUND)
    return without_heads(found)


def _kept(path: Path) -> Iterator[pb.Checkpoint]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--checkpoint {path}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield json_format.Parse(line, pb.Checkpoint())
            except json_format.ParseError:
                problem = "not a checkpoint; `pal audit checkpoint --out FILE` writes such lines"
                raise CommandError(f"--checkpoint {path}:{number}: {problem}") from None


def _append(path: Path, checkpoint: pb.Checkpoint) -> None:
    line = json_format.MessageToJson(checkpoint, indent=None) + "\n"
    try:
        with path.open("a") as kept:
            kept.write(line)
            kept.flush()
            os.fsync(kept.fileno())
    except OSError as error:
        raise CommandError(f"--out {path}: {error.strerror}") from None


def _moment(text: str) -> timestamp_pb2.Timestamp:
    stamp = timestamp_pb2.Timestamp()
    if ago := re.fullmatch(r"(\d+)([smhd])", text):
        when = datetime.datetime.now() - datetime.timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
    else:
        try:
            when = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise CommandError(f"--since {text}: write 30m, 2h, 7d, 2026-11-24 or 2026-11-24T08:00") from None
    stamp.FromDatetime(when.astimezone(datetime.UTC).replace(tzinfo=None))
    return stamp


def _kind(finding: pb.AuditFinding) -> str:
    return word(pb.AuditFindingKind, finding.kind, "AUDIT_FINDING_KIND_")


def _concluded(summary: pb.AuditSummary) -> str:
    looked = f"{summary.runs} runs, {summary.events} events, {summary.checkpoints} checkpoints"
    newest = statement_of(summary.newest)
    anchor = f"; the newest is {newest.number} of {moment(newest.created_at)}" if newest.number else ""
    open_ = f"; {summary.unanchored_events} events are newer than it" if summary.unanchored_events else ""
    if summary.findings:
        return f"[bold red]{summary.findings} findings[/] in {looked}{anchor}{open_}"
    return f"[bold green]✓[/] {looked}: all as recorded{anchor}{open_}"
