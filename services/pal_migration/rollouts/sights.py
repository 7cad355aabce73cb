"""What a rollout sees of the mesh, gathered as cheaply as it is asked for often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import router_service_pb2 as router_pb
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import rollout_pb2 as plans
from pal_log import clock
from pal_migration.rollouts.certificates import FreshCertificates
from pal_rollout.plan import lane_of, seconds_of
from pal_rollout.routes import share_of
from pal_rollout.seen import AgentSeen, Seen
from pal_rollout.triggers import objective_of
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.router_client import RouterClient
from pal_rpc.snapshot import RegistrySnapshot

T = TypeVar("T")
# How long figures of the record are good for.
FIGURES_SECONDS = 5.0
_LEAST_WINDOW_SECONDS = 60
_HOUR_SECONDS = 3600


class Sights:
    """Looks at routes, runtimes and breakers every time, at figures of the record now and then."""

    def __init__(
        self,
        snapshot: RegistrySnapshot,
        router: RouterClient,
        record: RecorderClient,
        certificates: FreshCertificates,
        figures_seconds: float = FIGURES_SECONDS,
    ) -> None:
        """Look at these; figures and certificates are good for *figures_seconds*."""
        self._snapshot = snapshot
        self._router = router
        self._record = record
        self._certificates = certificates
        self._figures_seconds = figures_seconds
        self._away_since: dict[str, float] = {}
        self._figures: dict[tuple[str, str, int, float, int], tuple[float, slo.SloReport | None]] = {}
        self._certificate_problems: dict[bytes, tuple[float, str]] = {}
        # The newest verdict by shadow, told by whoever judges.
        self.verdicts: dict[str, comparisons.Verdict] = {}

    def routes(self, status: pb.RolloutStatus) -> Seen:
        """Return what is seen of the routes alone."""
        agents = {one.agent: AgentSeen(route=self._route(one.agent)) for one in status.agents}
        return Seen(now_ns=clock.now_ns(), agents=agents)

    async def seen(self, status: pb.RolloutStatus) -> Seen:
        """Return what *status* decides by; a service that is away is what cannot be seen.

        Raises:
            MeshError: REGISTRY_UNAVAILABLE, nothing is known of it yet.
        """
        # A registry that is not known yet tells of no runtime; that is no lost adapter.
        await self._snapshot.require()
        plan, blind = status.rollout.spec, dict[str, None]()
        exposed = any(share_of(agent) for agent in status.agents)
        breakers = (await _tried(self._breakers(plan.candidate), blind) if exposed else None) or {}
        agents = {}
        for agent in status.agents:
            agents[agent.agent] = AgentSeen(
                route=self._route(agent.agent),
                breaker=breakers.get(agent.agent, ""),
                objectives=await _tried(self._objectives(status, agent), blind) or {},
                burn=await _tried(self._burn(status, agent), blind),
                verdict=self.verdicts.get(agent.shadow_id),
            )
        return Seen(
            now_ns=clock.now_ns(),
            agents=agents,
            candidate_away_seconds=self._away_seconds(plan.candidate),
            certificate_problem=await self._certificate_problem(plan.waves[status.wave].steps[status.step].gates),
            blind="; ".join(blind),
        )

    def _route(self, agent: str) -> registry.Route:
        own = (route for route in self._snapshot.routes_of(agent) if route.agent == agent and not route.version_range)
        return next(own, registry.Route())

    def _away_seconds(self, candidate: str) -> float:
        runtime = self._snapshot.runtimes.get(candidate)
        if runtime is not None and runtime.state == registry.RUNTIME_STATE_SERVING:
            self._away_since.pop(candidate, None)
            return 0.0
        return time.monotonic() - self._away_since.setdefault(candidate, time.monotonic())

    async def _breakers(self, candidate: str) -> dict[str, str]:
        found = await self._router.breakers()
        return {
            one.agent: f"{one.failures} of the newest {one.attempts} runs failed, last with {one.cause}"
            for one in found
            if one.runtime == candidate
            and one.state == router_pb.BREAKER_STATE_OPEN
            # One that is due for its trial is left to it: it may be of an earlier attempt.
            and one.retry_after.ToNanoseconds() > 0
        }

    async def _certificate_problem(self, gates: plans.RolloutGates) -> str:
        if not gates.HasField("certificate"):
            return ""
        key = gates.certificate.SerializeToString(deterministic=True)
        known = self._certificate_problems.get(key)
        if known is None or time.monotonic() - known[0] >= self._figures_seconds:
            found = await asyncio.to_thread(self._certificates.problem_with, gates.certificate)
            known = self._certificate_problems[key] = time.monotonic(), found
        return known[1]

    async def _objectives(self, status: pb.RolloutStatus, agent: pb.RolloutAgent) -> dict[int, slo.SloReport]:
        gates = status.rollout.spec.waves[status.wave].steps[status.step].gates
        if agent.wave != status.wave or not gates.slo or not status.HasField("step_began_at"):
            return {}
        since = (clock.now_ns() - status.step_began_at.ToNanoseconds()) / 1e9
        found = {}
        for place, objective in enumerate(gates.slo):
            stated = seconds_of(objective.window) if objective.HasField("window") else since
            report = await self._report(status, agent.agent, stated, 0.0)
            if report is not None:
                found[place] = report
        return found

    async def _burn(self, status: pb.RolloutStatus, agent: pb.RolloutAgent) -> slo.SloReport | None:
        burn = status.rollout.spec.abort.burn
        if burn.off or not share_of(agent) or agent.left:
            return None
        return await self._report(status, agent.agent, _HOUR_SECONDS, objective_of(burn))

    async def _report(
        self, status: pb.RolloutStatus, agent: str, window_seconds: float, objective: float
    ) -> slo.SloReport | None:
        plan = status.rollout.spec
        # The record counts by the minute.
        seconds = max(-(-int(window_seconds) // _LEAST_WINDOW_SECONDS), 1) * _LEAST_WINDOW_SECONDS
        key = agent, plan.candidate, seconds, objective, lane_of(plan)
        known = self._figures.get(key)
        if known is None or time.monotonic() - known[0] >= self._figures_seconds:
            request = slo.GetSloRequest(
                agent=agent,
                runtime=plan.candidate,
                mode=lane_of(plan),
                window=duration_pb2.Duration(seconds=seconds),
                objective=objective,
            )
            reports = (await self._record.slo(request)).reports
            self._forget()
            known = self._figures[key] = time.monotonic(), next(iter(reports), None)
        return known[1]

    def _forget(self) -> None:
        old = time.monotonic() - self._figures_seconds
        self._figures = {key: known for key, known in self._figures.items() if known[0] > old}


async def _tried(look: Awaitable[T], blind: dict[str, None]) -> T | None:
    """Return what *look* gives; None, and why in *blind*, when a service is away."""
    try:
        return await look
    except MeshError as error:
        blind[error.message] = None
        return None
