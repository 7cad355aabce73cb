"""Whether a runtime can be left: certificates of drills, and runtimes that could take over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import advice_pb2 as advice
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import gameday_pb2 as gameday
from pal_advice.evidence import DAY_SECONDS, known, moment, unknown
from pal_policy.requirements import missing

_SHOWN = 5


@dataclass(frozen=True)
class Checked:
    """A certificate, and why it cannot be believed; nothing when it can."""

    stated: gameday.Certificate
    problems: Sequence[str]

    @property
    def fresh(self) -> bool:
        """Whether it says PASS and can be believed."""
        return not self.problems and self.stated.verdict == gameday.DRILL_VERDICT_PASS

    def names(self, runtime: str) -> bool:
        """Tell whether a run of the drill was on *runtime*."""
        return any(runtime in run.runtimes for run in self.stated.runs)


def certificates(
    runtime: str, known_ones: Sequence[Checked] | None, source: str, now: datetime
) -> list[advice.AdviceEvidence]:
    """Return what certificates say of *runtime*; None when they cannot be told, *source* then says why."""
    if known_ones is None:
        return [unknown(name, source) for name in ("certificate.fresh", "certificate.days_left")]
    mine = [one for one in known_ones if one.names(runtime) and one.stated.verdict == gameday.DRILL_VERDICT_PASS]
    fresh = [one for one in mine if one.fresh]
    newest = max(fresh or mine, key=lambda one: one.stated.expires_at.seconds, default=None)
    if newest is None:
        remedy = f"no drill with {runtime} has passed; `pal gameday run` makes certificates"
        return [
            known("certificate.fresh", 0, remedy, source, now),
            unknown("certificate.days_left", remedy, source),
        ]
    name = f"{newest.stated.plan.name} (number {newest.stated.number})"
    said = f"{name}, good until {newest.stated.expires_at.ToJsonString()[:10]}"
    why = f"{len(fresh)} of {len(known_ones)}, the last is {said}" if fresh else f"{name}: {newest.problems[0]}"
    days = (moment(newest.stated.expires_at) - now).total_seconds() / DAY_SECONDS
    return [
        known("certificate.fresh", len(fresh), why, source, now),
        known("certificate.days_left", days, said, source, now),
    ]


def standby(
    runtime: str,
    users: Mapping[str, agents.AgentSpec],
    runtimes: Mapping[str, registry.RegisteredRuntime],
    checked: Sequence[Checked] | None,
    passed: Collection[tuple[str, str]],
    now: datetime,
) -> list[advice.AdviceEvidence]:
    """Return which of the other *runtimes* could take over the agents that use *runtime*.

    *passed* are the agents and runtimes whose newest verdict is a PASS.
    """
    able = [
        name
        for name, one in sorted(runtimes.items())
        if name != runtime
        and one.state == registry.RUNTIME_STATE_SERVING
        and not any(missing(agent.spec, one.capability) for agent in users.values())
    ]
    used = f"agents that use it: {_listed(sorted(users))}"
    source = "registry"
    found = [known("standby.able", len(able), f"{_listed(able)}; {used}", source, now)]
    if checked is None and able:
        found.append(unknown("standby.ready", "there is no telling which certificates there are"))
    else:
        ready = [name for name in able if any(one.fresh and one.names(name) for one in checked or ())]
        found.append(
            known(
                "standby.ready",
                len(ready),
                f"with a fresh certificate: {_listed(ready)}; able: {_listed(able)}",
                source,
                now,
            )
        )
    proven = [name for name in able if all((agent, name) in passed for agent in users)]
    said = f"with a PASS: {_listed(proven)}; able: {_listed(able)}; {used}"
    return [*found, known("standby.passed", len(proven), said, "ListVerdicts", now)]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more or "none"
