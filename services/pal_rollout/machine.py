"""What a rollout does next, from where it stands and what it sees. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Iterable

from pal.service.v1 import rollout_service_pb2 as pb
from pal_rollout import actions
from pal_rollout.gates import gates, held
from pal_rollout.routes import differs, known, wanted
from pal_rollout.seen import Seen
from pal_rollout.triggers import trigger

RUNNING, PAUSED = pb.ROLLOUT_STATE_RUNNING, pb.ROLLOUT_STATE_PAUSED
ABORTING, ABORTED = pb.ROLLOUT_STATE_ABORTING, pb.ROLLOUT_STATE_ABORTED
CONCLUDING, DONE = pb.ROLLOUT_STATE_CONCLUDING, pb.ROLLOUT_STATE_DONE
ROLLING_BACK, ROLLED_BACK = pb.ROLLOUT_STATE_ROLLING_BACK, pb.ROLLOUT_STATE_ROLLED_BACK
ACTIVE = frozenset({RUNNING, PAUSED, ABORTING, CONCLUDING, ROLLING_BACK})
_ENDS = {ABORTING: ABORTED, CONCLUDING: DONE, ROLLING_BACK: ROLLED_BACK}


def decide(status: pb.RolloutStatus, seen: Seen) -> actions.Action:
    """Return the next action: one at a time, each of which leaves *status* other than it was, or a wait."""
    if status.state not in ACTIVE:
        return actions.Rest()
    if status.state in (RUNNING, PAUSED) and (why := trigger(status, seen)):
        return actions.Abort(why)
    if noted := [agent.agent for agent in status.agents if agent.HasField("placing")]:
        return actions.Settle(noted)
    if foreign := _foreign(status.agents, seen):
        if status.state == RUNNING:
            return actions.Pause("; ".join(foreign.values()))
        if status.state in _ENDS:
            return actions.Leave(foreign)
    if status.state == PAUSED or (status.state == RUNNING and seen.blind):
        return actions.Wait(gates(status, seen))
    return _placed(status) or _shadowed(status) or _next(status, seen)


def foreign(agent: pb.RolloutAgent, seen: Seen) -> bool:
    """Tell whether somebody else has changed the route of *agent*."""
    # What is seen may be older than what was done; revisions only grow.
    return seen.of(agent.agent).route.revision > known(agent).revision


def _foreign(agents: Iterable[pb.RolloutAgent], seen: Seen) -> dict[str, str]:
    found = {}
    for agent in agents:
        if not agent.left and foreign(agent, seen):
            route = seen.of(agent.agent).route
            why = f" ({route.reason})" if route.reason else ""
            found[agent.agent] = f"{route.author} changed the route of {agent.agent}: revision {route.revision}{why}"
    return found


def _placed(status: pb.RolloutStatus) -> actions.Action | None:
    routes = {}
    for agent in status.agents:
        route = wanted(status, agent)
        if route is not None and differs(route, known(agent)):
            routes[agent.agent] = route
    return actions.Place(routes) if routes else None


def _shadowed(status: pb.RolloutStatus) -> actions.Action | None:
    over = [one.agent for one in status.agents if one.shadow_id and (one.wave < status.wave or status.state in _ENDS)]
    if over:
        return actions.EndShadows(over)
    if status.state != RUNNING or not status.rollout.spec.waves[status.wave].steps[0].HasField("shadow"):
        return None
    due = [one.agent for one in status.agents if one.wave == status.wave and not (one.shadow_id or one.left)]
    return actions.BeginShadows(due) if due else None


def _next(status: pb.RolloutStatus, seen: Seen) -> actions.Action:
    if status.state in _ENDS:
        return actions.End(_ENDS[status.state])
    if not status.HasField("step_began_at"):
        return actions.Begin()
    found = gates(status, seen)
    if not held(found) and not status.promoted_by:
        return actions.Wait(found)
    wave = status.rollout.spec.waves[status.wave]
    if wave.steps[status.step].pause and not status.pause_taken:
        return actions.Pause("the plan pauses here; resume it to go on", by_plan=True)
    if status.step + 1 < len(wave.steps):
        return actions.Enter(status.wave, status.step + 1, found)
    if status.wave + 1 < len(status.rollout.spec.waves):
        return actions.Enter(status.wave + 1, 0, found)
    return actions.Conclude()
