"""`pal runtime list` and `pal runtime describe`: what runs agents."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
import yaml

from pal.service.v1 import registry_service_pb2 as pb
from pal_cli.failures import NOT_FOUND, CommandError
from pal_cli.home import Home
from pal_cli.plugins.overview import overview
from pal_cli.plugins.records import Records
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, print_json, say, table

_CALL_SECONDS = 10.0


@command
async def list_(home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """List the runtimes: those that take part in the mesh, and those that do not, with the reason."""
    where = home_of(home)
    elsewhere = "PAL_REGISTRY_ADDRESS" in os.environ
    asleep = not where.in_use() and not elsewhere and bool(Records(where.path).names())
    registered = [] if asleep else await _registered(where)
    seen = overview(where, registered)
    if output is OutputFormat.json:
        print_json({"runtimes": [runtime.as_json() for runtime in seen]})
        return
    rows = [runtime.row() for runtime in seen]
    columns = ["NAME", "VERSION", "STATE", "ADDRESS", "RUNS", "FROM", "MEASURED", "CAN, OR WHY NOT"]
    table(columns, rows, empty="no runtime is registered; `pal doctor`")
    if asleep:
        say(f"[dim]no mesh runs in {where.path}; `pal up` starts one, with these and those that come with PAL[/]")


async def _registered(home: Home) -> Sequence[pb.RegisteredRuntime]:
    async with connected(home) as mesh:
        response = await mesh.registry.ListRuntimes(pb.ListRuntimesRequest(), timeout=_CALL_SECONDS)
    return response.runtimes


@command
async def describe(
    name: Annotated[str, typer.Argument(help="runtime")],
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Show one runtime whole."""
    registered = await _registered(home_of(home))
    found = next((runtime for runtime in registered if runtime.name == name), None)
    if found is None:
        names = ", ".join(runtime.name for runtime in registered) or "none"
        raise CommandError(f"runtime {name} is not registered; registered are: {names}", NOT_FOUND)
    if output is OutputFormat.json:
        print_json(as_json(found))
    else:
        sys.stdout.write(yaml.safe_dump(as_json(found), sort_keys=False))
