"""How a rollout changes: what it does itself, and what people ask of it."""

from __future__ import annotations

from google.protobuf import timestamp_pb2

from pal.service.v1 import rollout_service_pb2 as pb
from pal_log import clock
from pal_rollout.gates import approval
from pal_rollout.machine import (
    ABORTED,
    ABORTING,
    CONCLUDING,
    DONE,
    PAUSED,
    ROLLED_BACK,
    ROLLING_BACK,
    RUNNING,
    foreign,
)
from pal_rollout.plan import place_name
from pal_rollout.routes import GOING_BACK
from pal_rollout.seen import Seen

ITSELF = "rollout"
_ENDED = {ABORTED: "aborted", DONE: "done", ROLLED_BACK: "rolled back"}
MOST_ENTRIES = 500


class Refused(Exception):
    """What was asked cannot be done where the rollout stands; the message says why and what can be done."""


def note(status: pb.RolloutStatus, now_ns: int, what: str, who: str = ITSELF, reason: str = "") -> None:
    """Add to the history of *status*."""
    status.history.append(pb.RolloutEntry(at=stamp(now_ns), what=what, who=who, reason=reason))
    del status.history[: max(len(status.history) - MOST_ENTRIES, 0)]


def here(status: pb.RolloutStatus) -> str:
    """Return what the present step is called."""
    return place_name(status.rollout.spec, status.wave, status.step)


def enter(status: pb.RolloutStatus, wave: int, step: int, now_ns: int) -> None:
    """Stand at another step; nothing of it is counted yet."""
    status.wave, status.step = wave, step
    for name in ("step_began_at", "approved_by", "promoted_by", "pause_taken"):
        status.ClearField(name)
    for agent in status.agents:
        agent.ClearField("counts")
    note(status, now_ns, f"step {here(status)}")


def pause(status: pb.RolloutStatus, now_ns: int, who: str = ITSELF, reason: str = "") -> None:
    """Stay where it is.

    Raises:
        Refused: it does not run.
    """
    if status.state == PAUSED:
        return
    if status.state != RUNNING:
        raise Refused(_not_running(status, "paused"))
    status.state, status.reason = PAUSED, reason or f"paused by {who}"
    note(status, now_ns, "paused", who, reason)


def resume(status: pb.RolloutStatus, seen: Seen, now_ns: int, who: str, reason: str) -> None:
    """Go on, from the routes as they are *seen*: what somebody else set is taken for the rollout's own.

    Raises:
        Refused: it is not paused.
    """
    if status.state == RUNNING:
        return
    if status.state != PAUSED:
        raise Refused(_not_running(status, "resumed"))
    for agent in status.agents:
        if not agent.left and foreign(agent, seen):
            _adopt(status, agent, seen)
    status.state, status.reason = RUNNING, ""
    note(status, now_ns, "resumed", who, reason)


def promote(status: pb.RolloutStatus, now_ns: int, who: str, reason: str) -> None:
    """Take the gates of the present step for held.

    Raises:
        Refused: it does not run.
    """
    if status.state == PAUSED:
        raise Refused(f"rollout {_name(status)} is paused: {status.reason}; resume it first (`pal rollout resume`)")
    if status.state != RUNNING:
        raise Refused(_not_running(status, "promoted"))
    status.promoted_by = who
    waited = ", ".join(gate.name for gate in status.gates if not gate.holds)
    note(status, now_ns, f"step {here(status)} promoted{f' without {waited}' if waited else ''}", who, reason)


def approve(status: pb.RolloutStatus, now_ns: int, who: str, reason: str) -> None:
    """Give the approval that the present step waits for.

    Raises:
        Refused: it waits for none.
    """
    if status.state not in (RUNNING, PAUSED):
        raise Refused(_not_running(status, "approved"))
    if not status.rollout.spec.waves[status.wave].steps[status.step].gates.approval:
        raise Refused(f"step {here(status)} of rollout {_name(status)} asks for no approval; nothing waits for one")
    if not status.approved_by:
        status.approved_by = who
        # Whoever approved is told so before the gates are looked at again.
        for gate in status.gates:
            if gate.name == "approval":
                gate.CopyFrom(approval(status))
        note(status, now_ns, f"step {here(status)} approved", who, reason)


