"""Each pair of A' and B beside one of A and A': what the runtime does against what the noise does.

Under "B is exchangeable with A" both differ equally often, whichever inputs they belong to, so that a matched pair in
which one differs and the other does not is a fair coin. Pairs of the same A' are matched where both are there: on the
same input most of the noise is shared.
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
        self._count = 0

    def add(self, comparison: pb.Comparison) -> tuple[pb.Comparison, pb.Comparison] | None:
        """Take in a pair; return (runtime, drift) when it completes a match."""
        self._count += 1
        of_drift = comparison.pair_kind == pb.PAIR_KIND_DRIFT
        run = comparison.b.run_id if of_drift else comparison.a.run_id
        own, others = (self._drift, self._runtime) if of_drift else (self._runtime, self._drift)
        other = others.pop(run, None)
        if other is None and others:
            _, other = others.popitem(last=False)
        if other is not None:
            return (other, comparison) if of_drift else (comparison, other)
        own[run if run not in own else f"{run}#{self._count}"] = comparison
        if len(own) > self._most:
            own.popitem(last=False)
        return None
