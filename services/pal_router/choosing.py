"""The runtime of a run, by the state of the registry at this moment."""

from __future__ import annotations

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal_router.active import ActiveRun
from pal_router.peers import Peers
from pal_router.selection import LOST_BEFORE, ROUTED, Selection, ineligible, route_of, select
from pal_router.split import Affinity


def choose(run: ActiveRun, peers: Peers) -> Selection:
    """Return the runtime for the next attempt of *run*.

    Raises:
        MeshError: no runtime takes it.
    """
    acceptance = run.acceptance
    name = acceptance.agent.metadata.name
    selection = select(
        acceptance.agent,
        run.pinned_runtime,
        peers.snapshot.runtimes,
        peers.snapshot.routes_of(name),
        Affinity(conversation=acceptance.accepted.conversation_id, run=run.run_id),
        {**peers.breakers.avoided(name), **dict.fromkeys(run.lost_on, LOST_BEFORE)},
    )
    peers.breakers.chosen(name, selection.runtime.name)
    return selection


def still_holds(selection: Selection, run: ActiveRun, peers: Peers) -> bool:
    """Tell whether the route that led to *selection* is the one in force, or no route did."""
    if selection.rule not in ROUTED or run.pinned_runtime:
        return True
    name = run.acceptance.agent.metadata.name
    return selection.revision in {route.revision for route in peers.snapshot.routes_of(name)}


def falls_over(run: ActiveRun, peers: Peers) -> bool:
    """Tell whether *run*, which its runtime has failed, may go on elsewhere: it had no effect yet, and there is one."""
    selection = run.selection
    if selection is None or selection.rule not in ROUTED or run.mode != common.EXECUTION_MODE_LIVE or run.fold.effects:
        return False
    agent = run.acceptance.agent
    if agent.spec.runtime.on_loss == agents.ON_LOSS_FAIL:
        return False
    route = route_of(agent.metadata.name, agent.metadata.version, peers.snapshot.routes_of(agent.metadata.name))
    unfit = {*ineligible(agent, peers.snapshot.runtimes), *run.lost_on, selection.runtime.name}
    others = [] if route is None else [route.stable, *route.fallbacks]
    return any(name in peers.snapshot.runtimes and name not in unfit for name in others)
