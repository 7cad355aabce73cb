"""`pal shadow ...`: live runs of an agent, run again beside production without an effect on the world."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from pal.service.v1 import migration_service_pb2 as pb
from pal_cli.amounts import money_of, share_ppm
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, money, out, print_json, say, table, word

app = typer.Typer(no_args_is_help=True, help="Try a candidate on real traffic; nothing of it reaches anybody.")


class Start(StrEnum):
    """When a sampled run is shadowed."""

    after_primary = "after-primary"
    concurrent = "concurrent"


_STARTS = {
    Start.after_primary: pb.SHADOW_START_AFTER_PRIMARY,
    Start.concurrent: pb.SHADOW_START_CONCURRENT,
}
_CALL_SECONDS = 30.0
Agent = Annotated[str, typer.Argument(help="the agent", show_default=False)]
Candidate = Annotated[
    str, typer.Option("--candidate", "-c", help="the runtime that is tried; default: any, the newest")
]


@app.command()
@command
async def start(
    agent: Agent,
    candidate: Annotated[str, typer.Option("--candidate", "-c", help="the runtime to try", show_default=False)],
    sample: Annotated[str, typer.Option(help="share of the live runs, for example 20%", show_default=False)],
    home: HomeOption = None,
    baseline_share: Annotated[
        str, typer.Option(help="share of the sampled runs that production runs again; only those count for a verdict")
    ] = "100%",
    start: Annotated[Start, typer.Option(help="when a sampled run is shadowed")] = Start.after_primary,
    cap_runs: Annotated[int, typer.Option(min=1, help="shadow runs in a day (UTC) at most")] = 500,
    cap_money: Annotated[
        str, typer.Option(help='money in a day at most; default: the AgentSpec\'s, else "5 USD"')
    ] = "",
    any_tier: Annotated[
        bool, typer.Option("--any-tier", help='shadow an agent that is not labelled "tier: canary"')
    ] = False,
    output: Output = OutputFormat.table,
) -> None:
    """Begin to shadow an agent on a candidate."""
    plan = pb.ShadowPlan(
        agent=agent,
        candidate=candidate,
        sample_ppm=share_ppm("--sample", sample),
        baseline_ppm=share_ppm("--baseline-share", baseline_share),
        start=_STARTS[start],
        max_runs_per_day=cap_runs,
        max_cost_per_day=money_of("--cap-money", cap_money) if cap_money else None,
        any_tier=any_tier,
    )
    async with connected(home_of(home)) as mesh:
        response = await mesh.migration.StartShadow(pb.StartShadowRequest(plan=plan), timeout=_CALL_SECONDS)
    if output is OutputFormat.json:
        print_json(as_json(response.shadow))
        return
    for warning in response.shadow.warnings:
        say(f"[yellow]note:[/] {escape(warning)}")
    for line in _lines(response.shadow):
        say(line)
    say(f"[dim]`pal shadow watch {agent}` follows it, `pal verdict {agent} -c {candidate}` judges[/]")


@app.command()
@command
async def stop(
    agent: Agent, candidate: Candidate = "", home: HomeOption = None, output: Output = OutputFormat.table
) -> None:
    """End a shadow; what it has compared stays."""
    async with connected(home_of(home)) as mesh:
        request = pb.StopShadowRequest(shadow=pb.ShadowSelector(agent=agent, candidate=candidate))
        response = await mesh.migration.StopShadow(request, timeout=_CALL_SECONDS)
    _show(response.shadow, output)


@app.command()
@command
async def status(
    agent: Annotated[str, typer.Argument(help="the agent; without one all shadows are listed")] = "",
    candidate: Candidate = "",
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Show how far a shadow is, or list all of them."""
    async with connected(home_of(home)) as mesh:
        if agent:
            selector = pb.ShadowSelector(agent=agent, candidate=candidate)
            found = await mesh.migration.GetShadow(pb.GetShadowRequest(shadow=selector), timeout=_CALL_SECONDS)
            _show(found.shadow, output)
            return
        listed = await mesh.migration.ListShadows(pb.ListShadowsRequest(page_size=200), timeout=_CALL_SECONDS)
    if output is OutputFormat.json:
        print_json({"shadows": [as_json(shadow) for shadow in listed.shadows]})
        return
    rows = [
        [
            shadow.plan.agent,
            shadow.plan.candidate,
            word(pb.ShadowState, shadow.state, "SHADOW_STATE_"),
            _percent(shadow.plan.sample_ppm),
            shadow.progress.sampled,
            shadow.progress.pairs,
            sum(loss.pairs for loss in shadow.progress.losses),
            moment(shadow.started_at),
        ]
        for shadow in listed.shadows
    ]
    columns = ["AGENT", "CANDIDATE", "STATE", "SAMPLE", "SAMPLED", "PAIRS", "LOST", "SINCE"]
    table(columns, rows, empty="nothing is shadowed; `pal shadow start AGENT --candidate RUNTIME --sample 20%` begins")


@app.command()
@command
async def watch(
    agent: Agent, candidate: Candidate = "", home: HomeOption = None, output: Output = OutputFormat.table
) -> None:
    """Follow a shadow until it is stopped."""
    request = pb.WatchShadowRequest(shadow=pb.ShadowSelector(agent=agent, candidate=candidate))
    async with connected(home_of(home)) as mesh:
        frames = mesh.migration.WatchShadow(request)
        if output is OutputFormat.json or not out.is_terminal:
            async for frame in frames:
                if output is OutputFormat.json:
                    print_json(as_json(frame.shadow), indent=None)
                else:
                    say(_counts(frame.shadow.progress))
            return
        with Live(console=out, auto_refresh=False) as live:
            async for frame in frames:
                live.update(Text.from_markup("\n".join(_lines(frame.shadow))), refresh=True)


def _show(shadow: pb.Shadow, output: OutputFormat) -> None:
    if output is OutputFormat.json:
        print_json(as_json(shadow))
        return
    for line in _lines(shadow):
        say(line)


def _lines(shadow: pb.Shadow) -> list[str]:
    plan, progress = shadow.plan, shadow.progress
    state = word(pb.ShadowState, shadow.state, "SHADOW_STATE_")
    lines = [
        f"[bold]{escape(plan.agent)}[/] on {escape(plan.candidate)}, beside {escape(shadow.baseline)}: {state} since "
        f"{moment(shadow.stopped_at) or moment(shadow.started_at)}",
        f"  {_percent(plan.sample_ppm)} of the live runs, {_percent(plan.baseline_ppm)} of those in production again, "
        f"{word(pb.ShadowStart, plan.start, 'SHADOW_START_').replace(' ', '-')}",
        f"  {_counts(progress)}",
        f"  today {progress.runs_of_day} of {plan.max_runs_per_day} runs, {money(progress.cost_of_day)} of "
        f"{money(plan.max_cost_per_day)}",
    ]
    for title, losses in (("lost", progress.losses), ("left out", progress.left_out)):
        if losses:
            lines.append(f"  {title}: {', '.join(f'{loss.pairs} {loss.reason}' for loss in losses)}")
    if progress.horizons:
        lines.append(f"  {progress.horizons} lanes ended at their horizon: the live run had not done what they did")
    return lines


def _counts(progress: pb.ShadowProgress) -> str:
    counts = {
        "seen": progress.seen,
        "sampled": progress.sampled,
        "waiting": progress.waiting,
        "under way": progress.under_way,
        "compared": progress.compared,
        "pairs": progress.pairs,
        "lost": sum(loss.pairs for loss in progress.losses),
    }
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:g} %"
