"""Where the runs of an agent go: immutable revisions, changed by compare and swap."""

from __future__ import annotations

import asyncio

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import error_reason_pb2 as reasons
from pal_log.events import now
from pal_registry.catalogue import Catalogue
from pal_registry.documents import PUBLISHER
from pal_registry.feed import Feed
from pal_registry.route_checks import check_route
from pal_registry.runtimes import Runtimes
from pal_registry.store import RegistryStore
from pal_registry.watchers import Watchers
from pal_rpc.errors import InvalidField, MeshError

MAX_WAIT_SECONDS = 60.0
_PAGE, _MAX_PAGE = 50, 200
_NEWEST = 2**62


class Routes:
    """Holds the present revision of every route and keeps all revisions in a store."""

    def __init__(
        self,
        store: RegistryStore,
        feed: Feed,
        catalogue: Catalogue,
        runtimes: Runtimes,
        watchers: Watchers,
        default_runtime: str,
    ) -> None:
        """Load what *store* has; *default_runtime* is the default route until one is set."""
        self._store = store
        self._feed = feed
        self._catalogue = catalogue
        self._runtimes = runtimes
        self._watchers = watchers
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

    async def set(self, request: pb.SetRouteRequest) -> pb.SetRouteResponse:
        """Make a new revision the present one, and wait for those who follow it as long as *request* says.

        Raises:
            MeshError: ROUTE_CHANGED, somebody else set another revision; RUNTIME_NOT_FOUND; AGENT_NOT_FOUND;
                CAPABILITY_MISSING; or a field is wrong.
        """
        wait_seconds = _wait_seconds(request)
        check_route(request.route, self._catalogue, self._runtimes)
        async with self._writing:
            route = self._next(request)
            if request.validate_only:
                return pb.SetRouteResponse(route=route)
            await self._store.add_route(route)
            self._present[route.agent, route.version_range] = route
            position = self._feed.publish(routes=[route])
        followers = await self._watchers.reached(position, wait_seconds) if wait_seconds else ()
        return pb.SetRouteResponse(route=route, acknowledgements=followers)

    async def revisions(self, request: pb.ListRouteRevisionsRequest) -> pb.ListRouteRevisionsResponse:
        """Return a page of the revisions of one route, newest first.

        Raises:
            MeshError: a field is wrong, or the store cannot be read.
        """
        if request.page_size < 0:
            raise InvalidField("page_size", f"cannot be negative, found {request.page_size}")
        if request.page_token and not (request.page_token.isascii() and request.page_token.isdecimal()):
            raise InvalidField("page_token", "is not one of this list; begin with an empty token")
        size = min(request.page_size or _PAGE, _MAX_PAGE)
        before = min(int(request.page_token[:18]), _NEWEST) if request.page_token else _NEWEST
        found = await self._store.revisions(request.agent, request.version_range, before, size + 1)
        token = str(found[size - 1].revision) if len(found) > size else ""
        return pb.ListRouteRevisionsResponse(routes=found[:size], next_page_token=token)

    def _next(self, request: pb.SetRouteRequest) -> pb.Route:
        asked = request.route
        present = self._present.get((asked.agent, asked.version_range), pb.Route())
        if request.HasField("expected_revision") and request.expected_revision != present.revision:
            raise _changed(asked.agent, request.expected_revision, present.revision)
        route = pb.Route()
        route.CopyFrom(asked)
        route.revision = present.revision + 1
        route.author = asked.author or PUBLISHER
        route.created_at.CopyFrom(now())
        if route.candidate and not route.salt:
            kept = present.salt if present.candidate == route.candidate else ""
            route.salt = kept or f"{asked.agent or 'default'}-{route.revision}"
        return route


def _wait_seconds(request: pb.SetRouteRequest) -> float:
    asked = request.acknowledged_within
    seconds = asked.seconds + asked.nanos / 1e9
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise InvalidField("acknowledged_within", f"{seconds:g} s is not within 0 to {MAX_WAIT_SECONDS:g} s")
    return seconds


def _changed(agent: str, expected: int, actual: int) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_ROUTE_CHANGED,
        f"the route of {agent or 'all agents'} is at revision {actual}, not {expected}: somebody changed it; "
        "look at it again, then set it",
        agent=agent,
        expected=expected,
        actual=actual,
    )
