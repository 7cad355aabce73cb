"""What the tiers are judged on: small counters, one for each question."""

from __future__ import annotations

import math
from collections import Counter

from pal.v1 import comparison_pb2 as pb
from pal_verdict.evidence import Mean, e_benjamini_hochberg, log_discordant

_ALONE = 1000
REACHED, UNKNOWN = pb.SUCCESS_STATE_REACHED, pb.SUCCESS_STATE_UNSPECIFIED


class Signed:
    """Pairs in which B is worse (+1), better (-1) or neither; the mean is how many points worse B is."""

    def __init__(self, margin: float) -> None:
        """Ask whether B is worse at all, and whether it is worse by *margin*."""
        self.counts: Counter[int] = Counter()
        self.abort_peak = 0.0
        self.within = Mean(margin, -1)

    def add(self, worse: int) -> None:
        """Take in a pair."""
        self.counts[worse] += 1
        self.within.add(worse)
        if worse > 0:
            self.abort_peak = max(self.abort_peak, log_discordant(self.counts[1], self.counts[-1]))

    @property
    def pairs(self) -> int:
        """Return how many pairs were taken in."""
        return self.counts.total()


class Ratio:
    """Pairs of amounts: how B relates to A, each pair with the same weight whatever its size.

    The value of a pair is (b - a) / (b + a): bounded, and turned around by exchanging the two.
    """

    def __init__(self, margin: float) -> None:
        """Ask whether B exceeds A by more than the share *margin*."""
        self._allowed = 1 + margin
        self.beyond, self.within = Mean(0.0), Mean(0.0, -1)
        self.values: Counter[float] = Counter()
        # B above A, B below A: exchangeable lanes make it a fair coin.
        self.above, self.below = 0, 0
        self.above_peak = 0.0

    def add(self, a: float, b: float) -> None:
        """Take in a pair of amounts."""
        if not (math.isfinite(a) and math.isfinite(b)) or a < 0 or b < 0:
            return
        self.values[_relative(a, b)] += 1
        value = _relative(a * self._allowed, b)
        self.beyond.add(value)
        self.within.add(value)
        self.above, self.below = self.above + (b > a), self.below + (b < a)
        if b > a:
            self.above_peak = max(self.above_peak, log_discordant(self.above, self.below))

    @property
    def pairs(self) -> int:
        """Return how many pairs were taken in."""
        return self.values.total()


def _relative(a: float, b: float) -> float:
    # Rounded, so that intervals are computed from a bounded number of values.
    return round((b - a) / (b + a), 3) if a + b > 0 else 0.0


def share_of(relative: float) -> float:
    """Return what a value of `Ratio` means as a share: 0.1 for a tenth more."""
    relative = min(max(relative, -0.999), 0.999)
    return 2 * relative / (1 - relative)


class Fields:
    """Fields of VALUES: how often each differed between A' and B alone, and between A and A' alone."""

    def __init__(self, alpha: float, most: int = 5000) -> None:
        """Watch at most *most* fields, and name those that differ beyond noise at the level *alpha*."""
        self._alpha, self._most = alpha, most
        # The fields that have enough discordant pairs to be named at all, in the order in which they came to have them.
        self._tested: dict[str, int] = {}
        self.counts: dict[str, list[int]] = {}
        self._noisy: set[str] = set()
        # Fields of inputs that had them in one pair only: what each pair of that kind has shown.
        self._alone: dict[tuple[str, bool], list[bool]] = {}

    def add(self, runtime: pb.Comparison, drift: pb.Comparison) -> int:
        """Take in a matched pair; return 1 when B alone differs in a stable field, -1 when noise alone does, else 0.

        A field is stable as long as it has not differed between A and A'. What was stable is fixed before a pair is
        looked at, so that exchangeable lanes still make each discordant pair a fair coin. Each field alone is matched
        likewise; an input in which only one of the pairs has the field is matched with the next that lacks the other.
        """
        noise = _differing(drift)
        seen = _differing(runtime)
        for field in seen.keys() | noise.keys():
            if field not in self.counts and len(self.counts) >= self._most:
                continue
            self.counts.setdefault(field, [0, 0])
            if field in seen and field in noise:
                self._count(field, seen[field], noise[field])
            else:
                self._lend(field, seen.get(field), noise.get(field))
        changed = {field for field, differs in noise.items() if differs}
        by_noise = not changed <= self._noisy
        by_runtime = any(differs and field not in self._noisy for field, differs in seen.items())
        self._noisy |= changed
        return int(by_runtime) - int(by_noise)

    def _lend(self, field: str, seen: bool | None, noise: bool | None) -> None:
        of_runtime = seen is not None
        others = self._alone.get((field, not of_runtime))
        shown = bool(seen if of_runtime else noise)
        if not others:
            if len(self._alone.get((field, of_runtime), ())) < _ALONE:
                self._alone.setdefault((field, of_runtime), []).append(shown)
        elif of_runtime:
            self._count(field, shown, others.pop(0))
        else:
            self._count(field, others.pop(0), shown)

    def flagged(self) -> list[str]:
        """Return the fields that differ beyond noise, by e-BH with the weights 1/2, 1/6, 1/12 and so on.

        Which fields are tested and how they are weighted depends on how often they were discordant, never on which way.
        Given that, the ways are fair coins while the lanes are exchangeable, so the level holds at every look.
        """
        evidence = {field: log_discordant(*self.counts[field]) for field in self._tested}
        weights = {field: 1 / (place * (place + 1)) for field, place in self._tested.items()}
        return e_benjamini_hochberg(evidence, self._alpha, weights)

    def _count(self, field: str, by_runtime: bool, by_noise: bool) -> None:
        if by_runtime == by_noise:
            return
        counts = self.counts[field]
        counts[0 if by_runtime else 1] += 1
        if field not in self._tested and log_discordant(sum(counts), 0) >= -math.log(self._alpha):
            self._tested[field] = len(self._tested) + 1


def _differing(comparison: pb.Comparison) -> dict[str, bool]:
    values = pb.COMPARISON_TIER_VALUES
    return {tally.field: tally.differing > 0 for tally in comparison.fields if tally.tier == values}


def success_worse(a: pb.ComparedRun, b: pb.ComparedRun) -> int | None:
    """Return 1 when only A reached the objective, -1 when only B did, None when nobody can tell."""
    if UNKNOWN in (a.success, b.success):
        return None
    return int(a.success == REACHED) - int(b.success == REACHED)


def differs(comparison: pb.Comparison, tier: pb.ComparisonTier) -> bool:
    """Return whether a pair differs in a tier."""
    return any(entry.tier == tier and entry.hard + entry.soft for entry in comparison.tiers)


def amount(run: pb.ComparedRun) -> float | None:
    """Return what a run cost; its tokens where no price is known, None where nothing was counted."""
    if run.HasField("cost"):
        return float(run.cost.nanos)
    return float(run.usage.input_tokens + run.usage.output_tokens) or None
