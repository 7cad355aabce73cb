"""`pal diff`: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pal.v1 import comparison_pb2 as pb
from pal_cli.diffs.junit import junit
from pal_cli.diffs.page import page
from pal_cli.diffs.reading import compared, prices
from pal_cli.diffs.schema import json_schema
from pal_cli.diffs.terminal import show
from pal_cli.failures import OK, RUN_FAILED, CommandError
from pal_cli.settings import HomeOption, command, connected, home_of
from pal_cli.shadow_diffs import shadow_diff
from pal_cli.show import as_json, err, print_json


@command
async def diff(
    run_a: Annotated[str, typer.Argument(help="the run to compare with", show_default=False)] = "",
    run_b: Annotated[str, typer.Argument(help="the run that is looked at", show_default=False)] = "",
    home: HomeOption = None,
    json: Annotated[bool, typer.Option("--json", help="print pal.v1.Comparison as ProtoJSON")] = False,
    html: Annotated[Path | None, typer.Option(help="file to write a page to that stands alone")] = None,
    junit_: Annotated[Path | None, typer.Option("--junit", help="file to write JUnit XML to")] = None,
    price_table: Annotated[
        Path | None, typer.Option("--prices", help="price table for both runs; default: the one that comes with PAL")
    ] = None,
    shadow: Annotated[str, typer.Option(help="list the pairs of this agent's shadow instead")] = "",
    candidate: Annotated[str, typer.Option("--candidate", "-c", help="with --shadow: the runtime; default: any")] = "",
    limit: Annotated[int, typer.Option(min=1, help="with --shadow: newest pairs to list")] = 50,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON Schema of --json and stop")] = False,
) -> int:
    """Compare two runs of the same input. Exit code 0 without a hard difference, 1 with one.

    Hard is what counts alone: an argument left out, added or of another type, an output that does not fit its schema, a
    broken log, a write done twice, an irreversible tool that A may not call. The rest has a meaning only against noise.
    """
    if schema:
        print_json(json_schema(pb.Comparison))
        return OK
    if shadow:
        if run_a or html or junit_:
            raise CommandError("--shadow lists pairs: name no runs and no file; `pal diff RUN_A RUN_B` writes one")
        async with connected(home_of(home)) as mesh:
            return await shadow_diff(mesh, shadow, candidate, limit, machine=json)
    if not run_a or not run_b:
        raise CommandError("name two runs; `pal runs list` shows them")
    table = prices(price_table)
    async with connected(home_of(home)) as mesh:
        found = await compared(mesh, run_a, run_b, table)
    if html is not None:
        _write("--html", html, page(found))
    if junit_ is not None:
        _write("--junit", junit_, junit(found.comparison))
    if json:
        print_json(as_json(found.comparison))
    else:
        show(found.comparison)
    return RUN_FAILED if any(entry.hard for entry in found.comparison.tiers) else OK


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise CommandError(f"{option} {path}: {error.strerror}") from None
    err.print(f"[dim]written to {path}[/]", soft_wrap=True)
