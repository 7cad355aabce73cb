"""Who holds runs, in the memory of one recorder: routers that said so a short while ago."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

from pal.service.v1 import recorder_service_pb2 as pb

# Much longer than any router watches the silence of another.
REMEMBERED_SECONDS = 600.0


class Holds:
    """Counts the beats of each router; nobody's clock decides here who is gone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any."""
        self._clock = clock
        self._holders: dict[str, tuple[pb.Holder, float]] = {}

    def beat(self, holder: str, *, leaving: bool, opened: Sequence[pb.OpenBreaker] = ()) -> list[pb.Holder]:
        """Count a beat of *holder*, and return all who are remembered."""
        now = self._clock()
        # A recorder that was started again does not begin with a number that somebody has seen.
        known, _ = self._holders.get(holder, (pb.Holder(beat=random.getrandbits(48)), now))
        shown = pb.Holder(holder=holder, beat=known.beat + 1, left=leaving, open_breakers=opened)
        self._holders[holder] = (shown, now)
        self._holders = {
            name: (shown, at) for name, (shown, at) in self._holders.items() if at > now - REMEMBERED_SECONDS
        }
        return [shown for shown, _ in self._holders.values()]
