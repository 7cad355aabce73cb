"""What a comparison has found: every difference counted, the first of each sort kept."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pal.v1 import comparison_pb2 as pb
from pal_diff.values import line

STRUCTURE, EFFECTS, VALUES = pb.COMPARISON_TIER_STRUCTURE, pb.COMPARISON_TIER_EFFECTS, pb.COMPARISON_TIER_VALUES
ORDER, TEXT = pb.COMPARISON_TIER_ORDER, pb.COMPARISON_TIER_TEXT
SUCCESS, COST, LATENCY = pb.COMPARISON_TIER_SUCCESS, pb.COMPARISON_TIER_COST, pb.COMPARISON_TIER_LATENCY
TIERS = (STRUCTURE, EFFECTS, VALUES, ORDER, TEXT, SUCCESS, COST, LATENCY)


class Findings:
    """Collects differences within fixed memory."""

    def __init__(self, most: int, most_fields: int) -> None:
        """Keep at most *most* hard and as many soft ones, and *most_fields* tallies."""
        self._most, self._most_fields = most, most_fields
        self._kept: dict[bool, list[pb.Finding]] = {True: [], False: []}
        self._counts: Counter[tuple[pb.ComparisonTier, bool]] = Counter()
        self._compared: Counter[pb.ComparisonTier] = Counter()
        self._fields: dict[tuple[pb.ComparisonTier, str], list[int]] = {}
        self.remarks: dict[str, None] = {}
        self.truncated = False

    def add(
        self, tier: pb.ComparisonTier, kind: str, *, hard: bool = False, a: Any = "", b: Any = "", **rest: Any
    ) -> None:
        """Take in a difference; *rest* are fields of Finding."""
        self._counts[tier, hard] += 1
        kept = self._kept[hard]
        if len(kept) >= self._most:
            self.truncated = True
            return
        for name in ("path", "field", "message"):
            rest[name] = rest.get(name, "").encode(errors="replace").decode()[:1000]
        kept.append(pb.Finding(tier=tier, kind=kind, hard=hard, a=line(a), b=line(b), **rest))

    def compared(self, tier: pb.ComparisonTier, places: int = 1) -> None:
        """Count places that were compared."""
        self._compared[tier] += places

    def tally(self, tier: pb.ComparisonTier, field: str, compared: int, differing: int) -> None:
        """Count a field of all calls, outputs and artifacts."""
        entry = self._fields.get((tier, field))
        if entry is None:
            if len(self._fields) >= self._most_fields:
                self.truncated = True
                return
            entry = self._fields[tier, field] = [0, 0]
        entry[0] += compared
        entry[1] += differing

    def remark(self, text: str) -> None:
        """Take in what a reader has to know, once."""
        self.remarks[text.encode(errors="replace").decode()[:500]] = None

    def kept(self) -> list[pb.Finding]:
        """Return the differences, hard ones first, then by tier."""
        soft = sorted(self._kept[False], key=lambda finding: finding.tier)
        return [*self._kept[True], *soft][: self._most]

    def tiers(self) -> list[pb.TierDifference]:
        """Return the counts."""
        return [
            pb.TierDifference(
                tier=tier, hard=self._counts[tier, True], soft=self._counts[tier, False], compared=self._compared[tier]
            )
            for tier in TIERS
        ]

    def fields(self) -> list[pb.FieldTally]:
        """Return the tallies."""
        return [
            pb.FieldTally(
                field=field.encode(errors="replace").decode()[:1000], tier=tier, compared=seen[0], differing=seen[1]
            )
            for (tier, field), seen in self._fields.items()
        ]
