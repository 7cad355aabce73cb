"""What routers tell each other of their breakers: with each beat, so that all know of one within a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pal.service.v1 import recorder_service_pb2 as pb
from pal_router.breakers import Breakers

# More are no news of a runtime, but of the whole mesh.
MAX_TOLD = 200


class BreakerNews:
    """Passes on what this router has opened, and takes in what others have."""

    def __init__(self, breakers: Breakers) -> None:
        """Tell of *breakers*."""
        self._breakers = breakers
        # The openings of each router that were heard of, by agent and runtime.
        self._heard: dict[str, dict[tuple[str, str], int]] = {}

    def told(self) -> Sequence[pb.OpenBreaker]:
        """Return what the others are to know."""
        return self._breakers.opened()[:MAX_TOLD]

    def hear(self, holder: str, opened: Iterable[pb.OpenBreaker]) -> None:
        """Take in everything that another router has opened and not closed yet."""
        before, now = self._heard.get(holder, {}), {(one.agent, one.runtime): one for one in opened}
        for agent, runtime in before.keys() - now.keys():
            self._breakers.close(agent, runtime, holder)
        for place, one in now.items():
            if before.get(place) != one.opening:
                self._breakers.open(one, holder)
        self._heard[holder] = {place: one.opening for place, one in now.items()}

    def forget(self, known: Iterable[str]) -> None:
        """Keep nothing of routers that are not *known* any more."""
        self._heard = {holder: self._heard[holder] for holder in known if holder in self._heard}
