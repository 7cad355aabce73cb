"""Drills from the command line: a plan is read, carried out by the mesh, and shown."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import grpc
from rich.markup import escape

from pal.service.v1 import gameday_service_pb2 as service
from pal.v1 import gameday_pb2 as pb
from pal_cli.commands.certificate import shown
from pal_cli.home import Home
from pal_cli.settings import Mesh, OutputFormat, connected
from pal_cli.show import as_json, err, print_json, say
from pal_cli.texts import read_text
from pal_gameday.plan import drafted
from pal_log.events import new_id
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import MESH, private_key


async def drilled(
    home: Home, path: Path, plan: pb.GameDay, delay: float | None, output: OutputFormat
) -> tuple[pb.Certificate, Path]:
    """Carry *plan*, which is in *path*, out on the mesh of *home*; return the certificate and its file."""
    request = service.RunGameDayRequest(plan=plan, drill_id=new_id())
    if delay is not None:
        request.delay.FromNanoseconds(int(delay * 1e9))
    table_ = output is OutputFormat.table
    if table_:
        drill = f"[bold]{escape(plan.metadata.name)}[/] [dim]drill {request.drill_id}[/]"
        say(f"{drill}\n{escape(plan.spec.hypothesis)}")
    signed = service.SignedCertificate()
    async with connected(home) as mesh, aclosing(_carried_out(mesh, request, bearer(operator_token(home)))) as telling:
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
    return certificate, file


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
            err.print("[dim]broken off and rolled back; there is no certificate[/]")


def operator_token(home: Home) -> str:
    """Return a token of an operator of the mesh of *home*.

    Raises:
        StartError: there is no mesh, and so no key.
    """
    return issue_token(private_key(home.keys, MESH), OPERATOR)


def plan_in(path: Path) -> pb.GameDay:
    """Return the plan in a file.

    Raises:
        CommandError: it cannot be read.
        MeshError: INVALID_DOCUMENT.
    """
    return drafted(read_text(path), str(path))
