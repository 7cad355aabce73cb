"""Rollouts that stand somewhere, and what they see there."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import rollout_pb2 as plans
from pal_rollout import actions
from pal_rollout.changes import stamp
from pal_rollout.machine import decide
from pal_rollout.seen import AgentSeen, Seen

NOW_NS = 1_000_000_000_000


def plan(*steps: dict[str, Any], abort: dict[str, Any] | None = None, **spec: Any) -> plans.Rollout:
    """Return a plan: *steps* for the canary, then everything for production."""
    document = {
        "apiVersion": "pal/v1",
        "kind": "Rollout",
        "metadata": {"name": "move"},
        "spec": {
            "candidate": "new",
            "waves": [
                {"name": "canary", "labels": {"tier": "canary"}, "steps": list(steps) or [{"weight": 100}]},
                {"name": "prod", "labels": {"tier": "prod"}, "steps": [{"weight": 100}]},
            ],
            "abort": abort or {},
            **spec,
        },
    }
    return json_format.ParseDict(document, plans.Rollout())


def status(
    rollout: plans.Rollout, state: pb.RolloutState = pb.ROLLOUT_STATE_RUNNING, **fields: Any
) -> pb.RolloutStatus:
    """Return a rollout of a canary and an agent of production, both on ``old``, with nothing done yet."""
    agents = [
        pb.RolloutAgent(agent=name, wave=wave, before=registry.Route(agent=name, stable="old", revision=3))
        for wave, name in enumerate(("desk", "vault"))
    ]
    return pb.RolloutStatus(rollout_id="r1", rollout=rollout, state=state, agents=agents, **fields)


def placed(rollout: plans.Rollout, **fields: Any) -> pb.RolloutStatus:
    """Return the rollout with every route of its step in place, by what it asks for itself."""
    one = status(rollout, **fields)
    for _ in range(20):
        action = decide(one, Seen(now_ns=NOW_NS))
        if isinstance(action, actions.Place):
            place(one, action)
        elif isinstance(action, actions.BeginShadows):
            for agent in one.agents:
                if agent.agent in action.agents:
                    agent.shadow_id, agent.own_shadow = f"shadow-{agent.agent}", True
        elif isinstance(action, actions.Begin):
            one.step_began_at.CopyFrom(stamp(NOW_NS))
        else:
            break
    return one


def place(one: pb.RolloutStatus, action: actions.Place) -> None:
    """Set the routes of *action* as the controller would."""
    for agent in one.agents:
        if agent.agent in action.routes:
            revision = (agent.present if agent.HasField("present") else agent.before).revision + 1
            agent.present.CopyFrom(action.routes[agent.agent])
            agent.present.revision = revision


def seen(now_ns: int = NOW_NS, away: float = 0.0, certificate: str = "", **agents: AgentSeen) -> Seen:
    """Return what is seen of a healthy mesh, but for what is stated."""
    return Seen(now_ns=now_ns, agents=agents, candidate_away_seconds=away, certificate_problem=certificate)
