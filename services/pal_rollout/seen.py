"""What a rollout sees of the mesh when it decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import comparison_pb2 as comparisons


@dataclass(frozen=True, kw_only=True)
class AgentSeen:
    """What is seen of one agent."""

    # Its own route in force; revision 0 when it has none.
    route: registry.Route = field(default_factory=registry.Route)
    # Why its breaker on the candidate is open; empty while it is not.
    breaker: str = ""
    # How it does on the candidate, by the place of the objective in the gates of the step.
    objectives: Mapping[int, slo.SloReport] = field(default_factory=dict)
    # The same, with the burn rates that the triggers look at; None when there was no run.
    burn: slo.SloReport | None = None
    # The newest verdict on its shadow; None before the first.
    verdict: comparisons.Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is seen at one moment."""

    now_ns: int
    agents: Mapping[str, AgentSeen] = field(default_factory=dict)
    # How long the candidate has taken no runs; 0 while it takes some.
    candidate_away_seconds: float = 0.0
    # What is wrong with the certificate that the step asks for; empty when it is good.
    certificate_problem: str = ""
    # What could not be seen, and why; empty when everything was. Half blind a rollout goes back, but never on.
    blind: str = ""

    def of(self, agent: str) -> AgentSeen:
        """Return what is seen of *agent*."""
        return self.agents.get(agent) or AgentSeen()
