"""The route of the agent in a drill: switched, put back, and at the end as it was."""

from __future__ import annotations

import dataclasses
import time

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as router_pb
from pal.v1 import common_pb2 as common
from pal.v1 import gameday_pb2 as pb
from pal_gameday.evidence import RolledBack
from pal_gameday.mesh import Mesh
from pal_rpc.route_client import RouteClient

AUTHOR = "gameday"
# What a revision says, without who made it and when.
FIELDS = ("stable", "candidate", "candidate_basis_points", "salt", "stickiness", "fallbacks", "running", "hold")
WHOLE = 10_000
CALL_SECONDS = 20.0
_WITHIN_SECONDS = 10


class Routing:
    """Changes the route of one agent and remembers what it was."""

    def __init__(self, mesh: Mesh, agent: str, drill_id: str) -> None:
        """Change the route of *agent* for *drill_id*."""
        self._mesh = mesh
        self._routes = RouteClient(mesh.registry)
        self._agent = agent
        self._drill_id = drill_id
        self._first = self._before = self._present = registry.Route()
        self._changed_ns = 0
        self.rollbacks: list[RolledBack] = []

    async def remember(self) -> registry.Route:
        """Take in and return the route as it is; an agent without one has what its runs would get now."""
        own = await self._routes.present(self._agent)
        if own.revision:
            self._first = own
        else:
            request = router_pb.PlanRouteRequest(agent=common.SpecSelector(name=self._agent))
            planned = await self._mesh.router.PlanRoute(request, timeout=CALL_SECONDS)
            self._first = registry.Route(agent=self._agent, stable=planned.primary.runtime)
        self._before = self._present = self._first
        return self._first

    async def take_up(self, first: registry.Route) -> bool:
        """Go on for a controller that was lost; *first* is the route before. Tells whether the route is still its."""
        own = await self._routes.present(self._agent)
        self._first, self._present = first, own if own.revision else first
        return bool(own.revision) and (own.author, own.reason) == (AUTHOR, self._reason)

    @property
    def _reason(self) -> str:
        return f"drill {self._drill_id}"

    async def switch(self, route: pb.GameDayRoute) -> str:
        """Make *route* the present one; return what was seen."""
        wanted = registry.Route(
            agent=self._agent,
            stable=route.stable,
            candidate=route.candidate,
            candidate_basis_points=route.candidate_basis_points,
            fallbacks=route.fallbacks,
        )
        return await self._set(wanted)

    async def put_back(self, step_id: str) -> str:
        """Put the route back to what it was before it changed last; return what was seen."""
        left, back, switched_ns = self._present, self._before, self._changed_ns
        ordered_ns = time.time_ns()
        seen = await self._set(back)
        gone = sorted(used(left) - used(back)) or [left.candidate]
        self.rollbacks.append(
            RolledBack(
                step=step_id,
                agent=self._agent,
                left=gone[0],
                back_on=back.stable,
                switched_ns=switched_ns,
                ordered_ns=ordered_ns,
                acknowledged_ns=time.time_ns(),
            )
        )
        return seen

    async def restore(self) -> None:
        """Put the route back to what it was before the drill."""
        if any(getattr(self._present, name) != getattr(self._first, name) for name in FIELDS):
            await self._set(self._first)

    async def _set(self, wanted: registry.Route) -> str:
        route = registry.Route()
        route.CopyFrom(wanted)
        for name in ("revision", "created_at", "running", "mark"):
            route.ClearField(name)
        route.author, route.reason = AUTHOR, self._reason
        if self.rollbacks and not self.rollbacks[-1].until_ns:
            self.rollbacks[-1] = dataclasses.replace(self.rollbacks[-1], until_ns=time.time_ns())
        answer = await self._routes.set(route, self._present.revision, _WITHIN_SECONDS)
        self._before, self._present, self._changed_ns = self._present, answer.route, time.time_ns()
        known = sum(one.acknowledged for one in answer.acknowledgements)
        if not known or known < len(answer.acknowledgements):
            return ""
        return f"revision {answer.route.revision}, followed by {known} router{'' if known == 1 else 's'}"


def used(route: registry.Route) -> set[str]:
    """Return the runtimes that *route* sends new runs to, fallbacks aside."""
    share = route.candidate_basis_points if route.candidate else 0
    return ({route.stable} if share < WHOLE else set()) | ({route.candidate} if share else set())
