"""Which routers are there: each says so about twice a second, and each watches the others by its own clock."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import grpc

from pal.service.v1 import recorder_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal_log.events import new_id
from pal_router.breaker_news import BreakerNews
from pal_rpc.identity import bearer

BEAT_SECONDS = 0.5
# A router whose beat stands still for so long has lost its runs.
SILENCE_SECONDS = 2.5
# Whoever has not looked for so long does not know what happened meanwhile, and begins to watch anew.
BLIND_SECONDS = 1.5
_REMEMBERED_SECONDS = 600.0
_CALL_SECONDS = 1.0
_SEPARATOR = "/"


def life_of(address: str) -> str:
    """Return a new identifier for a life of the router at *address*; lives at one place have the same beginning.

    An address is one process's at a time, so whoever has it knows that every earlier life there is over.
    """
    if address.endswith(":0"):
        return new_id()
    place = hashlib.sha256(f"{socket.gethostname()}{_SEPARATOR}{address}".encode()).hexdigest()[:16]
    return f"{place}{_SEPARATOR}{new_id()}"


class Beats:
    """What one router has seen of the others. No clock but its own counts, so it does not matter what theirs say."""

    def __init__(self, own: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Watch as *own*."""
        self.own = own
        self._place = own.rpartition(_SEPARATOR)[0]
        self._clock = clock
        self._seen: dict[str, tuple[int, float]] = {}
        self._left: set[str] = set()
        self._since = self._looked_at = -BLIND_SECONDS

    def look(self, holders: Iterable[pb.Holder]) -> list[pb.Holder]:
        """Take what the recorder says now; return those others that were seen to be alive between two looks."""
        now = self._clock()
        if now - self._looked_at >= BLIND_SECONDS:
            self._since = now
        self._looked_at = now
        self._left = {holder.holder for holder in holders if holder.left}
        alive = []
        for holder in holders:
            known, _ = self._seen.get(holder.holder, (None, 0.0))
            if known != holder.beat:
                self._seen[holder.holder] = (holder.beat, now)
                if known is not None and holder.holder != self.own and not holder.left:
                    alive.append(holder)
        # Who is not named was seen all the same: a recorder that was started again has forgotten everybody.
        self._seen = {name: seen for name, seen in self._seen.items() if seen[1] > now - _REMEMBERED_SECONDS}
        return alive

    def gone(self, holder: str) -> bool:
        """Tell whether the runs of *holder* are free, as far as the last look goes."""
        if holder == self.own:
            return False
        if holder in self._left or (self._place and holder.startswith(f"{self._place}{_SEPARATOR}")):
            return True
        _, seen_at = self._seen.get(holder, (0, self._since))
        return self._looked_at - max(seen_at, self._since) >= SILENCE_SECONDS

    @property
    def silent(self) -> frozenset[str]:
        """Whoever is gone of those that were there a while ago."""
        return frozenset(holder for holder in self._seen if self.gone(holder))

    @property
    def informed(self) -> bool:
        """Whether the watch lasts long enough to tell who is gone of all."""
        return self._looked_at - self._since >= SILENCE_SECONDS


class Holding:
    """Keeps the hold of this router on its runs, and knows whose runs are free."""

    def __init__(self, stub: rpc.RecorderServiceStub, token: str, own: str, news: BreakerNews) -> None:
        """Say through *stub* that the life *own* is there, proving with the service *token* that it is a router.

        What routers tell each other with that is *news*.
        """
        self.beats = Beats(own)
        self._breakers = news
        self._stub = stub
        self._metadata = bearer(token)
        self._news = asyncio.Event()

    @property
    def own(self) -> str:
        """This life of the router."""
        return self.beats.own

    async def keep(self) -> None:
        """Hold on, for ever."""
        while True:
            before = (self.beats.silent, self.beats.informed)
            # A recorder that does not answer now is asked again.
            with suppress(grpc.aio.AioRpcError):
                await self._beat()
            if (self.beats.silent, self.beats.informed) != before:
                self._news.set()
            await asyncio.sleep(BEAT_SECONDS)

    async def leave(self) -> None:
        """Let go: what is still open is free for others."""
        with suppress(grpc.aio.AioRpcError):
            await self._beat(leaving=True)

    async def news(self, timeout_seconds: float) -> None:
        """Return once somebody may have gone, or when time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._news.wait()
        self._news.clear()

    async def _beat(self, *, leaving: bool = False) -> None:
        request = pb.HoldRequest(holder=self.own, leaving=leaving, open_breakers=self._breakers.told())
        response = await self._stub.Hold(request, timeout=_CALL_SECONDS, metadata=self._metadata)
        for holder in self.beats.look(response.holders):
            self._breakers.hear(holder.holder, holder.open_breakers)
        self._breakers.forget(holder.holder for holder in response.holders)
