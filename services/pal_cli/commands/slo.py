"""`pal slo`: how well the runs of agents go on their runtimes."""

from __future__ import annotations

import re
from collections import defaultdict
from enum import StrEnum
from typing import Annotated

import typer
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import slo_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, CommandError
from pal_cli.published import published, require_agent
from pal_cli.settings import MOST_INT64, HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, money, print_json, say, table

_CALL_SECONDS = 30.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STATUS = {pb.SLO_STATUS_MET: "met", pb.SLO_STATUS_MISSED: "MISSED", pb.SLO_STATUS_NO_DATA: "no data"}


class Lane(StrEnum):
    """Which runs are looked at; lanes are never mixed."""

    live = "live"
    shadow = "shadow"
    replay = "replay"
    drill = "drill"


_MODES = {
    Lane.live: common.EXECUTION_MODE_LIVE,
    Lane.shadow: common.EXECUTION_MODE_SHADOW,
    Lane.replay: common.EXECUTION_MODE_REPLAY,
    Lane.drill: common.EXECUTION_MODE_DRILL,
}


@command
async def slo(
    agent: Annotated[str, typer.Argument(help="agent; default: all")] = "",
    home: HomeOption = None,
    runtime: Annotated[str, typer.Option(help="only this runtime")] = "",
    lane: Annotated[Lane, typer.Option(help="which runs")] = Lane.live,
    by: Annotated[
        str, typer.Option(help="label of agents, for example tier: agents with the same value are told of together")
    ] = "",
    window: Annotated[str, typer.Option(help="newest stretch of time, for example 30m, 6h, 30d")] = "30d",
    objective: Annotated[float, typer.Option(help="percentage of runs that should succeed")] = 99.0,
    least: Annotated[int, typer.Option(min=1, max=MOST_INT64, help="fewest runs that are enough to judge by")] = 20,
    check: Annotated[bool, typer.Option("--check", help="end with exit code 1 unless every objective is met")] = False,
    output: Output = OutputFormat.table,
) -> int:
    """Show success, latency, cost and error budget by agent and runtime."""
    request = pb.GetSloRequest(
        agent=agent,
        runtime=runtime,
        mode=_MODES[lane],
        window=duration_pb2.Duration(seconds=_seconds(window)),
        objective=_share(objective),
        least_runs=least,
    )
    async with connected(home_of(home)) as mesh:
        request.classes.extend(await _classes(mesh, by) if by else [])
        response = await mesh.recorder.GetSlo(request, timeout=_CALL_SECONDS)
        # A name that is not there has no runs either: that is no answer to a slip of the pen.
        if agent and not response.reports:
            await require_agent(mesh, agent)
        if runtime and not response.reports:
            await _require_runtime(mesh, runtime)
    if output is OutputFormat.json:
        print_json(as_json(response))
    else:
        columns = [
            "AGENT", "RUNTIME", "RUNS", "SUCCESS", "AT LEAST", "P50", "P95", "P99", "FIRST OUTPUT", "OVERHEAD",
            "COST/SUCCESS", "COMPLETE", "BUDGET LEFT", "BURN 5M", "1H", "6H", "3D", "STATUS",
        ]  # fmt: skip
        table(columns, [_row(report) for report in response.reports], empty=f"no data: no {lane} run since then")
        behind = f"; {response.events_behind} events are still to be counted" if response.events_behind > 100 else ""
        say(f"[dim]{lane} runs since {moment(response.since)}, objective {objective:g} %{behind}[/]")
    met = bool(response.reports) and all(report.status == pb.SLO_STATUS_MET for report in response.reports)
    return RUN_FAILED if check and not met else OK


async def _require_runtime(mesh: Mesh, runtime: str) -> None:
    listed = await mesh.registry.ListRuntimes(registry.ListRuntimesRequest(), timeout=_CALL_SECONDS)
    names = sorted({one.name or one.capability.runtime for one in listed.runtimes})
    if runtime not in names:
        raise CommandError(f"--runtime: {runtime} is not registered; registered are: {', '.join(names)}", NOT_FOUND)


async def _classes(mesh: Mesh, label: str) -> list[pb.AgentClass]:
    agents: defaultdict[str, list[str]] = defaultdict(list)
    for document in await published(mesh, registry.DOCUMENT_KIND_AGENT):
        metadata = document.agent.metadata
        if label in metadata.labels:
            agents[metadata.labels[label]].append(metadata.name)
    if not agents:
        raise CommandError(f"--by: no agent has the label {label}; `pal get agents -o json` shows them", NOT_FOUND)
    return [pb.AgentClass(name=f"{label}={value}", agents=names) for value, names in sorted(agents.items())]


def _row(report: pb.SloReport) -> list[object]:
    return [
        report.agent,
        report.runtime,
        report.counted,
        _percent(report.success) if report.HasField("success") else "-",
        _percent(report.success_lower) if report.HasField("success_lower") else "-",
        *(_milliseconds(report.latency, place) for place in range(3)),
        _milliseconds(report.first_output, 1),
        _milliseconds(report.overhead, 1),
        money(report.cost_per_success if report.HasField("cost_per_success") else None),
        _percent(report.completeness) if report.HasField("completeness") else "-",
        _percent(report.budget_left) if report.HasField("budget_left") else "-",
        *(f"{burn.rate:.1f}" if burn.HasField("rate") else "-" for burn in report.burn_rates),
        _STATUS.get(report.status, "unknown"),
    ]


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def _milliseconds(durations: object, place: int) -> str:
    found = list(durations)  # type: ignore[call-overload]
    return f"{found[place].ToMilliseconds()} ms" if found else "-"


def _seconds(text: str) -> int:
    if not (match := re.fullmatch(r"([0-9]{1,6})([smhd])", text)):
        raise CommandError(f'--window: "{text}" is no stretch of time; write for example 30m, 6h or 30d')
    return int(match[1]) * _UNITS[match[2]]


def _share(percentage: float) -> float:
    if not 0 < percentage < 100:
        raise CommandError(f"--objective: {percentage:g} is not above 0 and below 100 percent")
    return percentage / 100
