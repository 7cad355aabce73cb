"""Where documents and routes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pal.service.v1 import registry_service_pb2 as pb


class RegistryStore(Protocol):
    """Keeps documents, revisions of routes, and who follows them; what a write returns from is durable.

    Raises (every write):
        MeshError: STORE_UNAVAILABLE; nothing of the write was kept.
    """

    def documents(self) -> list[pb.Document]:
        """Return every document, withdrawn ones included."""

    def routes(self) -> list[pb.Route]:
        """Return the newest revision of every route."""

    async def revisions(self, agent: str, version_range: str, before: int, most: int) -> list[pb.Route]:
        """Return the newest revisions of one route below *before*, at most *most* of them, newest first.

        Raises:
            MeshError: STORE_UNAVAILABLE.
        """

    async def put_documents(self, documents: Sequence[pb.Document]) -> None:
        """Insert or replace all of *documents* or none."""

    async def add_route(self, route: pb.Route) -> None:
        """Insert a revision."""

    def watchers(self) -> list[str]:
        """Return the names that were put last."""

    async def put_watchers(self, names: Sequence[str]) -> None:
        """Have *names* take the place of those that were put before, all or none."""

    async def close(self) -> None:
        """Release everything."""
