"""How a rollout acts. What is to be done is kept first and done then, so that nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pal.service.v1 import migration_service_pb2 as migration
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import rollout_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import rollout_pb2 as plans
from pal_log import clock
from pal_migration.rollouts.holding import Rollouts
from pal_migration.shadows import Shadows
from pal_migration.starting import Starting
from pal_rollout.changes import here, note, pause
from pal_rollout.machine import CONCLUDING, RUNNING
from pal_rollout.plan import sample_ppm
from pal_rollout.routes import GOING_BACK, differs, known, wanted
from pal_rpc import kill_points
from pal_rpc.errors import MeshError
from pal_rpc.route_client import RouteClient

# How long routers are waited for. On the way forth not for long: whoever wants to go back waits behind it.
_FORTH_SECONDS, _BACK_SECONDS = 2, 10
# Of a reason; a route may have a few more.
_MOST_CHARACTERS = 500


class Acting:
    """Sets routes and begins and ends shadows."""

    def __init__(
        self,
        rollouts: Rollouts,
        routes: RouteClient,
        shadows: Shadows,
        starting: Starting,
    ) -> None:
        """Act on these; *rollouts* keeps what is to be done."""
        self._rollouts = rollouts
        self._routes = routes
        self._shadows = shadows
        self._starting = starting

    async def place(self, status: pb.RolloutStatus, routes: Mapping[str, registry.Route]) -> None:
        """Note that *routes* are to be set, by agent, and set them.

        Raises:
            MeshError: it could not be kept, or the registry is away; :meth:`settle` goes on.
        """
        for agent in status.agents:
            if agent.agent in routes:
                status.acts += 1
                self._note(status, agent, routes[agent.agent])
        self._rollouts.touch(status)
        kill_points.reached("rollout.before")
        await self._rollouts.keep()
        kill_points.reached("rollout.noted")
        await self._each(status, list(routes))

    async def settle(self, status: pb.RolloutStatus, agents: Sequence[str]) -> None:
        """Find out whether what was noted for *agents* was done, and do it where it was not.

        Raises:
            MeshError: as in :meth:`place`.
        """
        await self._rollouts.keep()
        await self._each(status, agents)

    async def begin_shadows(self, status: pb.RolloutStatus, agents: Sequence[str]) -> None:
        """Shadow *agents*; a shadow that goes already is taken as it is, and not ended afterwards.

        Raises:
            MeshError: a shadow cannot begin.
        """
        candidate = status.rollout.spec.candidate
        due = [agent for agent in status.agents if agent.agent in agents]
        for agent in due:
            agent.own_shadow = agent.own_shadow or self._shadows.going(agent.agent, candidate) is None
        self._rollouts.touch(status)
        await self._rollouts.keep()
        kill_points.reached("rollout.shadow")
        asked_for = status.rollout.spec.waves[status.wave].steps[0].shadow
        for agent in due:
            going = self._shadows.going(agent.agent, candidate)
            shadow = (
                going.shadow if going and not agent.own_shadow else await self._begun(agent.agent, candidate, asked_for)
            )
            agent.shadow_id = shadow.shadow_id
            note(status, clock.now_ns(), f"shadow of {agent.agent} on {candidate}", reason="; ".join(shadow.warnings))
        self._rollouts.touch(status)

    async def end_shadows(self, status: pb.RolloutStatus, agents: Sequence[str]) -> None:
        """End the shadows of *agents* that the rollout began, and forget the others."""
        for agent in status.agents:
            if agent.agent not in agents:
                continue
            if agent.own_shadow:
                await self._shadows.stop(migration.ShadowSelector(shadow_id=agent.shadow_id))
                note(status, clock.now_ns(), f"shadow of {agent.agent} ended")
            agent.shadow_id, agent.own_shadow = "", False
        self._rollouts.touch(status)

    async def _begun(self, agent: str, candidate: str, asked_for: plans.RolloutShadow) -> migration.Shadow:
        asked = migration.ShadowPlan(
            agent=agent,
            candidate=candidate,
            sample_ppm=sample_ppm(asked_for),
            max_runs_per_day=asked_for.max_runs_per_day,
            # The plan names the agent, whatever its tier is.
            any_tier=True,
        )
        return await self._starting.start(asked)

    def _note(self, status: pb.RolloutStatus, agent: pb.RolloutAgent, route: registry.Route) -> None:
        mark = f"{status.rollout_id}/{status.acts}"
        placing = pb.RolloutPlacing(mark=mark, route=route, expected_revision=known(agent).revision)
        placing.route.mark = mark
        placing.route.agent, placing.route.author = agent.agent, f"rollout {status.rollout.metadata.name}"
        placing.route.reason = _what(status)[:_MOST_CHARACTERS]
        agent.placing.CopyFrom(placing)

    async def _each(self, status: pb.RolloutStatus, agents: Sequence[str]) -> None:
        """Settle all of *agents* at once: the way back of many takes as long as that of one."""
        due = [agent for agent in status.agents if agent.agent in agents and agent.HasField("placing")]
        ends = await asyncio.gather(*(self._set(status, agent) for agent in due), return_exceptions=True)
        self._rollouts.touch(status)
        await self._rollouts.keep()
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _set(self, status: pb.RolloutStatus, agent: pb.RolloutAgent) -> None:
        placing = agent.placing
        present = await self._routes.present(agent.agent)
        if present.mark == placing.mark:
            self._done(status, agent, present, ())
        elif present.revision != placing.expected_revision or _outdated(status, agent):
            # Whoever decides next sees the other revision, or that it is time to go back.
            agent.ClearField("placing")
        else:
            try:
                within_seconds = _BACK_SECONDS if status.state in GOING_BACK else _FORTH_SECONDS
                answer = await self._routes.set(placing.route, placing.expected_revision, within_seconds)
            except MeshError as refused:
                self._refused(status, agent, refused)
                return
            kill_points.reached("rollout.set")
            self._done(status, agent, answer.route, answer.acknowledgements)

    def _done(
        self,
        status: pb.RolloutStatus,
        agent: pb.RolloutAgent,
        route: registry.Route,
        told: Sequence[registry.RouteAcknowledgement],
    ) -> None:
        agent.present.CopyFrom(route)
        del agent.unacknowledged[:]
        agent.unacknowledged.extend(one.watcher for one in told if not one.acknowledged)
        agent.ClearField("placing")
        # What another revision drew.
        agent.counts.to_candidate = agent.counts.to_stable = 0
        self._rollouts.wake.set()
        followed = _followers(told)
        note(status, clock.now_ns(), f"route of {agent.agent}: revision {route.revision}, {_shares(route)}{followed}")

    def _refused(self, status: pb.RolloutStatus, agent: pb.RolloutAgent, error: MeshError) -> None:
        if error.reason == reasons.ERROR_REASON_REGISTRY_UNAVAILABLE:
            raise error
        agent.ClearField("placing")
        if error.reason == reasons.ERROR_REASON_ROUTE_CHANGED:
            # The snapshot will tell who did.
            return
        if status.state == RUNNING:
            pause(status, clock.now_ns(), reason=f"the route of {agent.agent} cannot be set: {error.message}")
            return
        agent.left = f"its route could not be set: {error.message}"
        note(status, clock.now_ns(), f"{agent.agent} is left: {agent.left}")


def _what(status: pb.RolloutStatus) -> str:
    if status.state in GOING_BACK:
        return f"back to what was before the rollout: {status.reason}"
    return "the candidate is the runtime of record" if status.state == CONCLUDING else f"step {here(status)}"


def _outdated(status: pb.RolloutStatus, agent: pb.RolloutAgent) -> bool:
    """Tell whether something else is wanted of *agent* by now: the rollout was aborted after its route was noted."""
    route = wanted(status, agent)
    return route is None or differs(route, agent.placing.route)


def _shares(route: registry.Route) -> str:
    if not route.candidate:
        return f"{route.stable} 100 %"
    share = route.candidate_basis_points / 100
    return f"{route.stable} {100 - share:g} %, {route.candidate} {share:g} %"


def _followers(told: Sequence[registry.RouteAcknowledgement]) -> str:
    if not told:
        return ""
    following = sum(one.acknowledged for one in told)
    late = ", ".join(one.watcher for one in told if not one.acknowledged)
    routers = "1 router" if following == 1 else f"{following} routers"
    return f", followed by {routers}" + (f", not yet by {late}" if late else "")
