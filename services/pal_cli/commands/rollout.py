"""`pal rollout ...`: agents moved to another runtime in waves that stop by themselves."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import typer
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import rollout_pb2 as plans
from pal_cli.failures import OK, RUN_FAILED, UNDECIDED
from pal_cli.rollout_plan import drafted
from pal_cli.rollout_view import entry_line, lines, state_word, waves
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, complain, moment, out, print_json, say, table
from pal_cli.texts import read_text
from pal_rollout.changes import here

app = typer.Typer(no_args_is_help=True, help="Move agents to another runtime in waves that stop by themselves.")

_CALL_SECONDS = 30.0
# The answer to an abort or a rollback comes when the routes are back.
_BACK_SECONDS = 120.0
_STATES = {
    pb.ROLLOUT_STATE_DONE: OK,
    pb.ROLLOUT_STATE_ABORTED: RUN_FAILED,
    pb.ROLLOUT_STATE_ROLLED_BACK: RUN_FAILED,
}


class _Answer(Protocol):
    status: pb.RolloutStatus


A = TypeVar("A", bound=_Answer, covariant=True)
Named = Annotated[str, typer.Argument(help="the rollout; default: the one that is under way, else the newest")]
Author = Annotated[str, typer.Option(help="who, for the record; default: you")]
Reason = Annotated[str, typer.Option(help="why, for the record")]


@app.command()
@command
async def apply(
    file: Annotated[Path, typer.Argument(help="plan (YAML or JSON, kind: Rollout)")],
    home: HomeOption = None,
    check: Annotated[bool, typer.Option("--check", help="check only: nothing is begun")] = False,
    follow: Annotated[bool, typer.Option("--watch", help="follow it until it is over or paused")] = False,
    reason: Reason = "",
    author: Author = "",
    output: Output = OutputFormat.table,
) -> int:
    """Check a plan against the mesh and begin to carry it out."""
    request = pb.ApplyRolloutRequest(
        rollout=_plan(file), validate_only=check, author=author or getpass.getuser(), reason=reason
    )
    async with connected(home_of(home)) as mesh:
        status = (await mesh.rollouts.ApplyRollout(request, timeout=_CALL_SECONDS)).status
        if follow and not check:
            return await _followed(mesh, status.rollout_id, output)
    if check and output is OutputFormat.table:
        _checked(file, status)
        return OK
    _show(status, output)
    if output is OutputFormat.table:
        say(f"[dim]`pal rollout watch {escape(status.rollout.metadata.name)}` follows it[/]")
    return OK


@app.command()
@command
async def status(name: Named = "", home: HomeOption = None, output: Output = OutputFormat.table) -> int:
    """Show where a rollout stands. Exit code 0 for done, 1 for aborted or rolled back, 8 for one that is under way."""
    async with connected(home_of(home)) as mesh:
        request = pb.GetRolloutRequest(rollout=_selector(name))
        found = (await mesh.rollouts.GetRollout(request, timeout=_CALL_SECONDS)).status
    _show(found, output)
    return _STATES.get(found.state, UNDECIDED)


@app.command("list")
@command
async def list_(
    agent: Annotated[str, typer.Argument(help="only those that have this agent")] = "",
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """List rollouts, newest first."""
    async with connected(home_of(home)) as mesh:
        request = pb.ListRolloutsRequest(agent=agent, page_size=200)
        listed = (await mesh.rollouts.ListRollouts(request, timeout=_CALL_SECONDS)).rollouts
    if output is OutputFormat.json:
        print_json({"rollouts": [as_json(one) for one in listed]})
        return
    rows = [
        [
            one.rollout.metadata.name,
            one.rollout.spec.candidate,
            state_word(one),
            here(one),
            len(one.agents),
            one.applied_by,
            moment(one.applied_at),
            one.reason,
        ]
        for one in listed
    ]
    empty = f"no rollout has had {agent}" if agent else "nothing was rolled out; `pal rollout apply FILE` begins"
    columns = ["ROLLOUT", "CANDIDATE", "STATE", "STEP", "AGENTS", "BY", "SINCE", "WHY"]
    table(columns, rows, empty=empty)


@app.command()
@command
async def watch(name: Named = "", home: HomeOption = None, output: Output = OutputFormat.table) -> int:
    """Follow a rollout until it is over or paused. Exit code 0 for done, 1 for aborted, 8 for paused."""
    async with connected(home_of(home)) as mesh:
        request = pb.GetRolloutRequest(rollout=_selector(name))
        found = (await mesh.rollouts.GetRollout(request, timeout=_CALL_SECONDS)).status
        return await _followed(mesh, found.rollout_id, output)


@app.command()
@command
async def history(name: Named = "", home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """Tell what happened in a rollout, oldest first."""
    async with connected(home_of(home)) as mesh:
        request = pb.GetRolloutRequest(rollout=_selector(name))
        found = (await mesh.rollouts.GetRollout(request, timeout=_CALL_SECONDS)).status
    if output is OutputFormat.json:
        print_json({"rolloutId": found.rollout_id, "history": [as_json(entry) for entry in found.history]})
        return
    for entry in found.history:
        say(entry_line(entry))


def _steering(word: str, rpc: str, request_type: Callable[..., Any], text: str) -> None:
    """Add the command *word*, which calls *rpc*; *text* is its help."""

    @app.command(word, help=text)
    @command
    async def steer(
        name: Named = "", home: HomeOption = None, reason: Reason = "", author: Author = "",
        output: Output = OutputFormat.table,
    ) -> None:  # fmt: skip
        request = request_type(rollout=_selector(name), author=author or getpass.getuser(), reason=reason)
        async with connected(home_of(home)) as mesh:
            await _shown(getattr(mesh.rollouts, rpc)(request, timeout=_CALL_SECONDS), output)


for _command in (
    ("pause", "PauseRollout", pb.PauseRolloutRequest, "Stay at the present step. Triggers still put everything back."),
    ("resume", "ResumeRollout", pb.ResumeRolloutRequest, "Go on, from the routes as they are now."),
    (
        "promote", "PromoteRollout", pb.PromoteRolloutRequest,
        "Take the gates of the present step for held, and go on with the next.",
    ),
    ("approve", "ApproveRollout", pb.ApproveRolloutRequest, "Give the approval that the present step waits for."),
):  # fmt: skip
    _steering(*_command)


@app.command()
@command
async def abort(
    name: Named = "", home: HomeOption = None, reason: Reason = "", author: Author = "",
    output: Output = OutputFormat.table,
) -> int:  # fmt: skip
    """Put back every route that the rollout has changed. Exit code 1 when a router does not follow."""
    request = pb.AbortRolloutRequest(rollout=_selector(name), author=author or getpass.getuser(), reason=reason)
    async with connected(home_of(home)) as mesh:
        answer = await mesh.rollouts.AbortRollout(request, timeout=_BACK_SECONDS)
    return _back(answer.status, output)


@app.command()
@command
async def rollback(
    name: Named = "", home: HomeOption = None, reason: Reason = "", author: Author = "",
    output: Output = OutputFormat.table,
) -> int:  # fmt: skip
    """Take back a rollout that is done: every agent goes back to what it was on before.

    Exit code 1 when a router does not follow, or an agent was left because somebody has set its route since.
    """
    request = pb.RollbackRolloutRequest(rollout=_selector(name), author=author or getpass.getuser(), reason=reason)
    async with connected(home_of(home)) as mesh:
        answer = await mesh.rollouts.RollbackRollout(request, timeout=_BACK_SECONDS)
    code = _back(answer.status, output)
    left = [agent for agent in answer.status.agents if agent.left and agent.HasField("present")]
    for agent in left:
        complain(f"{agent.agent} was not taken back: {agent.left}; `pal route history {agent.agent}` tells more")
    return RUN_FAILED if left else code


def _back(status: pb.RolloutStatus, output: OutputFormat) -> int:
    _show(status, output)
    late = sorted({watcher for agent in status.agents for watcher in agent.unacknowledged})
    if late:
        complain(f"not yet followed by {', '.join(late)}: new runs there may still go by an earlier route")
    return RUN_FAILED if late else OK


async def _shown(call: Awaitable[A], output: OutputFormat) -> None:
    _show((await call).status, output)


async def _followed(mesh: Mesh, rollout_id: str, output: OutputFormat) -> int:
    frames = mesh.rollouts.WatchRollout(pb.WatchRolloutRequest(rollout=pb.RolloutSelector(rollout_id=rollout_id)))
    last, told = pb.RolloutStatus(), 0
    try:
        if output is OutputFormat.table and out.is_terminal:
            with Live(console=out, auto_refresh=False) as live:
                async for frame in frames:
                    last = frame.status
                    live.update(Text.from_markup("\n".join(lines(last))), refresh=True)
                    if last.state == pb.ROLLOUT_STATE_PAUSED:
                        break
        else:
            async for frame in frames:
                last = frame.status
                told = _told(last, told, output)
                if last.state == pb.ROLLOUT_STATE_PAUSED:
                    break
    finally:
        frames.cancel()
    if output is OutputFormat.table and not out.is_terminal:
        _show(last, output)
    return _STATES.get(last.state, UNDECIDED)


def _told(status: pb.RolloutStatus, told: int, output: OutputFormat) -> int:
    """Say what is new in *status*; return how much of its history is told."""
    if output is OutputFormat.json:
        print_json(as_json(status), indent=None)
        return 0
    for entry in status.history[told:]:
        say(entry_line(entry))
    return len(status.history)


def _checked(file: Path, status: pb.RolloutStatus) -> None:
    plan = status.rollout.spec
    moved = sum(not agent.left for agent in status.agents)
    agents = "1 agent" if moved == 1 else f"{moved} agents"
    say(f"[green]✓[/] {escape(str(file))}: {agents} would move to {escape(plan.candidate)}")
    for line in waves(status):
        say(line)


def _show(status: pb.RolloutStatus, output: OutputFormat) -> None:
    if output is OutputFormat.json:
        print_json(as_json(status))
        return
    for line in lines(status):
        say(line)


def _selector(name: str) -> pb.RolloutSelector:
    return pb.RolloutSelector(name=name)


def _plan(path: Path) -> plans.Rollout:
    return drafted(read_text(path), str(path))
