"""Which runtime a run gets, and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import semantic_version

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import error_reason_pb2 as reasons
from pal_router.capabilities import missing
from pal_rpc.errors import MeshError

AUTO = "auto"
_STATES = {registry.RUNTIME_STATE_DRAINING: "DRAINING", registry.RUNTIME_STATE_LOST: "LOST"}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The runtime that was chosen and the ones that were not."""

    runtime: registry.RegisteredRuntime
    rule: str
    reason: str
    revision: int = 0
    rejected: Mapping[str, str] = field(default_factory=dict)


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


def select(
    agent: agents.AgentSpec,
    pinned: str,
    runtimes: Mapping[str, registry.RegisteredRuntime],
    routes: Iterable[registry.Route],
) -> Selection:
    """Return the runtime for a run of *agent*.

    In this order: the runtime the request pins, the one that spec.runtime.selector names, the agent's route, the
    default route.

    Raises:
        MeshError: there is no such runtime, it does not take runs, or it lacks a capability.
    """
    rule, name, revision, reason = _wanted(agent, pinned, list(routes))
    if name == AUTO:
        raise MeshError(
            reasons.ERROR_REASON_NO_ELIGIBLE_RUNTIME,
            "spec.runtime.selector: auto is not available in this version; name a runtime, or leave the selector empty "
            "for the default runtime",
            agent=agent.metadata.name,
        )
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
    if lacking := missing(agent.spec, runtime.capability):
        raise CapabilityMissing(agent.metadata.name, name, lacking)
    return Selection(
        runtime=runtime,
        rule=rule,
        reason=reason,
        revision=revision,
        rejected=ineligible(agent, runtimes),
    )


def ineligible(agent: agents.AgentSpec, runtimes: Mapping[str, registry.RegisteredRuntime]) -> dict[str, str]:
    """Return the runtimes that could not carry out *agent*, each with the reason."""
    reasons_by_name = {}
    for name, runtime in runtimes.items():
        if runtime.state != registry.RUNTIME_STATE_SERVING:
            reasons_by_name[name] = _STATES.get(runtime.state, "NOT_SERVING")
        elif missing(agent.spec, runtime.capability):
            reasons_by_name[name] = "CAPABILITY_MISSING"
    return reasons_by_name


def _wanted(agent: agents.AgentSpec, pinned: str, routes: list[registry.Route]) -> tuple[str, str, int, str]:
    name, version = agent.metadata.name, agent.metadata.version
    if pinned:
        return "pinned", pinned, 0, "the request pins it"
    if agent.spec.runtime.selector:
        return "selector", agent.spec.runtime.selector, 0, "spec.runtime.selector names it"
    own = [route for route in routes if route.agent == name and _in_range(version, route.version_range)]
    if own:
        route = max(own, key=lambda candidate: bool(candidate.version_range))
        return "route", route.stable, route.revision, f"revision {route.revision} of the agent's route"
    default = next((route for route in routes if not route.agent), None)
    if default is None:
        raise MeshError(
            reasons.ERROR_REASON_NO_ELIGIBLE_RUNTIME,
            f"no runtime for agent {name}: neither the agent nor a route names one; `pal route set {name} RUNTIME`",
            agent=name,
        )
    return "default", default.stable, default.revision, "the default runtime"


def _in_range(version: str, version_range: str) -> bool:
    return not version_range or semantic_version.Version.coerce(version) in semantic_version.NpmSpec(version_range)
