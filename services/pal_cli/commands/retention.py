"""`pal archive` and `pal retention`: old runs move to files, and very old ones are deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from google.protobuf import timestamp_pb2

from pal.service.v1 import recorder_service_pb2 as pb
from pal_cli.failures import CommandError
from pal_cli.home import Home
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import print_json, say, size
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import MESH, private_key
from pal_transfer.selection import BadSelection, moment

_CALL_SECONDS = 120.0


@command
async def archive(
    older_than: Annotated[str, typer.Option("--older-than", help="30d, 12h, or a day: 2026-01-31", show_default=False)],
    home: HomeOption = None,
    to: Annotated[
        str, typer.Option("--to", help="directory or s3://BUCKET/PREFIX; default: PAL_ARCHIVE_URL of the recorder")
    ] = "",
    output: Output = OutputFormat.table,
) -> None:
    """Move the events of finished runs to Parquet files by their age. The runs are listed and read as before."""
    request = pb.ArchiveRunsRequest(accepted_before=_moment("--older-than", older_than), url=_absolute(to))
    where, total = home_of(home), pb.ArchiveRunsResponse()
    metadata = _operator(where)
    async with connected(where) as mesh:
        while True:
            told = await mesh.recorder.ArchiveRuns(request, metadata=metadata, timeout=_CALL_SECONDS)
            total.runs += told.runs
            total.events += told.events
            total.size_bytes += told.size_bytes
            if not told.cursor:
                break
            request.after_cursor = told.cursor
    if output is OutputFormat.json:
        print_json({"runs": total.runs, "events": total.events, "sizeBytes": total.size_bytes})
        return
    say(f"{total.runs} runs with {total.events} events archived: {size(total.size_bytes)}")


@command
async def retention(
    delete_older_than: Annotated[
        str, typer.Option("--delete-older-than", help="365d, 12h, or a day: 2026-01-31", show_default=False)
    ],
    home: HomeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say how many there are")] = False,
    output: Output = OutputFormat.table,
) -> None:
    """Delete finished runs by their age. What is left of each is that it was deleted, in a signed checkpoint."""
    where, before = home_of(home), _moment("--delete-older-than", delete_older_than)
    metadata = _operator(where)
    request, total = pb.DeleteRunsRequest(accepted_before=before, dry_run=dry_run), pb.DeleteRunsResponse(more=True)
    async with connected(where) as mesh:
        while total.more:
            told = await mesh.recorder.DeleteRuns(request, metadata=metadata, timeout=_CALL_SECONDS)
            total = pb.DeleteRunsResponse(
                runs=total.runs + told.runs,
                events=total.events + told.events,
                artifacts=total.artifacts + told.artifacts,
                more=told.more,
            )
    if output is OutputFormat.json:
        print_json({"runs": total.runs, "events": total.events, "artifacts": total.artifacts, "dryRun": dry_run})
        return
    would = "would be " if dry_run else ""
    artifacts = f", and {total.artifacts} artifacts that nothing refers to any more" if total.artifacts else ""
    say(f"{total.runs} runs with {total.events} events{artifacts} {would}deleted")


def _moment(option: str, text: str) -> timestamp_pb2.Timestamp:
    try:
        return moment(text)
    except BadSelection as error:
        raise CommandError(f"{option} {error}") from None


def _operator(home: Home) -> tuple[tuple[str, str], ...]:
    return bearer(issue_token(private_key(home.keys, MESH), OPERATOR))


def _absolute(url: str) -> str:
    """Return *url* as the recorder understands it, whose working directory may be another."""
    return url if not url or "://" in url else str(Path(url).absolute())
