"""`pal worker`: replays that others have queued, carried out by the mesh of this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from pal_cli.settings import HomeOption, command, connected, home_of
from pal_cli.show import say

QueueOption = Annotated[
    str,
    typer.Option(
        "--queue",
        envvar="PAL_QUEUE_URL",
        help="queue of replays for several machines: postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        show_default=False,
    ),
]


@command
async def worker(
    queue: QueueOption,
    home: HomeOption = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="replays at a time")] = 8,
    until_empty: Annotated[bool, typer.Option("--until-empty", help="stop when nothing is queued")] = False,
) -> None:
    """Carry out replays that `pal replay --select ... --queue URL` has queued, until interrupted."""
    # The queue's imports take a moment that no other command has to wait for.
    from pal_transfer import job_queue

    async with connected(home_of(home)) as mesh:
        if not until_empty:
            say(f"{workers} replays at a time for {mesh.addresses['router']}; Ctrl-C stops after those that are going")
        await job_queue.work(queue, mesh.router, workers, until_empty=until_empty)
