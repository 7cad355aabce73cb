"""`pal explain RUN`: why a run went where it went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import grpc
import typer
from rich.markup import escape

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as router
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_cli.failures import NOT_FOUND, CommandError, explained
from pal_cli.routes import shares
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, money, print_json, say, table
from pal_rpc.recorder_client import RecorderClient

_CALL_SECONDS = 10.0
_RULES = {
    "pinned": "the request names the runtime",
    "selector": "the agent names the runtime (spec.runtime.selector)",
    "route": "the route of the agent: stable",
    "candidate": "the route of the agent: candidate",
    "default": "the default route",
    "fallback": "a fallback of the route",
    "auto": "automatic selection: proven, then the least cost per success",
    "auto.sticky": "automatic selection: the conversation stays where it is",
    "auto.explore": "automatic selection: a run that finds out",
    "auto.unproven": "automatic selection: nothing is proven yet",
}
_BY_ROUTE = ("route", "candidate", "fallback")


@command
async def explain(
    run_id: Annotated[str, typer.Argument(help="the run", show_default=False)],
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Say in one screen why a run went to its runtime: the rule, the route, what was known, what was not chosen."""
    async with connected(home_of(home)) as mesh:
        accepted, choices = await _chosen(mesh, run_id)
        revisions = {choice.run_routed.route_revision for choice in choices} - {0}
        routes = await _routes(mesh, accepted.agent, revisions)
        now = await _now(mesh, accepted)
    if output is OutputFormat.json:
        print_json(
            {
                "runId": run_id,
                "choices": [as_json(choice.run_routed) for choice in choices],
                "routes": [as_json(route) for route in routes],
                "now": now,
            }
        )
        return
    _line("run", run_id)
    _line("agent", f"{accepted.agent.name} {accepted.agent.version}")
    _line("conversation", accepted.conversation_id)
    for choice in choices:
        _explained(choice, routes)
    say()
    _line("a new run", now)


async def _chosen(mesh: Mesh, run_id: str) -> tuple[events.RunAccepted, Sequence[events.RunEvent]]:
    stub: recorder_rpc.RecorderServiceStub = mesh.recorder
    log = [event async for event in RecorderClient(stub, mesh.addresses["recorder"]).log(run_id)]
    choices = [event for event in log if event.WhichOneof("body") == "run_routed"]
    if not choices:
        why = next((event.run_finished.failure.message for event in log if event.type == "run.finished"), "")
        raise CommandError(f"run {run_id} never went to a runtime{f': {why}' if why else ''}", NOT_FOUND)
    return log[0].run_accepted, choices


async def _routes(mesh: Mesh, agent: common.SpecRef, revisions: set[int]) -> list[registry.Route]:
    """Return the revisions that decided, of the agent's routes and of the default."""
    found = []
    for name in (agent.name, ""):
        present = await mesh.registry.GetRoute(registry.GetRouteRequest(agent=name), timeout=_CALL_SECONDS)
        for version_range in {route.version_range for route in present.routes}:
            request = registry.ListRouteRevisionsRequest(agent=name, version_range=version_range, page_size=200)
            listed = await mesh.registry.ListRouteRevisions(request, timeout=_CALL_SECONDS)
            found += [route for route in listed.routes if route.revision in revisions]
    return found


async def _now(mesh: Mesh, accepted: events.RunAccepted) -> str:
    selector = common.SpecSelector(name=accepted.agent.name)
    request = router.PlanRouteRequest(agent=selector, affinity_key=accepted.conversation_id)
    try:
        plan = await mesh.router.PlanRoute(request, timeout=_CALL_SECONDS)
    except grpc.aio.AioRpcError as error:
        return f"would go nowhere: {explained(error)[0]}"
    return f"would go to {plan.primary.runtime} {plan.primary.runtime_version}: {plan.primary.reason}"


def _explained(choice: events.RunEvent, routes: Sequence[registry.Route]) -> None:
    routed = choice.run_routed
    say()
    _line(f"attempt {routed.attempt}", f"{routed.runtime} {routed.runtime_version}, {moment(choice.recorded_at)}")
    _line("rule", f"{routed.rule_id}: {_RULES.get(routed.rule_id, 'not known to this version')}")
    _line("because", routed.reason)
    for route in routes:
        own = bool(route.agent) == (routed.rule_id in _BY_ROUTE and routed.rule_id != "default")
        if route.revision == routed.route_revision and (own or routed.rule_id == "fallback"):
            scope = f" for {route.version_range}" if route.version_range else ""
            why = f": {route.reason}" if route.reason else ""
            by = f"by {route.author}, {moment(route.created_at)}{why}"
            _line("route", f"{route.agent or 'default'}{scope}, revision {route.revision}: {shares(route)}; {by}")
    for other in routed.rejected:
        _line("not chosen", f"{other.runtime}: {other.reason.lower().replace('_', ' ')}")
    if routed.considered:
        columns = ["CONSIDERED", "RUNS", "SUCCESS AT LEAST", "COST/SUCCESS", "P95", "VERDICT"]
        table(columns, [_considered(one) for one in routed.considered], empty="")


def _considered(one: events.ConsideredRuntime) -> list[object]:
    return [
        one.runtime,
        one.runs,
        f"{one.success_lower * 100:.2f} %" if one.HasField("success_lower") else "-",
        money(one.cost_per_success if one.HasField("cost_per_success") else None),
        f"{one.latency_p95.ToMilliseconds()} ms" if one.HasField("latency_p95") else "-",
        one.verdict.lower().replace("_", " "),
    ]


def _line(name: str, value: str) -> None:
    if value:
        say(f"[dim]{name:13}[/] {escape(value)}")