def abort(status: pb.RolloutStatus, now_ns: int, who: str = ITSELF, reason: str = "") -> None:
    """Put everything back.

    Raises:
        Refused: nothing is in progress.
    """
    if status.state == ABORTING:
        return
    if status.state not in (RUNNING, PAUSED, CONCLUDING):
        raise Refused(_not_running(status, "aborted"))
    status.state, status.reason = ABORTING, reason or f"aborted by {who}"
    status.back_ordered_at.CopyFrom(stamp(now_ns))
    note(status, now_ns, "aborting: every route goes back", who, reason)


def roll_back(status: pb.RolloutStatus, now_ns: int, who: str, reason: str) -> None:
    """Put everything back after it was done.

    Raises:
        Refused: it is not done, or was put back already.
    """
    if status.state == ROLLING_BACK:
        return
    if status.state in (RUNNING, PAUSED, CONCLUDING):
        name = _name(status)
        raise Refused(f"rollout {name} is still going; `pal rollout abort {name}` puts every route back")
    if status.state != DONE:
        raise Refused(_not_running(status, "rolled back"))
    status.state, status.reason = ROLLING_BACK, reason or f"rolled back by {who}"
    status.ClearField("ended_at")
    status.back_ordered_at.CopyFrom(stamp(now_ns))
    note(status, now_ns, "rolling back: every route goes back", who, reason)


def conclude(status: pb.RolloutStatus, now_ns: int) -> None:
    """Make the candidate the runtime of record."""
    status.state = CONCLUDING
    note(status, now_ns, f"every wave is over: {status.rollout.spec.candidate} becomes the runtime of record")


def end(status: pb.RolloutStatus, state: pb.RolloutState, now_ns: int) -> None:
    """Be over."""
    status.state = state
    status.ended_at.CopyFrom(stamp(now_ns))
    del status.gates[:]
    note(status, now_ns, _ENDED[state])


def stamp(now_ns: int) -> timestamp_pb2.Timestamp:
    """Return a moment as it is written."""
    moment = timestamp_pb2.Timestamp()
    moment.FromNanoseconds(now_ns)
    return moment


def _adopt(status: pb.RolloutStatus, agent: pb.RolloutAgent, seen: Seen) -> None:
    route = seen.of(agent.agent).route
    if agent.HasField("present"):
        agent.present.CopyFrom(route)
        return
    agent.before.CopyFrom(route)
    if route.stable == status.rollout.spec.candidate:
        agent.left = f"is on {route.stable} already"


def _not_running(status: pb.RolloutStatus, done: str) -> str:
    name, when = _name(status), clock.second(status.ended_at)
    why = f" ({status.reason})" if status.reason else ""
    if status.state in (ABORTED, ROLLED_BACK):
        ended, again = _ENDED[status.state], "apply its plan again to begin anew"
        return f"rollout {name} was {ended} at {when}{why}: nothing is in progress that could be {done}; {again}"
    if status.state == DONE:
        agents = ", ".join(f"{agent.agent} to {agent.before.stable}" for agent in status.agents if not agent.left)
        back = f"`pal rollout rollback {name}` takes every agent back ({agents})"
        return f"rollout {name} was done at {when}: nothing is in progress that could be {done}; {back}"
    if status.state in GOING_BACK:
        return f"rollout {name} is putting its routes back{why}: it cannot be {done} any more"
    return f"rollout {name} is making the candidate the runtime of record: it can only be aborted"


def _name(status: pb.RolloutStatus) -> str:
    return status.rollout.metadata.name
