"""The runtime of a run, by the state of the registry at this moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_log.ends import LOST_BEFORE
from pal_router.active import ActiveRun
from pal_router.auto import DEFAULT_MIN_SUCCESS, Choice, Situation, Standing
from pal_router.peers import Peers
from pal_router.selection import (
    ALONE,
    AUTO,
    AUTO_RULES,
    ROUTED,
    Selection,
    ineligible,
    route_of,
    select,
)
from pal_router.split import Affinity
from pal_rpc.errors import MeshError

_LASTING = (tools.EFFECT_CLASS_WRITE, tools.EFFECT_CLASS_UNSPECIFIED)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a choice is asked for."""

    agent: agents.AgentSpec
    tools: Sequence[tools.ToolSpec] = ()
    pinned: str = ""
    affinity: Affinity = ALONE
    # Where the conversation, or the run, was until now; and the runtimes that have failed the run.
    earlier: str = ""
    lost_on: Collection[str] = ()


def choose(run: ActiveRun, peers: Peers) -> Selection:
    """Return the runtime for the next attempt of *run*.

    Raises:
        MeshError: no runtime takes it.
    """
    acceptance = run.acceptance
    asked = Asked(
        agent=acceptance.agent,
        tools=acceptance.tools,
        pinned=run.pinned_runtime,
        affinity=Affinity(conversation=acceptance.accepted.conversation_id, run=run.run_id),
        earlier=run.selection.runtime.name if run.selection else run.earlier_runtime,
        lost_on=run.lost_on,
    )
    selection = choose_for(asked, peers)
    peers.breakers.chosen(acceptance.agent.metadata.name, selection.runtime.name)
    return selection


def choose_for(asked: Asked, peers: Peers) -> Selection:
    """Return the runtime for what is *asked*; nothing remembers that it was.

    Raises:
        MeshError: no runtime takes it.
    """
    name = asked.agent.metadata.name
    avoided = {**peers.breakers.avoided(name), **dict.fromkeys(asked.lost_on, LOST_BEFORE)}
    routes = peers.snapshot.routes_of(name)
    if leaves_it(asked.agent, asked.pinned) and not held(asked.agent, routes):
        return _by_itself(asked, avoided, peers)
    return select(asked.agent, asked.pinned, peers.snapshot.runtimes, routes, asked.affinity, avoided)


def leaves_it(agent: agents.AgentSpec, pinned: str) -> bool:
    """Tell whether the choice is left to the router."""
    return not pinned and agent.spec.runtime.selector == AUTO


def held(agent: agents.AgentSpec, routes: Sequence[registry.Route]) -> bool:
    """Tell whether a rollout holds the choice for *agent*: its runs follow the route meanwhile."""
    route = route_of(agent.metadata.name, agent.metadata.version, routes)
    return route is not None and route.hold


def still_holds(selection: Selection, run: ActiveRun, peers: Peers) -> bool:
    """Tell whether the route that led to *selection* is the one in force, or no route did."""
    if selection.rule not in ROUTED or run.pinned_runtime:
        return True
    name = run.acceptance.agent.metadata.name
    return selection.revision in {route.revision for route in peers.snapshot.routes_of(name)}


def falls_over(run: ActiveRun, peers: Peers) -> bool:
    """Tell whether *run*, which its runtime has failed, may go on elsewhere: it had no effect yet, and there is one."""
    selection = run.selection
    if selection is None or run.mode != common.EXECUTION_MODE_LIVE or run.fold.effects:
        return False
    agent = run.acceptance.agent
    if agent.spec.runtime.on_loss == agents.ON_LOSS_FAIL:
        return False
    unfit = {*ineligible(agent, peers.snapshot.runtimes), *run.lost_on, selection.runtime.name}
    if selection.rule in AUTO_RULES:
        return bool(set(peers.snapshot.runtimes) - unfit)
    if selection.rule not in ROUTED:
        return False
    route = route_of(agent.metadata.name, agent.metadata.version, peers.snapshot.routes_of(agent.metadata.name))
    others = [] if route is None else [route.stable, *route.fallbacks]
    return any(name in peers.snapshot.runtimes and name not in unfit for name in others)


def _by_itself(asked: Asked, avoided: dict[str, str], peers: Peers) -> Selection:
    meta, runtimes = asked.agent.metadata, peers.snapshot.runtimes
    unfit = ineligible(asked.agent, runtimes)
    able = sorted(set(runtimes) - set(unfit))
    if not able:
        why = ", ".join(f"{name} {reason}" for name, reason in sorted(unfit.items())) or "none is registered"
        raise MeshError(
            reasons.ERROR_REASON_NO_ELIGIBLE_RUNTIME,
            f"no runtime can carry out agent {meta.name} now: {why}; `pal runtime list` says more",
            agent=meta.name,
        )
    well = [name for name in able if name not in avoided] or able
    route = route_of(meta.name, meta.version, peers.snapshot.routes_of(meta.name))
    on_trial = route is not None and bool(route.candidate_basis_points)
    standings = peers.standings.of(meta.name)
    situation = Situation(
        able=well,
        default=route.stable if route is not None and route.stable in well else well[0],
        min_success=asked.agent.spec.runtime.min_success_percent / 100 or DEFAULT_MIN_SUCCESS,
        earlier=asked.earlier,
        key=asked.affinity.conversation or asked.affinity.run,
        explores=not on_trial and not avoided and not any(_lasts(tool) for tool in asked.tools),
    )
    choice = peers.auto.choose(meta.name, situation, standings)
    rejected = {name: why for name, why in {**avoided, **unfit}.items() if name != choice.runtime}
    return Selection(
        runtime=runtimes[choice.runtime],
        rule=choice.rule,
        reason=choice.reason,
        rejected=rejected,
        considered=[_considered(name, choice, standings.get(name, Standing())) for name in well],
    )


def _lasts(tool: tools.ToolSpec) -> bool:
    return tool.spec.effect.effect_class in _LASTING


def _considered(name: str, choice: Choice, standing: Standing) -> events.ConsideredRuntime:
    told = events.ConsideredRuntime(
        runtime=name, runs=standing.runs, success_lower=standing.success_lower, verdict=choice.verdicts.get(name, "")
    )
    if standing.cost_nanos is not None:
        nanos = round(standing.cost_nanos)
        told.cost_per_success.CopyFrom(common.Money(currency_code=standing.currency_code, nanos=nanos))
    if standing.p95_seconds is not None:
        told.latency_p95.CopyFrom(duration_pb2.Duration())
        told.latency_p95.FromNanoseconds(round(standing.p95_seconds * 1e9))
    return told
