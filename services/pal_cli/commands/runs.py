"""`pal runs ...`: runs of the past and of the present."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pal.service.v1 import recorder_service_pb2 as rec
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_cli.artifacts import fetch
from pal_cli.failures import CommandError
from pal_cli.following import RunView
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, money, outcome_word, print_json, say, seconds_between, table, tokens, word
from pal_cli.stages import stages
from pal_cli.summaries import summary
from pal_rpc.recorder_client import RecorderClient
from pal_transfer.selection import BadSelection, narrow

app = typer.Typer(no_args_is_help=True, help="Look at runs, follow them, stop them, export them.")

RunId = Annotated[str, typer.Argument(help="the run", show_default=False)]
_CALL_SECONDS = 10.0
SELECT_EXAMPLE = '"outcome=failed since=1h mode=live label.tier=canary"'


@app.command("list")
@command
async def list_(
    home: HomeOption = None,
    agent: Annotated[str, typer.Option(help="only runs of this agent")] = "",
    runtime: Annotated[str, typer.Option(help="only runs on this runtime")] = "",
    conversation: Annotated[str, typer.Option(help="only runs of this conversation")] = "",
    select: Annotated[str, typer.Option("--select", "-s", help=f"more of that: {SELECT_EXAMPLE}")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="most runs to list")] = 20,
    output: Output = OutputFormat.table,
) -> None:
    """List runs, newest first."""
    query = shared.RunQuery(page_size=limit, agent_name=agent, runtime=runtime, conversation_id=conversation)
    try:
        narrow(query, select)
    except BadSelection as error:
        raise CommandError(f"--select: {error}") from None
    async with connected(home_of(home)) as mesh:
        page = await mesh.router.ListRuns(pb.ListRunsRequest(query=query), timeout=_CALL_SECONDS)
    if output is OutputFormat.json:
        print_json({"runs": [as_json(run) for run in page.runs]})
        return
    rows = [_listed(run) for run in page.runs]
    columns = ["RUN", "AGENT", "RUNTIME", "STATE", "TOOK", "TOKENS", "ACCEPTED"]
    table(columns, rows, empty="no runs; `pal run AGENT --input TEXT` makes one")


@app.command()
@command
async def show(run_id: RunId, home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """Show a run: where it stands, what it cost, and where its time went."""
    async with connected(home_of(home)) as mesh:
        run = (await mesh.router.GetRun(pb.GetRunRequest(run_id=run_id), timeout=_CALL_SECONDS)).run
        spans = (await mesh.recorder.ListSpans(rec.ListSpansRequest(run_id=run_id), timeout=_CALL_SECONDS)).spans
        steps = stages([event async for event in _log(mesh, run_id, 0, ["stage."])])
    if output is OutputFormat.json:
        print_json({"run": as_json(run), "spans": [as_json(span) for span in spans]})
        return
    facts = {
        "run": run.run_id,
        "agent": f"{run.agent.name} {run.agent.version}",
        "runtime": f"{run.runtime} {run.runtime_version}",
        "repeats": run.source_run_id,
        "state": _state(run),
        "accepted": moment(run.accepted_at),
        "took": _took(run),
        "tokens": tokens(run.usage),
        "cost": money(run.cost if run.HasField("cost") else None),
        "calls": f"{run.model_calls} model, {run.tool_calls} tool",
        "events": run.head_seq,
        "conversation": run.conversation_id,
    }
    for name, value in facts.items():
        if value != "":
            say(f"[dim]{name:13}[/] {escape(str(value))}")
    if run.HasField("failure"):
        say(f"[dim]{'failure':13}[/] [red]{escape(run.failure.reason)}[/] {escape(run.failure.message)}")
    rows = [[span.name, _milliseconds(span), word(traces.SpanStatus, span.status, "SPAN_STATUS_")] for span in spans]
    for title, found in (("STAGE", steps), ("WORK", rows)):
        if found:
            say()
            table([title, "MS", "ENDED"], found, empty="")


@app.command("events")
@command
async def events_(
    run_id: RunId,
    home: HomeOption = None,
    after: Annotated[int, typer.Option(min=0, help="only events after this position")] = 0,
    type_: Annotated[list[str] | None, typer.Option("--type", "-t", help="only types beginning so, repeatable")] = None,
    output: Output = OutputFormat.table,
) -> None:
    """List the events of a run; with --output json one event a line."""
    rows = []
    first: events.RunEvent | None = None
    async with connected(home_of(home)) as mesh:
        async for event in _log(mesh, run_id, after, type_ or []):
            if output is OutputFormat.json:
                print_json(as_json(event), indent=None)
                continue
            first = first or event
            when = f"+{seconds_between(first.recorded_at, event.recorded_at):.3f}"
            rows.append([event.seq, when, event.type, event.stage_id, summary(event)])
    if output is OutputFormat.table:
        columns = ["SEQ", "SECONDS", "TYPE", "STAGE", "WHAT"]
        if not any(row[3] for row in rows):
            # Most runs have no stages.
            rows, columns = [[*row[:3], row[4]] for row in rows], [*columns[:3], columns[4]]
        table(columns, rows, empty="no such events")


@app.command()
@command
async def watch(
    run_id: RunId,
    home: HomeOption = None,
    after: Annotated[int, typer.Option(min=0, help="go on after this position")] = 0,
    output: Output = OutputFormat.table,
) -> int:
    """Follow a run from a position to its end."""
    request = pb.WatchRequest(run_id=run_id, after_seq=after, follow=True, live_output=True)
    async with connected(home_of(home)) as mesh:
        view = RunView(mesh, machine=output is OutputFormat.json)
        await view.follow(mesh.router.Watch(request))
    return view.exit_code


@app.command()
@command
async def cancel(
    run_id: RunId,
    home: HomeOption = None,
    reason: Annotated[str, typer.Option(help="why, for the record")] = "asked to by an operator",
    graceful: Annotated[bool, typer.Option("--graceful", help="let open work be finished first")] = False,
) -> None:
    """Ask a run to stop."""
    async with connected(home_of(home)) as mesh:
        request = pb.CancelRequest(run_id=run_id, reason=reason, graceful=graceful)
        run = (await mesh.router.Cancel(request, timeout=_CALL_SECONDS * 2)).run
    if run.state == shared.RUN_STATE_FINISHED:
        say(f"run {run_id} is over: {outcome_word(run.outcome)}")
    else:
        say(f"run {run_id} was asked to stop; `pal runs watch {run_id}` shows its end")


@app.command()
@command
async def artifacts(
    run_id: RunId,
    home: HomeOption = None,
    save: Annotated[Path, typer.Option(help="directory to save them in")] = Path(),
) -> None:
    """Save the artifacts of a run."""
    count = 0
    async with connected(home_of(home)) as mesh:
        async for event in _log(mesh, run_id, 0, ["artifact."]):
            say(str(await fetch(mesh, event.artifact_added.content, save)))
            count += 1
    if not count:
        raise CommandError(f"run {run_id} has no artifacts", 3)


@app.command()
@command
async def export(
    run_id: RunId,
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="file to write; default: stdout")] = None,
) -> None:
    """Write the log of a run as JSON lines (ProtoJSON of pal.v1.RunEvent), oldest first."""
    async with connected(home_of(home)) as mesh:
        log = [event async for event in _log(mesh, run_id, 0, [])]
    if out is None:
        for event in log:
            print_json(as_json(event), indent=None)
        return
    try:
        out.write_text("".join(json.dumps(as_json(event), ensure_ascii=False) + "\n" for event in log))
    except OSError as error:
        raise CommandError(f"--out {out}: {error.strerror}") from None
    sys.stderr.write(f"{len(log)} events written to {out}\n")


async def _log(mesh: Mesh, run_id: str, after_seq: int, prefixes: list[str]) -> AsyncIterator[events.RunEvent]:
    client = RecorderClient(mesh.recorder, mesh.addresses["recorder"])
    async for event in client.log(run_id, after_seq):
        if not prefixes or event.type.startswith(tuple(prefixes)):
            yield event


def _listed(run: shared.Run) -> list[object]:
    agent = f"{run.agent.name} {run.agent.version}"
    return [run.run_id, agent, run.runtime, _state(run), _took(run), _spent(run), moment(run.accepted_at)]


def _state(run: shared.Run) -> str:
    finished = run.state == shared.RUN_STATE_FINISHED
    state = outcome_word(run.outcome) if finished else word(shared.RunState, run.state, "RUN_STATE_")
    live = run.mode == common.EXECUTION_MODE_LIVE
    return state if live else f"{state} ({word(common.ExecutionMode, run.mode, 'EXECUTION_MODE_')})"


def _took(run: shared.Run) -> str:
    return f"{seconds_between(run.accepted_at, run.finished_at):.2f} s" if run.finished_at.seconds else ""


def _spent(run: shared.Run) -> str:
    return f"{run.usage.input_tokens}/{run.usage.output_tokens}"


def _milliseconds(span: traces.TraceSpan) -> str:
    return f"{span.duration.ToNanoseconds() / 1e6:.1f}"
