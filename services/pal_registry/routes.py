"""Where the runs of an agent go: immutable revisions, changed by compare and swap."""

from __future__ import annotations

import asyncio

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_log.events import now
from pal_registry.catalogue import Catalogue
from pal_registry.documents import PUBLISHER
from pal_registry.feed import Feed
from pal_registry.names import problem_with_range
from pal_registry.runtimes import Runtimes
from pal_registry.store import RegistryStore
from pal_registry.words import nearest
from pal_rpc.errors import InvalidField, MeshError


class Routes:
    """Holds the present revision of every route and keeps all revisions in a store."""

    def __init__(
        self, store: RegistryStore, feed: Feed, catalogue: Catalogue, runtimes: Runtimes, default_runtime: str
    ) -> None:
        """Load what *store* has; *default_runtime* is the default route until one is set."""
        self._store = store
        self._feed = feed
        self._catalogue = catalogue
        self._runtimes = runtimes
        # What is decided by the present revision holds until the next one is written.
        self._writing = asyncio.Lock()
        default = pb.Route(stable=default_runtime)
        self._present = {(route.agent, route.version_range): route for route in (default, *store.routes())}

    def all(self) -> list[pb.Route]:
        """Return the routes in force, the default among them."""
        return list(self._present.values())

    def of(self, agent: str) -> list[pb.Route]:
        """Return the routes in force of *agent*, the default for an empty name."""
        return [route for route in self._present.values() if route.agent == agent]

    async def set(self, request: pb.SetRouteRequest) -> pb.Route:
        """Make a new revision the present one and return it.

        Raises:
            MeshError: ROUTE_CHANGED, somebody else set another revision; RUNTIME_NOT_FOUND; AGENT_NOT_FOUND; or a
                field is wrong.
        """
        self._check(request.route)
        async with self._writing:
            route = self._next(request)
            await self._store.add_route(route)
            self._present[route.agent, route.version_range] = route
        self._feed.publish(routes=[route])
        return route

    def _next(self, request: pb.SetRouteRequest) -> pb.Route:
        asked = request.route
        present = self._present.get((asked.agent, asked.version_range), pb.Route())
        if request.HasField("expected_revision") and request.expected_revision != present.revision:
            raise _changed(asked.agent, request.expected_revision, present.revision)
        return pb.Route(
            agent=asked.agent,
            version_range=asked.version_range,
            revision=present.revision + 1,
            stable=asked.stable,
            author=asked.author or PUBLISHER,
            reason=asked.reason,
            created_at=now(),
        )

    def _check(self, route: pb.Route) -> None:
        if problem := problem_with_range(route.version_range):
            raise InvalidField("route.version_range", problem)
        if route.version_range and not route.agent:
            raise InvalidField("route.version_range", "the default is for all versions of all agents; leave it empty")
        if route.agent and not self._catalogue.has(pb.DOCUMENT_KIND_AGENT, route.agent):
            raise _unknown("agent", route.agent, self._catalogue.names(pb.DOCUMENT_KIND_AGENT))
        if not route.stable:
            raise InvalidField("route.stable", "missing; name the runtime that runs go to")
        known = self._runtimes.names() | set(self._catalogue.names(pb.DOCUMENT_KIND_RUNTIME))
        if route.stable not in known:
            raise _unknown("runtime", route.stable, sorted(known))


def _unknown(word: str, name: str, names: list[str]) -> MeshError:
    reason = {"agent": reasons.ERROR_REASON_AGENT_NOT_FOUND, "runtime": reasons.ERROR_REASON_RUNTIME_NOT_FOUND}[word]
    meant = nearest(name, names)
    there = ", ".join(names) or "none"
    advice = f"did you mean {meant}?" if meant else f"there are: {there}"
    return MeshError(reason, f"{word} {name} not found: {advice}", **{word: name}, nearest=meant)


def _changed(agent: str, expected: int, actual: int) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_ROUTE_CHANGED,
        f"the route of {agent or 'all agents'} is at revision {actual}, not {expected}: somebody changed it; "
        "look at it again, then set it",
        agent=agent,
        expected=expected,
        actual=actual,
    )
