"""Each pair of A' and B beside one of A and A': what the runtime does against what the noise does.

Under "B is exchangeable with A" both differ equally often, whichever inputs they belong to, so that a matched pair in
which one differs and the other does not is a fair coin. Pairs of the same A' are matched where both are there: on the
same input most of the noise is shared. Pairs of different inputs are matched only where the inputs of no two matches
have a run in common: matches are then independent of each other, and each is fair whatever came before.
"""

from __future__ import annotations

from collections import OrderedDict

from pal.v1 import comparison_pb2 as pb


class Matching:
    """Pairs that wait for their counterpart, oldest first."""

    def __init__(self, most: int = 10_000) -> None:
        """Let at most *most* of each kind wait; beyond that the oldest is forgotten."""
        self._most = most
        self._drift: OrderedDict[str, pb.Comparison] = OrderedDict()
        self._runtime: OrderedDict[str, pb.Comparison] = OrderedDict()
        # Runs A' that were matched with another input; what else they show is left out.
        self._spent: OrderedDict[str, None] = OrderedDict()

    def add(self, comparison: pb.Comparison) -> tuple[pb.Comparison, pb.Comparison] | None:
        """Take in a pair; return (runtime, drift) when it completes a match on its own input."""
        of_drift = comparison.pair_kind == pb.PAIR_KIND_DRIFT
        run = _own(comparison)
        if run in self._spent:
            return None
        own, others = (self._drift, self._runtime) if of_drift else (self._runtime, self._drift)
        other = others.pop(run, None)
        if other is not None:
            return (other, comparison) if of_drift else (comparison, other)
        own[run] = comparison
        if len(own) > self._most:
            own.popitem(last=False)
        return None

    def leftovers(self) -> list[tuple[pb.Comparison, pb.Comparison]]:
        """Return (runtime, drift) of different inputs for what still waits, oldest first, and use it up.

        Called once an input has had the time to show both its pairs.
        """
        found = []
        while self._drift and self._runtime:
            _, drift = self._drift.popitem(last=False)
            _, runtime = self._runtime.popitem(last=False)
            for comparison in (drift, runtime):
                self._spent[_own(comparison)] = None
            found.append((runtime, drift))
        while len(self._spent) > self._most:
            self._spent.popitem(last=False)
        return found

    @property
    def waiting(self) -> int:
        """Return how many matches of different inputs could be made."""
        return min(len(self._drift), len(self._runtime))


def _own(comparison: pb.Comparison) -> str:
    """Return the run A' of a pair."""
    return comparison.b.run_id if comparison.pair_kind == pb.PAIR_KIND_DRIFT else comparison.a.run_id
