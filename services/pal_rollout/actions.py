"""What a rollout may do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as pb


@dataclass(frozen=True)
class Rest:
    """Nothing, for ever: it is over."""


@dataclass(frozen=True)
class Wait:
    """Nothing for now; the gates say what is waited for."""

    gates: Sequence[pb.RolloutGate] = ()


@dataclass(frozen=True)
class Place:
    """Set new revisions, by agent."""

    routes: Mapping[str, registry.Route]


@dataclass(frozen=True)
class Settle:
    """Find out whether what was noted for *agents* was done, and do it where it was not."""

    agents: Sequence[str]


@dataclass(frozen=True)
class Leave:
    """Leave the routes of agents to whoever changed them, each with the reason."""

    agents: Mapping[str, str]


@dataclass(frozen=True)
class BeginShadows:
    """Shadow *agents* on the candidate."""

    agents: Sequence[str]


@dataclass(frozen=True)
class EndShadows:
    """End the shadows that the rollout began for *agents*."""

    agents: Sequence[str]


@dataclass(frozen=True)
class Begin:
    """Everything of the step is in place: its time begins."""


@dataclass(frozen=True)
class Enter:
    """Go on with another step."""

    wave: int
    step: int
    gates: Sequence[pb.RolloutGate] = ()


@dataclass(frozen=True)
class Pause:
    """Stay here; *by_plan* when the step says so."""

    reason: str
    by_plan: bool = False


@dataclass(frozen=True)
class Abort:
    """Put everything back."""

    reason: str


@dataclass(frozen=True)
class Conclude:
    """Make the candidate the runtime of record."""


@dataclass(frozen=True)
class End:
    """It is over."""

    state: pb.RolloutState


Action = (
    Rest | Wait | Place | Settle | Leave | BeginShadows | EndShadows | Begin | Enter | Pause | Abort | Conclude | End
)
