"""`pal replay`: a finished run, repeated from its record."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_cli.following import RunView
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import say, word


class Fidelity(StrEnum):
    """How much of the record stands in for the world."""

    F1 = "F1"
    F2 = "F2"
    F3 = "F3"


FIDELITIES = {
    Fidelity.F1: events.REPLAY_FIDELITY_ORDERED,
    Fidelity.F2: events.REPLAY_FIDELITY_KEYED,
    Fidelity.F3: events.REPLAY_FIDELITY_LIVE_MODEL,
}


@command
async def replay(
    run_id: Annotated[str, typer.Argument(help="the run to repeat", show_default=False)],
    home: HomeOption = None,
    runtime: Annotated[str, typer.Option("--runtime", "-r", help="runtime to repeat it on; default: its own")] = "",
    fidelity: Annotated[
        Fidelity,
        typer.Option(
            help="F1: model answers by order; F2: by what was asked; F3: a live model; tools always from the record"
        ),
    ] = Fidelity.F2,
    request_id: Annotated[str, typer.Option(help="a repeat with the same id follows the first replay")] = "",
    output: Output = OutputFormat.table,
) -> int:
    """Repeat a finished run from its record. Nothing reaches the world. Exit code 1 when it takes another path."""
    request = pb.ReplayRequest(
        source_run_id=run_id, pinned_runtime=runtime, fidelity=FIDELITIES[fidelity], request_id=request_id
    )
    async with connected(home_of(home)) as mesh:
        view = RunView(mesh, machine=output is OutputFormat.json)
        await view.follow(mesh.router.Replay(request))
    if output is OutputFormat.table and view.finished is not None:
        say(f"  [dim]{claim(view.finished.replay_claim)}[/]")
    return view.exit_code


def claim(shown: events.ReplayClaim) -> str:
    """Return in words what a replay has shown."""
    fidelity = next((name.value for name, value in FIDELITIES.items() if value == shown.fidelity), "unknown")
    key = word(events.MatchKey, shown.loosest_model_match, "MATCH_KEY_") if shown.model_hits else "none"
    return (
        f"{fidelity}: {shown.model_hits} model answers (loosest key: {key}) and {shown.tool_hits} tool results from "
        f"the record, {shown.misses} misses, {shown.unused} recorded answers not asked for"
    )
