"""`pal gameday ...`: drills of a mesh that allows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal_cli.commands.certificate import shown
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, UNDECIDED, CommandError
from pal_cli.gameday.drill import Drill
from pal_cli.home import Home
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, print_json, say, table
from pal_gameday.chain import Chain
from pal_gameday.page import page
from pal_gameday.plan import drafted
from pal_log.events import new_id
from pal_rpc.certificates import Unreadable, read
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import GAMEDAY, MESH, create_keys, private_key

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
    drill_id = new_id()
    table_ = output is OutputFormat.table

    def tell(step: str, what: str) -> None:
        if table_:
            say(f"[bold]▸ {step}[/] [dim]{escape(what)}[/]")

    if table_:
        say(f"[bold]{escape(plan.metadata.name)}[/] [dim]drill {drill_id}[/]\n{escape(plan.spec.hypothesis)}")
    async with connected(home) as mesh:
        drill = Drill(mesh, home, _token(home), plan, drill_id, tell)
        drill.delay_seconds = delay
        seen = await drill.carried_out()
    key = private_key(home.keys, GAMEDAY)
    try:
        file, certificate = Chain(home.certificates).add(seen, key)
    except Unreadable as error:
        raise CommandError(f"{home.certificates}: the certificates there cannot be read: {error}") from None
    signed = read(file.read_text())
    file.with_suffix(".html").write_text(page(certificate, signed.key))
    if output is OutputFormat.json:
        print_json({"plan": str(path), "file": str(file), "certificate": as_json(certificate)})
    else:
        shown(certificate)
        say(f"[dim]certificate[/] {escape(str(file))}\n[dim]page       [/] {escape(str(file.with_suffix('.html')))}")
    return certificate


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
