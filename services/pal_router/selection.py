"""Which runtime a run gets, and why."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import semantic_version

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.ends import LOST_BEFORE
from pal_policy.requirements import missing
from pal_router.split import WHOLE, Affinity, takes_candidate
from pal_rpc.errors import MeshError

AUTO = "auto"
ALONE = Affinity()
NOTHING: Mapping[str, str] = {}
BREAKER_OPEN = "BREAKER_OPEN"
_AVOIDED = {BREAKER_OPEN: "has failed this agent again and again", LOST_BEFORE: "has lost the run before"}
# Rules by which a route decides: another revision of it decides anew.
ROUTED = frozenset({"route", "candidate", "default", "fallback"})
AUTO_RULES = frozenset({"auto", "auto.sticky", "auto.explore", "auto.unproven"})
_STATES = {registry.RUNTIME_STATE_DRAINING: "DRAINING", registry.RUNTIME_STATE_LOST: "LOST"}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The runtime that was chosen and the ones that were not."""

    runtime: registry.RegisteredRuntime
    rule: str
    reason: str
    revision: int = 0
    rejected: Mapping[str, str] = field(default_factory=dict)
    # For AUTO_RULES: what was known of each.
    considered: Sequence[events.ConsideredRuntime] = ()


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """The runtime that a run was meant for, and those that may stand in."""

    rule: str
    name: str
    reason: str
    revision: int = 0
    fallbacks: Sequence[str] = ()


class RuntimeNotFound(MeshError):
    """No runtime of that name is registered."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Name the runtime and the nearest of the *known* ones."""
        registered = sorted(known)
        nearest = next(iter(difflib.get_close_matches(name, registered, n=1)), "")
        hint = f"did you mean {nearest}? " if nearest else ""
        super().__init__(
            reasons.ERROR_REASON_RUNTIME_NOT_FOUND,
            f"runtime {name} is not registered; {hint}registered are: {', '.join(registered) or 'none'}",
            runtime=name,
            nearest=nearest,
        )


class CapabilityMissing(MeshError):
    """The chosen runtime lacks what the agent requires."""

    def __init__(self, agent: str, runtime: str, lacking: list[str]) -> None:
        """Name what is missing."""
        super().__init__(
            reasons.ERROR_REASON_CAPABILITY_MISSING,
            f"runtime {runtime} lacks what agent {agent} requires: {', '.join(lacking)}; "
            "choose another runtime (`pal runtime list`) or require less in spec.requires",
            runtime=runtime,
            missing=", ".join(lacking),
        )


# What agents lack where, by identity: of a published agent and an announced runtime there is one object each, until
# something changes.
_LACKING: dict[tuple[int, int], tuple[agents.AgentSpec, registry.RegisteredRuntime, list[str]]] = {}
_MOST_LACKING = 10_000


def lacking(agent: agents.AgentSpec, runtime: registry.RegisteredRuntime) -> list[str]:
    """Return what *agent* requires and *runtime* does not declare."""
    key = id(agent), id(runtime)
    if (known := _LACKING.get(key)) is not None:
        return known[2]
    if len(_LACKING) >= _MOST_LACKING:
        _LACKING.clear()
    # Kept with both, so that their identities are not given to others meanwhile.
    found = missing(agent.spec, runtime.capability)
    _LACKING[key] = agent, runtime, found
    return found


def select(
    agent: agents.AgentSpec,
    pinned: str,
    runtimes: Mapping[str, registry.RegisteredRuntime],
    routes: Iterable[registry.Route],
    affinity: Affinity = ALONE,
    avoided: Mapping[str, str] = NOTHING,
) -> Selection:
    """Return the runtime for a run of *agent*.

    In this order: the runtime the request pins, the one that spec.runtime.selector names, the agent's route, the
    default route. A route has fallbacks for when its choice is not to be had, or is among the *avoided*, each with the
    reason; when all of them are, none is.

    Raises:
        MeshError: there is no such runtime, it does not take runs, or it lacks a capability.
    """
    wanted = _wanted(agent, pinned, list(routes), affinity)
    why = avoided.get(wanted.name, "")
    if not why:
        try:
            return _selected(agent, wanted, runtimes, avoided)
        except MeshError:
            fallback = _fallback(agent, wanted, runtimes, avoided)
            if not fallback:
                raise
    else:
        fallback = _fallback(agent, wanted, runtimes, avoided)
        if not fallback or fallback in avoided:
            return _selected(agent, wanted, runtimes, avoided)
    reason = f"{wanted.name} {_AVOIDED.get(why, 'is not to be had')}; a fallback of {wanted.reason}"
    other = _Wanted(rule="fallback", name=fallback, revision=wanted.revision, reason=reason)
    return _selected(agent, other, runtimes, avoided)


