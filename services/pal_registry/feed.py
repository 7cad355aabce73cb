"""Changes for whoever watches: bounded, because a watcher that falls behind begins anew with the whole state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable

from pal.service.v1 import registry_service_pb2 as pb

_MAX_BEHIND = 256
# Half of the largest message; a single document is at most a quarter of it.
_MAX_PART_BYTES = 2 * 1024 * 1024


class _Watcher:
    """What one watcher has not seen yet."""

    def __init__(self) -> None:
        self.changes: list[pb.RegistryServiceWatchResponse] = []
        self.behind = True
        self.woken = asyncio.Event()

    def take(self, change: pb.RegistryServiceWatchResponse) -> None:
        self.behind = self.behind or len(self.changes) >= _MAX_BEHIND
        if self.behind:
            self.changes.clear()
        else:
            self.changes.append(change)
        self.woken.set()


class Feed:
    """Hands every change to every watcher."""

    def __init__(self) -> None:
        """Begin without watchers."""
        self._watchers: set[_Watcher] = set()
        self._closed = False
        # Counts changes, and begins above whatever an earlier life of the registry counted.
        self._position = time.time_ns() // 1000

    def publish(
        self,
        *,
        documents: Iterable[pb.Document] = (),
        runtimes: Iterable[pb.RegisteredRuntime] = (),
        routes: Iterable[pb.Route] = (),
        faults: pb.FaultSet | None = None,
    ) -> int:
        """Tell every watcher and return the position of the state with this change; never waits."""
        self._position += 1
        change = pb.RegistryServiceWatchResponse(
            documents=documents, runtimes=runtimes, routes=routes, faults=faults, position=self._position
        )
        for watcher in self._watchers:
            watcher.take(change)
        return self._position

    async def follow(
        self, state: Callable[[], pb.RegistryServiceWatchResponse]
    ) -> AsyncGenerator[pb.RegistryServiceWatchResponse, None]:
        """Yield the whole *state*, then every change, until the feed is closed."""
        watcher = _Watcher()
        watcher.woken.set()
        self._watchers.add(watcher)
        try:
            while not self._closed:
                await watcher.woken.wait()
                watcher.woken.clear()
                changes, watcher.changes = watcher.changes, []
                if watcher.behind:
                    watcher.behind = False
                    changes = parts(state())
                    changes[-1].position = self._position
                for change in changes:
                    yield change
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        for watcher in self._watchers:
            watcher.woken.set()


def parts(state: pb.RegistryServiceWatchResponse) -> list[pb.RegistryServiceWatchResponse]:
    """Return *state* in messages that fit the wire: one, unless it is larger than 2 MiB.

    The first part is the snapshot, with all runtimes, routes and faults; documents beyond it follow as changes.
    """
    faults = state.faults if state.HasField("faults") else None
    split = [
        pb.RegistryServiceWatchResponse(snapshot=True, runtimes=state.runtimes, routes=state.routes, faults=faults)
    ]
    size_bytes = split[0].ByteSize()
    for document in state.documents:
        size_bytes += document.ByteSize()
        if size_bytes > _MAX_PART_BYTES and split[-1].documents:
            split.append(pb.RegistryServiceWatchResponse())
            size_bytes = document.ByteSize()
        split[-1].documents.append(document)
    return split
