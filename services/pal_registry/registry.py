"""Documents, runtimes and routes together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from pal.service.v1 import registry_service_pb2 as pb
from pal_registry.catalogue import Catalogue
from pal_registry.faults import Faults
from pal_registry.feed import Feed
from pal_registry.routes import Routes
from pal_registry.runtimes import Runtimes
from pal_registry.store import RegistryStore
from pal_registry.watchers import SETTLING_SECONDS, Watchers, check_name


class Registry:
    """What a registry knows, over one store and one feed."""

    def __init__(
        self,
        store: RegistryStore,
        default_runtime: str,
        *,
        drills: bool = False,
        settling_seconds: float = SETTLING_SECONDS,
    ) -> None:
        """Load what *store* has; faults are taken only with *drills*.

        Where *store* knows of no routers, those that were there before have *settling_seconds* to come back.
        """
        self._feed = Feed()
        self.catalogue = Catalogue(store, self._feed)
        self.runtimes = Runtimes(self.catalogue, self._feed)
        self.watchers = Watchers(store, settling_seconds)
        self.faults = Faults(self._feed, self.watchers, allowed=drills)
        self.routes = Routes(store, self._feed, self.catalogue, self.runtimes, self.watchers, default_runtime)

    async def apply(self, request: pb.ApplyRequest) -> list[pb.AppliedDocument]:
        """Publish documents; a new declaration narrows its runtimes at once."""
        applied = await self.catalogue.apply(request)
        self.runtimes.declarations_changed()
        return applied

    async def bring(self, request: pb.ImportDocumentsRequest) -> list[pb.AppliedDocument]:
        """Publish documents of another mesh; a declaration narrows its runtimes at once."""
        applied = await self.catalogue.bring(request)
        self.runtimes.declarations_changed()
        return applied

    async def withdraw(self, request: pb.DeleteDocumentRequest) -> pb.Document:
        """Withdraw a document; runtimes are narrowed by what is left."""
        document = await self.catalogue.withdraw(request.kind, request.name, request.version)
        self.runtimes.declarations_changed()
        return document

    async def watch(self, watcher: str) -> AsyncGenerator[pb.RegistryServiceWatchResponse, None]:
        """Yield the whole state, then every change, until the registry is closed; a named *watcher* acknowledges it.

        Raises:
            InvalidField: the name is too long.
            MeshError: STORE_UNAVAILABLE; the name could not be kept.
        """
        check_name(watcher)
        try:
            if watcher:
                await self.watchers.joined(watcher)
            async with contextlib.aclosing(self._feed.follow(self._state)) as changes:
                async for change in changes:
                    yield change
        finally:
            if watcher:
                await self.watchers.left(watcher)

    def close(self) -> None:
        """End every watch and every timer."""
        self._feed.close()
        self.runtimes.close()
        self.faults.close()

    def _state(self) -> pb.RegistryServiceWatchResponse:
        return pb.RegistryServiceWatchResponse(
            documents=self.catalogue.all(),
            runtimes=self.runtimes.all(),
            routes=self.routes.all(),
            faults=self.faults.all(),
            snapshot=True,
        )
