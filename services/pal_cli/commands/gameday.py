"""`pal gameday ...`: drills of a mesh that allows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.markup import escape

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal_cli.commands import tour
from pal_cli.drilling import drilled, operator_token, plan_in
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, UNDECIDED, explained
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, complain, count, moment, print_json, say, table
from pal_rpc.identity import bearer

app = typer.Typer(no_args_is_help=True, help="Rehearse failures: drills that end in a signed certificate.")
app.command()(tour.tour)
_CALL_SECONDS = 20.0
Plans = Annotated[list[Path], typer.Argument(help="plans (YAML or JSON, kind: GameDay)")]


@app.command()
@command
async def run(
    plans: Plans,
    home: HomeOption = None,
    delay: Annotated[
        float | None,
        typer.Option(min=0, help="seconds that what the plan makes slow or away is so, instead of the plan's"),
    ] = None,
    output: Output = OutputFormat.table,
) -> int:
    """Carry out plans on a mesh that was started with --drills. Exit code 1 for a FAIL, 8 for an INVALID.

    A plan that names what the mesh does not have is left out, and ends with exit code 3.
    """
    where = home_of(home)
    verdicts, missing = set(), False
    for path, plan in [(path, plan_in(path)) for path in plans]:
        try:
            verdicts.add((await drilled(where, path, plan, delay, output))[0].verdict)
        except grpc.aio.AioRpcError as error:
            message, code = explained(error)
            if code != NOT_FOUND:
                raise
            missing = True
            complain(f"{path}: {message}")
    if pb.DRILL_VERDICT_FAIL in verdicts:
        return RUN_FAILED
    if missing:
        return NOT_FOUND
    return OK if verdicts == {pb.DRILL_VERDICT_PASS} else UNDECIDED


@app.command()
@command
async def check(plans: Plans) -> int:
    """Say what is wrong with plans, or that nothing is. Nothing is done."""
    for path in plans:
        plan = plan_in(path)
        say(f"[green]✓[/] {escape(str(path))}: {plan.metadata.name}, {count(len(plan.spec.method), 'step')}")
    return OK


@app.command("faults")
@command
async def faults_(home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """List the faults that stand."""
    async with connected(home_of(home)) as mesh:
        listed = await mesh.registry.ListFaults(registry.ListFaultsRequest(), timeout=_CALL_SECONDS)
    if output is OutputFormat.json:
        print_json({"faults": [as_json(fault) for fault in listed.faults]})
        return
    rows = [
        (
            fault.drill_id,
            fault.fault_id.rpartition("/")[2],
            faults.FaultKind.Name(fault.order.kind).removeprefix("FAULT_KIND_"),
            moment(fault.expires_at),
        )
        for fault in listed.faults
    ]
    table(["DRILL", "FAULT", "KIND", "ENDS"], rows, empty="no fault stands")


@app.command()
@command
async def heal(drill: Annotated[str, typer.Argument(help="drill")], home: HomeOption = None) -> None:
    """End the faults of a drill at once. They end by themselves anyway."""
    where = home_of(home)
    request = registry.HealFaultsRequest(drill_id=drill)
    async with connected(where) as mesh:
        healed = await mesh.registry.HealFaults(request, metadata=bearer(operator_token(where)), timeout=_CALL_SECONDS)
    if healed.faults:
        say(f"{count(len(healed.faults), 'fault')} of {escape(drill)} ended")
    else:
        say(f"no fault of {escape(drill)} stands; `pal gameday faults` lists those that do")
