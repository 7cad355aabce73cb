"""Differences over many pairs: in how many each was seen, and which pairs show it best."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from pal.v1 import comparison_pb2 as pb

# The kind and the field of a finding.
Sort = tuple[str, str]
_SORTS = 5000
_EXAMPLES = 3


@dataclass
class Sighting:
    """One sort of difference. *examples* holds (events, number, run of A, run of B), the smallest pair first."""

    finding: pb.Finding
    pairs: int = 0
    hard_pairs: int = 0
    examples: list[tuple[int, int, str, str]] = field(default_factory=list)

    def add(self, found: pb.Finding, comparison: pb.Comparison, number: int) -> None:
        """Take in a pair that shows it."""
        events = comparison.a.events + comparison.b.events
        if not self.examples or events < self.examples[0][0] or (found.hard and not self.finding.hard):
            self.finding = found
        self.pairs += 1
        self.hard_pairs += found.hard
        self.examples.append((events, number, comparison.a.run_id, comparison.b.run_id))
        self.examples = heapq.nsmallest(_EXAMPLES, self.examples)


class Sightings:
    """The differences of one kind of pair, in bounded memory."""

    def __init__(self) -> None:
        """Start without any."""
        self.pairs = 0
        self.by_sort: dict[Sort, Sighting] = {}

    def add(self, comparison: pb.Comparison) -> None:
        """Take in a pair."""
        self.pairs += 1
        seen: dict[Sort, pb.Finding] = {}
        for found in comparison.findings:
            sort = found.kind, found.field
            if sort not in seen or (found.hard and not seen[sort].hard):
                seen[sort] = found
        for sort, found in seen.items():
            if sort not in self.by_sort and len(self.by_sort) >= _SORTS:
                continue
            self.by_sort.setdefault(sort, Sighting(found)).add(found, comparison, self.pairs)

    def hard(self) -> dict[Sort, Sighting]:
        """Return what counts at n = 1."""
        return {sort: seen for sort, seen in self.by_sort.items() if seen.hard_pairs}


def top(runtime: Sightings, drift: Sightings, hard: set[Sort], flagged: set[str], most: int) -> list[pb.TopFinding]:
    """Return the differences that decide, then those that the noise of A and A' explains least."""

    def excess(sort: Sort) -> float:
        seen = drift.by_sort.get(sort)
        noise = (seen.pairs if seen else 0) / max(drift.pairs, 1)
        return runtime.by_sort[sort].pairs / max(runtime.pairs, 1) - noise

    ranked = sorted(runtime.by_sort, key=lambda sort: (sort not in hard, sort[1] not in flagged, -excess(sort), sort))
    return [_top(sort, runtime, drift, sort in hard) for sort in ranked[:most]]


def _top(sort: Sort, runtime: Sightings, drift: Sightings, hard: bool) -> pb.TopFinding:
    seen, noise = runtime.by_sort[sort], drift.by_sort.get(sort)
    finding = pb.Finding()
    finding.CopyFrom(seen.finding)
    finding.hard = hard
    return pb.TopFinding(
        finding=finding,
        pairs=seen.pairs,
        pairs_compared=runtime.pairs,
        drift_pairs=noise.pairs if noise else 0,
        drift_compared=drift.pairs,
        examples=[pb.RunPair(run_a=a, run_b=b, events=events) for events, _, a, b in seen.examples],
    )
