"""Runs that are going where their route sends none any more, and are to be moved."""

from __future__ import annotations

from collections.abc import Iterable

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_router.active import ActiveRun
from pal_router.peers import Peers
from pal_router.selection import ROUTED, route_of
from pal_rpc.errors import MeshError


def move_runs(runs: Iterable[ActiveRun], peers: Peers) -> None:
    """Have those of *runs* go elsewhere whose route says so."""
    for run in list(runs):
        route = _moving(run, peers)
        if route is not None:
            run.move(_moved(run, route))


def _moving(run: ActiveRun, peers: Peers) -> registry.Route | None:
    selection = run.selection
    if selection is None or selection.rule not in ROUTED or run.mode != common.EXECUTION_MODE_LIVE:
        return None
    agent = run.acceptance.agent.metadata
    route = route_of(agent.name, agent.version, peers.snapshot.routes_of(agent.name))
    if route is None or route.running != registry.RUNNING_RUNS_MOVE or route.revision == selection.revision:
        return None
    return route if selection.runtime.name not in _used(route) else None


def _used(route: registry.Route) -> set[str]:
    return {route.stable, *([route.candidate] if route.candidate_basis_points else [])}


def _moved(run: ActiveRun, route: registry.Route) -> MeshError:
    name = run.selection.runtime.name if run.selection else ""
    return MeshError(
        reasons.ERROR_REASON_RUNTIME_UNAVAILABLE,
        f"revision {route.revision} of the route takes the runs of {route.agent or 'all agents'} off {name}",
        runtime=name,
    )
