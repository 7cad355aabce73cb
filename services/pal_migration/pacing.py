"""How fast shadow runs begin: at a pace that falls as the machine gets busier, so that live runs keep it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError

T = TypeVar("T")
PAUSES_SECONDS = (0.2, 0.5, 1, 2, 4, 8, 15, 30)
AGAIN = frozenset(
    {
        reasons.ERROR_REASON_OVERLOADED,
        reasons.ERROR_REASON_ROUTER_UNAVAILABLE,
        reasons.ERROR_REASON_RUNTIME_UNAVAILABLE,
        reasons.ERROR_REASON_RECORDER_UNAVAILABLE,
        reasons.ERROR_REASON_STORE_UNAVAILABLE,
    }
)


def load_per_core() -> float:
    """Return how many processes want each core, over the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Return what *ask* gives; a peer that cannot be reached is asked again for about a minute.

    Raises:
        MeshError: what *ask* raises.
    """
    for pause in PAUSES_SECONDS:
        try:
            return await ask()
        except MeshError as error:
            if error.reason not in AGAIN:
                raise
        await asyncio.sleep(pause)
    return await ask()


class Pace:
    """Lets one after the other begin."""

    def __init__(
        self,
        runs_per_second: float,
        load: Callable[[], float] = load_per_core,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let *runs_per_second* begin at most, and fewer while *load* is above 1."""
        self._gap_seconds = 1 / runs_per_second
        self._load = load
        self._clock = clock
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the next turn."""
        begins = max(self._next, self._clock())
        self._next = begins + self._gap_seconds * max(self._load(), 1.0)
        await asyncio.sleep(begins - self._clock())
