"""What the router would do with a run, and what it thinks of runtimes, for whoever asks."""

from __future__ import annotations

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal_router.choosing import Asked, choose_for
from pal_router.peers import Peers
from pal_router.selection import ineligible
from pal_router.split import Affinity


def plan(request: pb.PlanRouteRequest, peers: Peers) -> pb.PlanRouteResponse:
    """Return the runtime a run would get.

    Raises:
        MeshError: the agent is not there, or no runtime would take it.
    """
    snapshot = peers.snapshot
    document = snapshot.resolve(registry.DOCUMENT_KIND_AGENT, request.agent)
    granted = [snapshot.resolve(registry.DOCUMENT_KIND_TOOL, grant.tool).tool for grant in document.agent.spec.tools]
    alike = Affinity(conversation=request.affinity_key, run=request.affinity_key)
    selection = choose_for(Asked(agent=document.agent, tools=granted, affinity=alike), peers)
    others = ineligible(document.agent, snapshot.runtimes)
    return pb.PlanRouteResponse(
        agent=document.ref,
        primary=pb.RouteChoice(
            runtime=selection.runtime.name,
            runtime_version=selection.runtime.installed_version,
            adapter_endpoint=selection.runtime.endpoint,
            reason=selection.reason,
            rule=selection.rule,
        ),
        ineligible=[pb.IneligibleRuntime(runtime=name, reason=reason) for name, reason in sorted(others.items())],
        route_revision=selection.revision,
    )


def breakers(agent: str, peers: Peers) -> list[pb.Breaker]:
    """Return the breakers of *agent* that have seen a failure, of every agent for an empty name."""
    known = peers.breakers
    return [known.shown(*found) for found in known.all() if agent in ("", found[0])]
