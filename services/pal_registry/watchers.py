"""Who follows the registry, and how far each of them has got."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from pal.service.v1 import registry_service_pb2 as pb
from pal_registry.store import RegistryStore
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.snapshot import SEAM

MAX_NAME_CHARACTERS = 128
# A place has one life at a time: what comes before this in a name is the place, for those who have one.
_SEPARATOR = "/"
# A watcher that was lost goes by what it knew, so it counts for this long, unless it said that it leaves.
REMEMBERED_SECONDS = 60.0
# Seams, and where no names were kept routers, that were there before the registry come back within this time.
SETTLING_SECONDS = 2.0


@dataclass
class _Watcher:
    """What is known of one that acknowledges."""

    watches: int = 0
    position: int = 0
    seen_seconds: float = 0.0


class Watchers:
    """Counts those that acknowledge what they follow, and waits for them.

    The name of a router is kept before it is told anything, so that whoever may go by what an earlier life of the
    registry told is known to the next one, and counts there as one that was lost until it is back. The names of seams
    are not: no fault outlives the registry, so none of them goes by one.
    """

    def __init__(self, store: RegistryStore, settling_seconds: float = SETTLING_SECONDS) -> None:
        """Know those that *store* knows; where it knows nobody, wait *settling_seconds* for some to come."""
        self._store = store
        self._kept = sorted(store.watchers())
        self._by_name = {name: _Watcher(seen_seconds=time.time()) for name in self._kept}
        # When they said that they leave: what of them comes late has been overtaken by that.
        self._gone: dict[str, float] = {}
        self._changed = asyncio.Condition()
        self._keeping = asyncio.Lock()
        self._settled_seams = time.monotonic() + settling_seconds
        self._settled = time.monotonic() if self._kept else self._settled_seams

    async def joined(self, name: str) -> None:
        """Take in that *name* watches; whoever was lost at the same place is gone for good.

        Raises:
            MeshError: STORE_UNAVAILABLE; its name could not be kept, so it must not be told anything.
        """
        place = name.rpartition(_SEPARATOR)[0]
        for other in [other for other, known in self._by_name.items() if not known.watches and other != name]:
            if place and other.rpartition(_SEPARATOR)[0] == place:
                del self._by_name[other]
        if name in self._gone:
            return
        watcher = self._by_name.setdefault(name, _Watcher())
        watcher.watches += 1
        watcher.seen_seconds = time.time()
        await self._keep()

    async def left(self, name: str) -> None:
        """Take in that a watch of *name* has ended."""
        if (watcher := self._by_name.get(name)) is not None:
            watcher.watches -= 1
            watcher.seen_seconds = time.time()
            await self._tell()

    async def acknowledge(self, name: str, position: int) -> None:
        """Take in how far *name* has got; 0 means that it leaves for good.

        Raises:
            InvalidField: there is no name, or the position is negative.
        """
        check_name(name)
        if not name:
            raise InvalidField("watcher", "missing; it is the name that Watch was called with")
        if position < 0:
            raise InvalidField("position", f"cannot be negative, found {position}")
        if position == 0:
            self._by_name.pop(name, None)
            self._forget_gone()
            self._gone[name] = time.monotonic()
            # Kept too long, it counts as lost for a while; that is what it would be if it had not said that it leaves.
            with suppress(MeshError):
                await self._keep()
        elif name not in self._gone:
            watcher = self._by_name.setdefault(name, _Watcher())
            watcher.position = max(watcher.position, position)
            watcher.seen_seconds = time.time()
        await self._tell()

    async def reached(
        self, position: int, timeout_seconds: float, *, seams: bool = False
    ) -> list[pb.RouteAcknowledgement]:
        """Wait until every router has reached *position*, no longer than *timeout_seconds*; return how it stands then.

        With *seams* wait for them as well.
        """
        until = time.monotonic() + timeout_seconds
        self._forget()
        with suppress(MeshError):
            await self._keep()
        settled = self._settled_seams if seams else self._settled
        while (now := time.monotonic()) < until:
            if now >= settled and all(one.acknowledged for one in self._standing(position, seams=seams)):
                break
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + _next(now, until, settled)):
                    async with self._changed:
                        await self._changed.wait()
            except TimeoutError:
                continue
        return self._standing(position, seams=seams)

    def _standing(self, position: int, *, seams: bool) -> list[pb.RouteAcknowledgement]:
        self._forget()
        return [
            self._shown(name, watcher, position)
            for name, watcher in sorted(self._by_name.items())
            if seams or not name.startswith(SEAM)
        ]

    def _shown(self, name: str, watcher: _Watcher, position: int) -> pb.RouteAcknowledgement:
        shown = pb.RouteAcknowledgement(
            watcher=name, acknowledged=watcher.position >= position, connected=watcher.watches > 0
        )
        shown.last_seen_at.FromNanoseconds(int(watcher.seen_seconds * 1e9))
        return shown

    def _forget_gone(self) -> None:
        until = time.monotonic() - REMEMBERED_SECONDS
        for name in [name for name, left in self._gone.items() if left < until]:
            del self._gone[name]

    def _forget(self) -> None:
        forgotten = time.time() - REMEMBERED_SECONDS
        for name, watcher in list(self._by_name.items()):
            if not watcher.watches and watcher.seen_seconds < forgotten:
                del self._by_name[name]

    async def _keep(self) -> None:
        async with self._keeping:
            names = sorted(name for name in self._by_name if not name.startswith(SEAM))
            if names != self._kept:
                await self._store.put_watchers(names)
                self._kept = names

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def check_name(name: str) -> None:
    """Check the name that a watcher gives itself.

    Raises:
        InvalidField: it is too long.
    """
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidField("watcher", f"longer than {MAX_NAME_CHARACTERS} characters; a UUID is enough")


def _next(now: float, until: float, settled: float) -> float:
    return min(until, settled) - now if now < settled else until - now
