"""`pal retention`: old runs are deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from pal.service.v1 import recorder_service_pb2 as pb
from pal_cli.failures import CommandError
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import print_json, say
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import MESH, private_key
from pal_transfer.selection import BadSelection, moment

_CALL_SECONDS = 120.0


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
    try:
        before = moment(delete_older_than)
    except BadSelection as error:
        raise CommandError(f"--delete-older-than {error}") from None
    where = home_of(home)
    metadata = bearer(issue_token(private_key(where.keys, MESH), OPERATOR))
    request, total = pb.DeleteRunsRequest(accepted_before=before, dry_run=dry_run), pb.DeleteRunsResponse(more=True)
    async with connected(where) as mesh:
        while total.more:
            told = await mesh.recorder.DeleteRuns(request, metadata=metadata, timeout=_CALL_SECONDS)
            total = pb.DeleteRunsResponse(
                runs=total.runs + told.runs, events=total.events + told.events, more=told.more
            )
    if output is OutputFormat.json:
        print_json({"runs": total.runs, "events": total.events, "dryRun": dry_run})
        return
    would = "would be " if dry_run else ""
    say(f"{total.runs} runs with {total.events} events {would}deleted")
