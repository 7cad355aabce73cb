"""`pal route ...`: what runs where, who changed it, and the way back."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import router_service_pb2 as router
from pal.service.v1 import shared_pb2 as shared
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, TIMEOUT, CommandError
from pal_cli.published import require_agent
from pal_cli.routes import difference, rolled_back, shares, split
from pal_cli.settings import MOST_INT64, HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, count, moment, print_json, say, table, word
from pal_gameday.routing import used
from pal_rpc.snapshot import RegistrySnapshot

app = typer.Typer(no_args_is_help=True, help="Which runtime the runs of an agent go to, and the way back.")

_CALL_SECONDS = 10.0
_LOOK_SECONDS = 0.2
# As people call what is counted otherwise than it is shown.
_FIELDS = {"candidate_basis_points": "share of the candidate"}
_GOING = (shared.RUN_STATE_PENDING, shared.RUN_STATE_RUNNING, shared.RUN_STATE_STOPPING)


class Running(StrEnum):
    """What becomes of runs that are going where the route sends none any more."""

    leave = "leave"
    drain = "drain"
    move = "move"


Agent = Annotated[str, typer.Argument(help='agent; "" for the default of all agents')]
Versions = Annotated[str, typer.Option(help="only these versions of the agent, for example '>=2 <3'")]
Reason = Annotated[str, typer.Option(help="why, for the record")]
Author = Annotated[str, typer.Option(help="who, for the record; default: you")]
Wait = Annotated[float, typer.Option(min=0, max=60, help="seconds to wait until every router follows; 0 does not wait")]
RunningRuns = Annotated[
    Running,
    typer.Option(help="runs going where none go any more: leave them, wait for them (drain), or move them at once"),
]
Within = Annotated[float, typer.Option(min=0, help="for drain: seconds to wait for the runs that are going")]


@app.command("get")
@command
async def get_route(
    agent: Annotated[str, typer.Argument(help="agent; default: the default of all agents")] = "",
    home: HomeOption = None,
    every: Annotated[bool, typer.Option("--all", help="of every agent that has one, after the default")] = False,
    output: Output = OutputFormat.table,
) -> None:
    """Show the routes of an agent."""
    if agent and every:
        raise CommandError(f"--all: leave it out, or leave {agent} out")
    async with connected(home_of(home)) as mesh:
        response = await mesh.registry.GetRoute(pb.GetRouteRequest(agent=agent), timeout=_CALL_SECONDS)
        if every:
            response.routes.extend(await _own(mesh))
        elif agent and not response.routes:
            await require_agent(mesh, agent)
    if output is OutputFormat.json:
        print_json(as_json(response))
        return
    rows = [[route.agent or "(default)", route.version_range or "all", *_row(route)] for route in response.routes]
    columns = ["AGENT", "VERSIONS", "REVISION", "RUNTIME", "FALLBACKS", "BY", "SINCE", "WHY"]
    table(columns, rows, empty=f"{agent} has no route of its own; it follows the default (`pal route get`)")


async def _own(mesh: Mesh) -> list[pb.Route]:
    """Return the routes of all agents that have one of their own, by their names."""
    async with RegistrySnapshot(mesh.registry) as snapshot:
        await snapshot.require()
        agents = {document.ref.name for document in snapshot.newest(pb.DOCUMENT_KIND_AGENT)}
        return [route for agent in sorted(agents) for route in snapshot.routes_of(agent) if route.agent]


@app.command("set")
@command
async def set_route(
    agent: Agent,
    runtimes: Annotated[list[str], typer.Argument(help="runtime, or two with their shares: agno=90 langgraph=10")],
    home: HomeOption = None,
    versions: Versions = "",
    reason: Reason = "",
    author: Author = "",
    expect: Annotated[
        int | None, typer.Option(min=0, max=MOST_INT64, help="refuse when the present revision is another one; 0: none")
    ] = None,
    fallback: Annotated[
        list[str] | None, typer.Option(help='when the chosen runtime is not to be had, repeatable; "" for none')
    ] = None,
    sticky: Annotated[str, typer.Option(help="what stays on one side of the split: conversation or run")] = "",
    salt: Annotated[str, typer.Option(help="salt of the split; default: kept while the candidate stays")] = "",
    running: RunningRuns = Running.leave,
    within: Within = 300.0,
    wait: Wait = 5.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check only, and show what would change")] = False,
) -> int:
    """Send the new runs of an agent to a runtime, or to two by share. What is not named stays as it is."""
    stable, candidate, share = split(runtimes)
    async with connected(home_of(home)) as mesh:
        present = await _present(mesh, agent, versions)
        route = pb.Route(
            agent=agent,
            version_range=versions,
            stable=stable,
            candidate=candidate,
            candidate_basis_points=share,
            salt=salt,
            stickiness=sticky or present.stickiness,
            fallbacks=[name for name in _kept(fallback, present.fallbacks) if name and name != stable],
        )
        change = _Change(mesh, present, expect, running=running, wait_seconds=wait, within_seconds=within)
        return await change.made(_signed(route, author, reason), dry_run=dry_run)


@app.command()
@command
async def history(
    agent: Agent,
    home: HomeOption = None,
    versions: Versions = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="most revisions to list")] = 20,
    output: Output = OutputFormat.table,
) -> None:
    """List the revisions of a route, newest first."""
    async with connected(home_of(home)) as mesh:
        found = await _history(mesh, agent, versions, limit)
    if output is OutputFormat.json:
        print_json({"routes": [as_json(route) for route in found]})
        return
    columns = ["REVISION", "RUNTIME", "FALLBACKS", "BY", "SINCE", "WHY"]
    table(columns, [_row(route) for route in found], empty=f"{agent or 'the default'} has no revision")


@app.command()
@command
async def diff(
    agent: Agent,
    before: Annotated[int | None, typer.Argument(help="revision; default: the one before the second")] = None,
    after: Annotated[int | None, typer.Argument(help="revision; default: the present one")] = None,
    home: HomeOption = None,
    versions: Versions = "",
    output: Output = OutputFormat.table,
) -> None:
    """Show what differs between two revisions of a route."""
    async with connected(home_of(home)) as mesh:
        found = {route.revision: route for route in await _history(mesh, agent, versions, 200)}
    newest = max(found) if after is None else after
    oldest = newest - 1 if before is None else before
    for revision in (oldest, newest):
        if revision not in found:
            known = ", ".join(map(str, found))
            raise CommandError(f"the route of {agent or 'all agents'} has no revision {revision}: {known}", NOT_FOUND)
    fields = difference(found[oldest], found[newest])
    if output is OutputFormat.json:
        print_json({"differences": [{"field": name, "before": old, "after": new} for name, old, new in fields]})
        return
    columns = ["FIELD", f"REVISION {oldest}", f"REVISION {newest}"]
    rows = [(_FIELDS.get(name, name), old, new) for name, old, new in fields]
    table(columns, rows, empty=f"revisions {oldest} and {newest} say the same")


@app.command()
@command
async def rollback(
    agent: Agent,
    home: HomeOption = None,
    versions: Versions = "",
    to: Annotated[
        int | None, typer.Option(help="revision to go back to; default: what takes back the present one")
    ] = None,
    reason: Reason = "",
    author: Author = "",
    running: RunningRuns = Running.leave,
    within: Within = 300.0,
    wait: Wait = 10.0,
) -> int:
    """Take back the present revision, and return once every router follows.

    A trial is ended. Without a trial, the runtimes before the present ones are taken back, which after a rollback is
    the trial again.
    """
    async with connected(home_of(home)) as mesh:
        found = await _history(mesh, agent, versions, 200)
        default = (await _present(mesh, "", "")).stable if agent else ""
        back = rolled_back(found, to, default)
        why = reason or f"rollback of revision {found[0].revision}"
        change = _Change(mesh, found[0], None, running=running, wait_seconds=wait, within_seconds=within)
        return await change.made(_signed(back, author, why), dry_run=False)


@app.command()
@command
async def breakers(
    agent: Annotated[str, typer.Argument(help="agent; default: all")] = "",
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """List the breakers of the router that have seen a failure: which runtime fails which agent, and since when."""
    async with connected(home_of(home)) as mesh:
        response = await mesh.router.ListBreakers(router.ListBreakersRequest(agent=agent), timeout=_CALL_SECONDS)
        if agent and not response.breakers:
            await require_agent(mesh, agent)
    if output is OutputFormat.json:
        print_json(as_json(response))
        return
    rows = [
        [
            one.agent,
            one.runtime,
            word(router.BreakerState, one.state, "BREAKER_STATE_"),
            f"{one.failures} of {one.attempts}",
            one.cause,
            f"in {one.retry_after.seconds} s" if one.HasField("retry_after") else "",
        ]
        for one in response.breakers
    ]
    columns = ["AGENT", "RUNTIME", "STATE", "FAILED", "BECAUSE", "NEXT TRIAL"]
    table(columns, rows, empty="no runtime has failed an agent lately")


class _Change:
    """One change of a route: made if nobody was faster, waited for, and told."""

    def __init__(
        self,
        mesh: Mesh,
        present: pb.Route,
        expected: int | None,
        *,
        running: Running,
        wait_seconds: float,
        within_seconds: float,
    ) -> None:
        self._mesh = mesh
        self._present = present
        self._expected = present.revision if expected is None else expected
        self._running = running
        self._wait_seconds = wait_seconds
        self._within_seconds = within_seconds

    async def made(self, route: pb.Route, *, dry_run: bool) -> int:
        moves = self._running is Running.move
        route.running = pb.RUNNING_RUNS_MOVE if moves else pb.RUNNING_RUNS_LEAVE
        request = pb.SetRouteRequest(route=route, expected_revision=self._expected, validate_only=dry_run)
        if self._wait_seconds:
            request.acknowledged_within.FromNanoseconds(round(self._wait_seconds * 1e9))
        began = time.monotonic()
        response = await self._mesh.registry.SetRoute(request, timeout=_CALL_SECONDS + self._wait_seconds)
        took_ms = (time.monotonic() - began) * 1000
        name = response.route.agent or "the default"
        if dry_run:
            rows = difference(self._present, response.route)
            table(["FIELD", "NOW", "WOULD BE"], rows, empty=f"nothing would change for {name}")
            return OK
        say(f"{escape(name)} goes to {escape(shares(response.route))} (revision {response.route.revision})")
        code = self._told(response.acknowledgements, took_ms) if self._wait_seconds else OK
        return max(code, await self._running_runs(response.route))

    def _told(self, followers: Sequence[pb.RouteAcknowledgement], took_ms: float) -> int:
        late = [one for one in followers if not one.acknowledged]
        for one in late:
            where = "has not said so yet" if one.connected else f"was lost at {moment(one.last_seen_at)}"
            say(f"[yellow]router {escape(one.watcher)} {where}: its new runs may still follow the revision before[/]")
        if late:
            return RUN_FAILED
        count = len(followers)
        say(f"[dim]followed by {count} router{'' if count == 1 else 's'} after {took_ms:.0f} ms[/]")
        return OK

    async def _running_runs(self, route: pb.Route) -> int:
        left = sorted(used(self._present) - used(route))
        if not left or not route.agent:
            return OK
        going = await self._going(route.agent, left)
        if self._running is Running.drain:
            until = time.monotonic() + self._within_seconds
            while going and time.monotonic() < until:
                await asyncio.sleep(_LOOK_SECONDS)
                going = await self._going(route.agent, left)
            if going:
                say(f"[yellow]{count(going, 'run')} still on {', '.join(left)} after {self._within_seconds:g} s[/]")
                return TIMEOUT
            say(f"[dim]no run goes on {', '.join(left)} any more[/]")
        elif going:
            what = "moved now" if self._running is Running.move else "left to end there"
            say(f"[dim]{count(going, 'run')} on {', '.join(left)}: {what}[/]")
        return OK

    async def _going(self, agent: str, runtimes: Sequence[str]) -> int:
        count = 0
        for runtime in runtimes:
            query = shared.RunQuery(states=_GOING, agent_name=agent, runtime=runtime, page_size=200)
            page = await self._mesh.router.ListRuns(router.ListRunsRequest(query=query), timeout=_CALL_SECONDS)
            count += len(page.runs)
        return count


def _row(route: pb.Route) -> list[object]:
    fallbacks, since = ", ".join(route.fallbacks), moment(route.created_at)
    return [route.revision, shares(route), fallbacks, route.author, since, route.reason]


def _signed(route: pb.Route, author: str, reason: str) -> pb.Route:
    route.author = author or _you()
    route.reason = reason
    return route


def _you() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "operator"


def _kept(stated: Sequence[str] | None, present: Sequence[str]) -> Sequence[str]:
    return present if stated is None else stated


async def _present(mesh: Mesh, agent: str, versions: str) -> pb.Route:
    response = await mesh.registry.GetRoute(pb.GetRouteRequest(agent=agent), timeout=_CALL_SECONDS)
    return next((route for route in response.routes if route.version_range == versions), pb.Route())


async def _history(mesh: Mesh, agent: str, versions: str, limit: int) -> list[pb.Route]:
    request = pb.ListRouteRevisionsRequest(agent=agent, version_range=versions, page_size=limit)
    found = list((await mesh.registry.ListRouteRevisions(request, timeout=_CALL_SECONDS)).routes)
    if not found:
        of = f"{agent or 'the default'}{f' for {versions}' if versions else ''}"
        raise CommandError(f"{of} has no route that was ever set; `pal route set` sets one", NOT_FOUND)
    return found
