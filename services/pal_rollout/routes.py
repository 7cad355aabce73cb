"""The routes that a rollout wants, from where it stands."""

from __future__ import annotations

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as pb
from pal_rollout.plan import WHOLE, basis_points

# Every agent that was moved goes back to what it was on before.
GOING_BACK = frozenset({pb.ROLLOUT_STATE_ABORTING, pb.ROLLOUT_STATE_ROLLING_BACK})
# As many fallbacks as a route may have.
MOST_FALLBACKS = 8
# What a revision says, but for who made it, when, and how the runs are drawn.
_FIELDS = ("stable", "candidate", "candidate_basis_points", "stickiness", "hold")


def wanted(status: pb.RolloutStatus, agent: pb.RolloutAgent) -> registry.Route | None:
    """Return the route that *agent* should have now; None when the rollout has nothing to say about it."""
    if agent.left:
        return None
    if status.state in GOING_BACK:
        return _back(agent) if agent.HasField("present") else None
    if status.state == pb.ROLLOUT_STATE_CONCLUDING:
        return _concluded(status, agent)
    if agent.wave > status.wave:
        return None
    if agent.wave < status.wave:
        return _shared(status, agent, WHOLE)
    step = status.rollout.spec.waves[status.wave].steps[status.step]
    if step.HasField("weight"):
        return _shared(status, agent, basis_points(step))
    return _held(agent) if agent.automatic else None


def differs(one: registry.Route, other: registry.Route) -> bool:
    """Tell whether two routes send runs to different places."""
    return list(one.fallbacks) != list(other.fallbacks) or any(
        getattr(one, name) != getattr(other, name) for name in _FIELDS
    )


def known(agent: pb.RolloutAgent) -> registry.Route:
    """Return the route of *agent* as the rollout knows it."""
    return agent.present if agent.HasField("present") else agent.before


def share_of(agent: pb.RolloutAgent) -> int:
    """Return the share of the candidate that the rollout has set for *agent*, of 10,000."""
    return agent.present.candidate_basis_points if agent.HasField("present") else 0


def _copy(route: registry.Route) -> registry.Route:
    copied = registry.Route()
    copied.CopyFrom(route)
    for name in ("revision", "created_at", "author", "reason", "running", "mark"):
        copied.ClearField(name)
    return copied


def _back(agent: pb.RolloutAgent) -> registry.Route:
    return _copy(agent.before)


def _held(agent: pb.RolloutAgent) -> registry.Route:
    route = _copy(agent.before)
    route.hold = True
    return route


def _shared(status: pb.RolloutStatus, agent: pb.RolloutAgent, share: int) -> registry.Route:
    route = _copy(agent.before)
    route.candidate, route.candidate_basis_points = status.rollout.spec.candidate, share
    # The same for the whole rollout: whoever is on the candidate stays there while the weight grows.
    route.salt = status.rollout_id
    route.hold = True
    return route


def _concluded(status: pb.RolloutStatus, agent: pb.RolloutAgent) -> registry.Route:
    """Return the route with the candidate as the runtime of record, and what was before as its first fallback."""
    route, candidate = _copy(agent.before), status.rollout.spec.candidate
    fallbacks = dict.fromkeys((agent.before.stable, *agent.before.fallbacks))
    del route.fallbacks[:]
    route.stable, route.candidate, route.candidate_basis_points, route.salt = candidate, "", 0, ""
    route.fallbacks.extend([name for name in fallbacks if name != candidate][:MOST_FALLBACKS])
    return route