def _fallback(
    agent: agents.AgentSpec,
    wanted: _Wanted,
    runtimes: Mapping[str, registry.RegisteredRuntime],
    avoided: Mapping[str, str],
) -> str:
    """Return the first fallback that takes the run, one that is avoided if need be; empty for none."""
    able = [name for name in wanted.fallbacks if _takes(agent, name, runtimes)]
    return next((name for name in able if name not in avoided), next(iter(able), ""))


def _selected(
    agent: agents.AgentSpec,
    wanted: _Wanted,
    runtimes: Mapping[str, registry.RegisteredRuntime],
    avoided: Mapping[str, str],
) -> Selection:
    chosen = _eligible(agent, wanted.name, runtimes)
    rejected = {**{name: why for name, why in avoided.items() if name != wanted.name}, **ineligible(agent, runtimes)}
    return Selection(
        runtime=chosen, rule=wanted.rule, reason=wanted.reason, revision=wanted.revision, rejected=rejected
    )


def _takes(agent: agents.AgentSpec, name: str, runtimes: Mapping[str, registry.RegisteredRuntime]) -> bool:
    found = runtimes.get(name)
    return found is not None and found.state == registry.RUNTIME_STATE_SERVING and not lacking(agent, found)


def _eligible(
    agent: agents.AgentSpec, name: str, runtimes: Mapping[str, registry.RegisteredRuntime]
) -> registry.RegisteredRuntime:
    if name not in runtimes:
        raise RuntimeNotFound(name, runtimes)
    runtime = runtimes[name]
    if runtime.state != registry.RUNTIME_STATE_SERVING:
        state = _STATES.get(runtime.state, "NOT SERVING")
        why = f": {runtime.reason}" if runtime.reason else ""
        raise MeshError(
            reasons.ERROR_REASON_RUNTIME_UNAVAILABLE,
            f"runtime {name} does not take runs now ({state}{why}); `pal runtime list` shows the others",
            runtime=name,
            state=state,
        )
    if lacks := lacking(agent, runtime):
        raise CapabilityMissing(agent.metadata.name, name, lacks)
    return runtime


def route_of(agent: str, version: str, routes: Iterable[registry.Route]) -> registry.Route | None:
    """Return the route among *routes* for a version of *agent*: its own for a range, its own, the default."""
    fitting = [route for route in routes if route.agent in ("", agent) and _in_range(version, route.version_range)]
    return max(fitting, key=lambda route: (bool(route.agent), bool(route.version_range)), default=None)


def ineligible(agent: agents.AgentSpec, runtimes: Mapping[str, registry.RegisteredRuntime]) -> dict[str, str]:
    """Return the runtimes that could not carry out *agent*, each with the reason."""
    reasons_by_name = {}
    for name, runtime in runtimes.items():
        if runtime.state != registry.RUNTIME_STATE_SERVING:
            reasons_by_name[name] = _STATES.get(runtime.state, "NOT_SERVING")
        elif lacking(agent, runtime):
            reasons_by_name[name] = "CAPABILITY_MISSING"
    return reasons_by_name


def _wanted(agent: agents.AgentSpec, pinned: str, routes: list[registry.Route], affinity: Affinity) -> _Wanted:
    name, version = agent.metadata.name, agent.metadata.version
    if pinned:
        return _Wanted(rule="pinned", name=pinned, reason="the request pins it")
    if agent.spec.runtime.selector not in ("", AUTO):
        return _Wanted(rule="selector", name=agent.spec.runtime.selector, reason="spec.runtime.selector names it")
    route = route_of(name, version, routes)
    if route is None:
        raise MeshError(
            reasons.ERROR_REASON_NO_ELIGIBLE_RUNTIME,
            f"no runtime for agent {name}: neither the agent nor a route names one; `pal route set {name} RUNTIME`",
            agent=name,
        )
    if not route.agent:
        return _by(route, "default", "the default runtime", affinity)
    return _by(route, "route", f"revision {route.revision} of the agent's route", affinity)


def _by(route: registry.Route, rule: str, reason: str, affinity: Affinity) -> _Wanted:
    fallbacks = tuple(route.fallbacks)
    if not takes_candidate(route, affinity):
        return _Wanted(rule=rule, name=route.stable, reason=reason, revision=route.revision, fallbacks=fallbacks)
    share = f"{route.candidate_basis_points * 100 / WHOLE:g} %"
    return _Wanted(
        rule="candidate",
        name=route.candidate,
        reason=f"{reason}, the candidate's {share}",
        revision=route.revision,
        fallbacks=(route.stable, *fallbacks),
    )


@functools.lru_cache(4096)
def _in_range(version: str, version_range: str) -> bool:
    return not version_range or semantic_version.Version.coerce(version) in semantic_version.NpmSpec(version_range)
