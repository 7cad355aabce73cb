"""`pal replay`: finished runs, repeated from their records."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TextColumn

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_cli.commands.worker import QueueOption
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, CommandError
from pal_cli.following import RunView
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import err, say, word
from pal_transfer import reports
from pal_transfer.replays import Job, Replayed, replay_all, selected
from pal_transfer.selection import BadSelection, query


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
_REPORTS: dict[str, Callable[..., str]] = {
    ".json": reports.as_json,
    ".xml": reports.as_junit,
    ".html": reports.as_html,
}


@command
async def replay(
    run_id: Annotated[str, typer.Argument(help="the run to repeat", show_default=False)] = "",
    home: HomeOption = None,
    select: Annotated[
        str,
        typer.Option("--select", help='many runs instead: "agent=desk since=2h outcome=succeeded label.tier=canary"'),
    ] = "",
    runtime: Annotated[str, typer.Option("--runtime", "-r", help="runtime to repeat on; default: its own")] = "",
    fidelity: Annotated[
        Fidelity,
        typer.Option(
            help="F1: model answers by order; F2: by what was asked; F3: a live model; tools always from the record"
        ),
    ] = Fidelity.F2,
    request_id: Annotated[str, typer.Option(help="a repeat with the same id follows the first replay")] = "",
    limit: Annotated[int, typer.Option(min=1, help="with --select: most runs to repeat")] = 10_000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="with --select: replays at a time")] = 8,
    rate: Annotated[float, typer.Option(min=0, help="with --select: replays begun a second at most; 0: no bound")] = 0,
    queue: QueueOption = "",
    report: Annotated[
        list[Path] | None,
        typer.Option("--report", help="with --select: file.json, file.xml (JUnit) or file.html, repeatable"),
    ] = None,
    output: Output = OutputFormat.table,
) -> int:
    """Repeat finished runs from their records. Nothing reaches the world. Exit code 1 when one takes another path."""
    if bool(run_id) == bool(select):
        raise CommandError("name a run, or select runs with --select")
    async with connected(home_of(home)) as mesh:
        if select:
            job = _job(select, runtime, fidelity)
            return await _many(mesh, job, limit, workers, rate, queue, _checked(report or []), output)
        request = pb.ReplayRequest(
            source_run_id=run_id, pinned_runtime=runtime, fidelity=FIDELITIES[fidelity], request_id=request_id
        )
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


def _job(select: str, runtime: str, fidelity: Fidelity) -> Job:
    try:
        return Job(query=query(select), runtime=runtime, fidelity=FIDELITIES[fidelity], name=f"replay {select}")
    except BadSelection as problem:
        raise CommandError(f"--select: {problem}") from None


def _checked(paths: list[Path]) -> list[Path]:
    for path in paths:
        if path.suffix not in _REPORTS:
            raise CommandError(f"--report {path}: end the name in {', '.join(_REPORTS)}")
        if not path.parent.is_dir():
            raise CommandError(f"--report {path}: there is no directory {path.parent}")
    return paths


async def _many(
    mesh: Mesh, job: Job, limit: int, workers: int, rate: float, queue: str, paths: list[Path], output: OutputFormat
) -> int:
    runs = [run async for run in selected(mesh.router, job.query, limit)]
    if not runs:
        raise CommandError(f"{job.name}: no finished run is selected", NOT_FOUND)
    with Progress(TextColumn("{task.completed} of {task.total} runs"), console=err) as bar:
        task = bar.add_task("", total=len(runs))
        if queue:
            await _queued(queue, job, runs, rate, lambda left: bar.update(task, completed=len(runs) - left))
            # What was carried out is there; what is left now is to read it.
            rate = 0
            bar.reset(task)
        results = await replay_all(
            mesh.router, job, runs, workers=workers, per_second=rate, done=lambda _: bar.advance(task)
        )
    for path in paths:
        path.write_text(_REPORTS[path.suffix](job.name, results))
    if output is OutputFormat.json:
        print(reports.as_json(job.name, results))
    else:
        _show(results)
    return OK if all(result.same for result in results) else RUN_FAILED


async def _queued(url: str, job: Job, runs: list[shared.Run], rate: float, told: Callable[[int], None]) -> None:
    # The queue's imports take a moment that no other command has to wait for.
    from pal_transfer import job_queue

    await job_queue.carried_out(url, [job.request(run.run_id) for run in runs], rate, told)


def _show(results: list[Replayed]) -> None:
    sums = reports.summary(results)
    say(
        f"{sums['replays']} replays, {sums['same']} ended as their sources did; {sums['modelHits']} model answers and "
        f"{sums['toolHits']} tool results from the record, {sums['misses']} misses, {sums['unused']} not asked for"
    )
    for result in [result for result in results if not result.same][:20]:
        say(f"[red]✗[/] {result.source_run_id} {result.outcome} {result.reason} {result.message}")
