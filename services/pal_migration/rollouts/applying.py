"""How a rollout begins: its plan is checked against the mesh, and what is there before it is remembered."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import rollout_pb2 as plans
from pal_log import clock
from pal_log.events import new_id
from pal_migration.rollouts.holding import Rollouts
from pal_policy.requirements import missing
from pal_rollout.changes import enter, note, stamp
from pal_rollout.checks import nearest, problems
from pal_rollout.plan import digest_of
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.router_client import RouterClient
from pal_rpc.snapshot import RegistrySnapshot

AUTO = "auto"
OPERATOR = "operator"
_RECORDER_SECONDS = 10.0
_SHOWN = 5


class Applying:
    """Begins rollouts."""

    def __init__(
        self, rollouts: Rollouts, snapshot: RegistrySnapshot, router: RouterClient, record: RecorderClient
    ) -> None:
        """Ask *router* what production is; runs are counted from *record*."""
        self._rollouts = rollouts
        self._snapshot = snapshot
        self._router = router
        self._record = record
        self._one_at_a_time = asyncio.Lock()

    async def apply(self, request: pb.ApplyRolloutRequest) -> pb.RolloutStatus:
        """Return the rollout of a plan: the one that goes by it already, or a new one.

        Raises:
            MeshError: the plan does not hold; nothing was begun.
        """
        found = problems(request.rollout)
        if found:
            path, problem = found[0]
            more = "".join(f"\n{where}: {what}" for where, what in found[1:_SHOWN])
            error = InvalidField(path, f"{problem}{more}")
            error.violations = found if more else ()
            raise error
        async with self._one_at_a_time:
            if (same := self._same(request.rollout)) is not None:
                return same
            await self._snapshot.require()
            status = await self._planned(request)
            if not request.validate_only:
                await self._begin(status)
            return status

    def _same(self, rollout: plans.Rollout) -> pb.RolloutStatus | None:
        digest = digest_of(rollout)
        return next((one for one in self._rollouts.active() if digest_of(one.rollout) == digest), None)

    async def _begin(self, status: pb.RolloutStatus) -> None:
        # Without a record nothing would be counted.
        await self._record.runs(shared.RunQuery(page_size=1))
        for agent in status.agents:
            # One that is rolled back may have taken it since it was planned.
            self._rollouts.check_free(agent.agent, f"spec.waves[{agent.wave}].labels")
        await self._rollouts.add(status)
        with suppress(TimeoutError):
            async with asyncio.timeout(_RECORDER_SECONDS):
                await self._rollouts.connected.wait()

    async def _planned(self, request: pb.ApplyRolloutRequest) -> pb.RolloutStatus:
        plan, now_ns = request.rollout.spec, clock.now_ns()
        self._check_candidate(plan.candidate)
        status = pb.RolloutStatus(
            rollout_id=new_id(),
            rollout=request.rollout,
            state=pb.ROLLOUT_STATE_RUNNING,
            applied_by=request.author or OPERATOR,
            applied_at=stamp(now_ns),
        )
        for agent in self._agents(plan):
            status.agents.append(await self._agent(agent[0], agent[1], plan.candidate))
        if all(agent.left for agent in status.agents):
            names = ", ".join(agent.agent for agent in status.agents)
            raise InvalidField("spec.candidate", f"every agent is on {plan.candidate} already ({names}); nothing moves")
        note(status, now_ns, "applied", status.applied_by, request.reason)
        enter(status, 0, 0, now_ns)
        return status

    def _check_candidate(self, candidate: str) -> None:
        runtimes = self._snapshot.runtimes
        if candidate not in runtimes:
            raise MeshError(
                reasons.ERROR_REASON_RUNTIME_NOT_FOUND,
                f"spec.candidate: runtime {candidate} is not registered; {nearest(candidate, sorted(runtimes))}",
                field="spec.candidate",
                runtime=candidate,
            )
        known = runtimes[candidate]
        if known.state != registry.RUNTIME_STATE_SERVING:
            why = f" ({known.reason})" if known.reason else ""
            raise MeshError(
                reasons.ERROR_REASON_RUNTIME_UNAVAILABLE,
                f"spec.candidate: runtime {candidate} takes no runs now{why}, and would be left at once; start it "
                f"first (`pal runtime start {candidate}`, `pal status` shows where it stands)",
                field="spec.candidate",
                runtime=candidate,
            )

    def _agents(self, plan: plans.RolloutPlan) -> list[tuple[agents.AgentSpec, int]]:
        """Return the agents of *plan*, each with the place of the first wave that it is in.

        Raises:
            InvalidField: a wave has no agent of its own.
        """
        published = [document.agent for document in self._snapshot.newest(registry.DOCUMENT_KIND_AGENT)]
        published.sort(key=lambda agent: agent.metadata.name)
        taken: dict[str, tuple[agents.AgentSpec, int]] = {}
        for place, wave in enumerate(plan.waves):
            wanted = dict(wave.labels)
            fitting = [agent for agent in published if wanted.items() <= dict(agent.metadata.labels).items()]
            new = [agent for agent in fitting if agent.metadata.name not in taken]
            if not new:
                raise InvalidField(f"spec.waves[{place}].labels", _no_agent(wanted, fitting, published))
            taken.update((agent.metadata.name, (agent, place)) for agent in new)
        return list(taken.values())

    async def _agent(self, agent: agents.AgentSpec, wave: int, candidate: str) -> pb.RolloutAgent:
        name, field = agent.metadata.name, f"spec.waves[{wave}].labels"
        self._rollouts.check_free(name, field)
        _check_fit(agent, self._snapshot.runtimes[candidate], field)
        before = self._before(name, field)
        if not before.stable:
            before.agent, before.stable = name, await self._router.production(name)
        on_it = f"is on {candidate} already" if before.stable == candidate else ""
        return pb.RolloutAgent(
            agent=name, wave=wave, before=before, left=on_it, automatic=agent.spec.runtime.selector == AUTO
        )

    def _before(self, name: str, field: str) -> registry.Route:
        before = registry.Route()
        for route in self._snapshot.routes_of(name):
            if route.agent != name:
                continue
            if route.version_range:
                raise InvalidField(
                    field,
                    f"agent {name} has a route for its versions {route.version_range}, which wins over the one that a "
                    f"rollout changes; give it one route first (`pal route get {name}`)",
                )
            before.CopyFrom(route)
        if before.candidate and before.candidate_basis_points:
            raise MeshError(
                reasons.ERROR_REASON_ROLLOUT_ACTIVE,
                f"{field}: agent {name} has {before.candidate} on trial (revision {before.revision} of its route); end "
                f"the trial first (`pal route rollback {name}`)",
                field=field,
                agent=name,
            )
        return before


def _check_fit(agent: agents.AgentSpec, candidate: registry.RegisteredRuntime, field: str) -> None:
    name, selector = agent.metadata.name, agent.spec.runtime.selector
    if selector not in ("", AUTO):
        raise InvalidField(
            field,
            f"agent {name} names its runtime itself (spec.runtime.selector: {selector}), so that no route moves it; "
            "leave the selector empty",
        )
    if lacking := missing(agent.spec, candidate.capability):
        raise MeshError(
            reasons.ERROR_REASON_CAPABILITY_MISSING,
            f"spec.candidate: runtime {candidate.name} lacks what agent {name} requires: {', '.join(lacking)}; choose "
            "another candidate, or leave the agent out of the waves",
            field="spec.candidate",
            agent=name,
            runtime=candidate.name,
            missing=", ".join(lacking),
        )


def _no_agent(wanted: dict[str, str], fitting: list[agents.AgentSpec], published: list[agents.AgentSpec]) -> str:
    shown = ", ".join(f"{key}: {value}" for key, value in sorted(wanted.items()))
    if fitting:
        names = ", ".join(agent.metadata.name for agent in fitting)
        return f"every agent with {shown} is in an earlier wave ({names}); leave the wave out"
    there = sorted({f"{key}: {value}" for agent in published for key, value in agent.metadata.labels.items()})
    return f"no agent has {shown}; labels of agents are: {', '.join(there) or 'none'}"
