"""The runtime of a run, by the state of the registry at this moment."""

from __future__ import annotations

from pal_router.active import ActiveRun
from pal_router.peers import Peers
from pal_router.selection import ROUTED, Selection, select
from pal_router.split import Affinity


def choose(run: ActiveRun, peers: Peers) -> Selection:
    """Return the runtime for the next attempt of *run*.

    Raises:
        MeshError: no runtime takes it.
    """
    acceptance = run.acceptance
    return select(
        acceptance.agent,
        run.pinned_runtime,
        peers.snapshot.runtimes,
        peers.snapshot.routes_of(acceptance.agent.metadata.name),
        Affinity(conversation=acceptance.accepted.conversation_id, run=run.run_id),
    )


def still_holds(selection: Selection, run: ActiveRun, peers: Peers) -> bool:
    """Tell whether the route that led to *selection* is the one in force, or no route did."""
    if selection.rule not in ROUTED or run.pinned_runtime:
        return True
    name = run.acceptance.agent.metadata.name
    return selection.revision in {route.revision for route in peers.snapshot.routes_of(name)}
