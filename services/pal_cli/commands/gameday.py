"""`pal gameday ...`: drills of a mesh that allows them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.markup import escape

from pal.service.v1 import gameday_service_pb2 as service
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal_cli.commands.certificate import shown
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, UNDECIDED, CommandError
from pal_cli.home import Home
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, print_json, say, table
from pal_gameday.plan import drafted
from pal_log.events import new_id
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import MESH, create_keys, private_key

app = typer.Typer(no_args_is_help=True, help="Rehearse failures: drills that end in a signed certificate.")
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
    """Carry out plans on a mesh that was started with --drills. Exit code 1 for a FAIL, 8 for an INVALID."""
    where = home_of(home)
    drafts = [(path, _plan(path)) for path in plans]
    verdicts = {(await _drilled(where, path, plan, delay, output)).verdict for path, plan in drafts}
    if pb.DRILL_VERDICT_FAIL in verdicts:
        return RUN_FAILED
    return OK if verdicts == {pb.DRILL_VERDICT_PASS} else UNDECIDED


@app.command()
@command
async def check(plans: Plans) -> int:
    """Say what is wrong with plans, or that nothing is. Nothing is done."""
    for path in plans:
        plan = _plan(path)
        say(f"[green]✓[/] {escape(str(path))}: {plan.metadata.name}, {len(plan.spec.method)} steps")
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
        healed = await mesh.registry.HealFaults(request, metadata=bearer(_token(where)), timeout=_CALL_SECONDS)
    say(f"{len(healed.faults)} faults of {drill} ended")


async def _drilled(
    home: Home, path: Path, plan: pb.GameDay, delay: float | None, output: OutputFormat
) -> pb.Certificate:
    request = service.RunGameDayRequest(plan=plan, drill_id=new_id())
    if delay is not None:
        request.delay.FromNanoseconds(int(delay * 1e9))
    table_ = output is OutputFormat.table
    if table_:
        drill = f"[bold]{escape(plan.metadata.name)}[/] [dim]drill {request.drill_id}[/]"
        say(f"{drill}\n{escape(plan.spec.hypothesis)}")
    signed = service.SignedCertificate()
    async with connected(home) as mesh, aclosing(_carried_out(mesh, request, bearer(_token(home)))) as telling:
        async for told in telling:
            if told.HasField("step") and table_:
                say(f"[bold]▸ {told.step.step}[/] [dim]{escape(told.step.action)}[/]")
            elif told.HasField("certificate"):
                signed = told.certificate
    certificate, file = signed.certificate, home.certificates / signed.file_name
    if output is OutputFormat.json:
        print_json({"plan": str(path), "file": str(file), "certificate": as_json(certificate)})
    else:
        shown(certificate)
        say(f"[dim]certificate[/] {escape(str(file))}\n[dim]page       [/] {escape(str(file.with_suffix('.html')))}")
    return certificate


async def _carried_out(
    mesh: Mesh, request: service.RunGameDayRequest, metadata: tuple[tuple[str, str], ...]
) -> AsyncGenerator[service.RunGameDayResponse, None]:
    """Yield what is said of a drill; whoever leaves in the middle has it rolled back before."""
    over = False
    try:
        async for told in mesh.gamedays.RunGameDay(request, metadata=metadata):
            over = told.HasField("certificate")
            yield told
    except grpc.aio.AioRpcError:
        over = True
        raise
    finally:
        if not over:
            stopping = service.StopGameDayRequest(drill_id=request.drill_id)
            await mesh.gamedays.StopGameDay(stopping, metadata=metadata)


def _token(home: Home) -> str:
    create_keys(home.keys)
    return issue_token(private_key(home.keys, MESH), OPERATOR)


def _plan(path: Path) -> pb.GameDay:
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise CommandError(f"{path}: no such file", NOT_FOUND) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    return drafted(text, str(path))
