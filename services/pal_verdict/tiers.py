"""The tiers one by one, each by its own question."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from pal.v1 import comparison_pb2 as pb
from pal_diff.findings import COST, EFFECTS, LATENCY, ORDER, STRUCTURE, SUCCESS, TEXT, VALUES
from pal_verdict.evidence import bound, quantile_bounds
from pal_verdict.power import detectable
from pal_verdict.seen import Sort
from pal_verdict.tallies import Ratio, Signed, share_of

if TYPE_CHECKING:
    from pal_verdict.judge import Judge

PASS, FAIL = pb.VERDICT_OUTCOME_PASS, pb.VERDICT_OUTCOME_FAIL
INCONCLUSIVE, NO_DATA = pb.VERDICT_OUTCOME_INCONCLUSIVE, pb.VERDICT_OUTCOME_NO_DATA
_PERCENTILE = 0.95
_MOST = 2_000_000_000


def tiers(judge: Judge, hard: set[Sort], flagged: list[str]) -> list[pb.TierVerdict]:
    """Return what is known about each tier, in the order of the enum."""
    found = [
        _structure(judge, hard),
        _effects(judge, hard),
        _values(judge, flagged),
        _told(judge, ORDER),
        _told(judge, TEXT),
        _success(judge),
        _cost(judge),
        _latency(judge),
    ]
    for entry in found:
        entry.deciding = entry.tier not in (ORDER, TEXT)
        entry.confidence_ppm = 1_000_000 - judge.terms.promote_alpha_ppm
    return found


def drifted(judge: Judge) -> str:
    """Return what shows that production now is not what it was; empty for nothing."""
    threshold = _threshold(judge.terms.abort_alpha_ppm)
    counts = judge.drift_success.counts
    if judge.drift_success.abort_peak >= threshold:
        return f"production now reaches less than it did ({counts[1]} pairs worse, {counts[-1]} better)"
    if judge.drift.hard():
        kind, field = sorted(judge.drift.hard())[0]
        return f"production now differs in structure from what it recorded ({kind} at {field})"
    return ""


def _structure(judge: Judge, hard: set[Sort]) -> pb.TierVerdict:
    entry = pb.TierVerdict(tier=STRUCTURE, pairs=judge.runtime.pairs, margin_ppm=judge.terms.success_margin_ppm)
    if not entry.pairs:
        return _none(entry, "no pair was compared")
    entry.estimate_ppm = _ppm(judge.broken_pairs / entry.pairs)
    alpha = judge.terms.promote_alpha_ppm / 1e6
    counts = {1.0: judge.broken_pairs, 0.0: entry.pairs - judge.broken_pairs}
    entry.lower_ppm, entry.upper_ppm = max(_ppm(bound(counts, alpha, 1)), 0), _ppm(bound(counts, alpha, -1))
    entry.promote_evidence_ppm = _evidence(judge.broken.peak)
    broken = sorted(sort for sort in hard if not sort[0].startswith("EFFECT_"))
    if broken:
        return _hard(entry, judge, broken)
    if judge.broken.peak >= _threshold(judge.terms.promote_alpha_ppm):
        return _said(entry, PASS, f"{judge.broken_pairs} of {entry.pairs} pairs have a hard difference")
    return _said(entry, INCONCLUSIVE, f"{entry.pairs} pairs without a hard difference of its own are too few")


def _hard(entry: pb.TierVerdict, judge: Judge, sorts: list[Sort]) -> pb.TierVerdict:
    kind, field = sorts[0]
    more = f" and {len(sorts) - 1} more" if len(sorts) > 1 else ""
    seen = judge.runtime.by_sort.get((kind, field))
    runs = f" (runs {seen.examples[0][2]} and {seen.examples[0][3]})" if seen else ""
    return _said(entry, FAIL, f"{kind} at {field}{more}{runs}")


def _effects(judge: Judge, hard: set[Sort]) -> pb.TierVerdict:
    entry = _against_noise(judge, EFFECTS)
    broken = sorted(sort for sort in hard if sort[0].startswith("EFFECT_"))
    return _hard(entry, judge, broken) if broken else entry


def _values(judge: Judge, flagged: list[str]) -> pb.TierVerdict:
    entry = _against_noise(judge, VALUES)
    if flagged:
        worse, better = judge.fields.counts[flagged[0]]
        more = f" and {len(flagged) - 1} more fields" if len(flagged) > 1 else ""
        text = f"{flagged[0]}{more} differ beyond noise ({worse} pairs by the candidate alone, {better} by noise alone)"
        return _said(entry, FAIL, text)
    return entry


def _told(judge: Judge, tier: pb.ComparisonTier) -> pb.TierVerdict:
    entry = _against_noise(judge, tier)
    if entry.outcome == FAIL:
        _said(entry, INCONCLUSIVE, f"{entry.reason}; told, and decides nothing")
    return entry


def _against_noise(judge: Judge, tier: pb.ComparisonTier) -> pb.TierVerdict:
    entry = pb.TierVerdict(tier=tier)
    if judge.runtime.pairs and not judge.matched[tier].pairs:
        return _said(entry, INCONCLUSIVE, "there is no pair of A and A' to tell what noise does")
    return _signed(entry, judge.matched[tier], judge, "pairs differ by the candidate alone", "by noise alone")


def _success(judge: Judge) -> pb.TierVerdict:
    entry = pb.TierVerdict(tier=SUCCESS)
    _signed(entry, judge.success, judge, "pairs only production reached", "only the candidate")
    if entry.HasField("estimate_ppm"):
        # Told as points of success, not of failure.
        entry.estimate_ppm, entry.lower_ppm, entry.upper_ppm = -entry.estimate_ppm, -entry.upper_ppm, -entry.lower_ppm
    return entry


def _signed(entry: pb.TierVerdict, signed: Signed, judge: Judge, worse: str, better: str) -> pb.TierVerdict:
    terms, counts = judge.terms, signed.counts
    entry.pairs, entry.margin_ppm = signed.pairs, terms.success_margin_ppm
    if not signed.pairs:
        return _none(entry, "no pair says anything about it")
    alpha = terms.promote_alpha_ppm / 1e6
    values = {float(value): times for value, times in counts.items()}
    entry.estimate_ppm = _ppm((counts[1] - counts[-1]) / signed.pairs)
    entry.lower_ppm, entry.upper_ppm = _ppm(bound(values, alpha, 1)), _ppm(bound(values, alpha, -1))
    smallest = detectable(signed.pairs, counts[1] + counts[-1], terms.abort_alpha_ppm / 1e6)
    if smallest is not None:
        entry.minimum_detectable_ppm = _ppm(smallest)
    entry.abort_evidence_ppm, entry.promote_evidence_ppm = _evidence(signed.abort_peak), _evidence(signed.within.peak)
    told = f"{counts[1]} {worse}, {counts[-1]} {better}, of {signed.pairs}"
    return _decided(entry, signed.abort_peak, signed.within.peak, told, judge)


def _decided(entry: pb.TierVerdict, abort: float, within: float, told: str, judge: Judge) -> pb.TierVerdict:
    passes = within >= _threshold(judge.terms.promote_alpha_ppm)
    fails = abort >= _threshold(judge.terms.abort_alpha_ppm)
    if passes and fails:
        return _said(entry, PASS, f"worse, but within the margin: {told}")
    if passes or fails:
        return _said(entry, PASS if passes else FAIL, told)
    return _said(entry, INCONCLUSIVE, f"neither worse nor within the margin is shown: {told}")


def _cost(judge: Judge) -> pb.TierVerdict:
    entry = pb.TierVerdict(tier=COST, pairs=judge.cost.pairs, margin_ppm=judge.terms.cost_margin_ppm)
    if not entry.pairs:
        return _none(entry, "no pair has tokens or a price in both lanes")
    _shares(entry, judge.cost, judge)
    entry.abort_evidence_ppm = _evidence(judge.cost.beyond.peak)
    entry.promote_evidence_ppm = _evidence(judge.cost.within.peak)
    told = f"{judge.cost.above} pairs cost more, {judge.cost.below} less"
    return _decided(entry, judge.cost.beyond.peak, judge.cost.within.peak, told, judge)


def _shares(entry: pb.TierVerdict, ratio: Ratio, judge: Judge) -> None:
    alpha = judge.terms.promote_alpha_ppm / 1e6
    mean = sum(value * times for value, times in ratio.values.items()) / ratio.pairs
    entry.estimate_ppm = _ppm(share_of(mean))
    entry.lower_ppm = _ppm(share_of(bound(ratio.values, alpha, 1)))
    entry.upper_ppm = _ppm(share_of(bound(ratio.values, alpha, -1)))


def _latency(judge: Judge) -> pb.TierVerdict:
    a, b = judge.latencies
    entry = pb.TierVerdict(tier=LATENCY, pairs=len(b), margin_ppm=judge.terms.latency_margin_ppm)
    if not b:
        return _none(entry, "no pair has times that can be trusted in both lanes")
    allowed = 1 + entry.margin_ppm / 1e6
    low, high = _percentile_ratio(a, b, judge.terms.promote_alpha_ppm / 1e6)
    entry.lower_ppm, entry.upper_ppm = _ppm(low - 1), _ppm(high - 1)
    entry.estimate_ppm = _ppm(_quotient(_at(b), _at(a)) - 1)
    entry.abort_evidence_ppm = _evidence(_strongest(a, b, lambda low, _: low > allowed))
    entry.promote_evidence_ppm = _evidence(_strongest(a, b, lambda _, high: high <= allowed))
    told = f"p95 {_at(a):.3f} s in production, {_at(b):.3f} s by the candidate"
    if judge.slow.above_peak >= _threshold(judge.terms.abort_alpha_ppm):
        told += f"; slower in {judge.slow.above} of {judge.slow.above + judge.slow.below} pairs, which is no accident"
    abort, within = entry.abort_evidence_ppm * math.log(10) / 1e6, entry.promote_evidence_ppm * math.log(10) / 1e6
    return _decided(entry, abort, within, told, judge)


def _percentile_ratio(a: list[float], b: list[float], alpha: float) -> tuple[float, float]:
    """Return bounds of p95 of B over p95 of A: each lane has half of *alpha*."""
    (low_a, high_a), (low_b, high_b) = (quantile_bounds(lane, _PERCENTILE, alpha / 2) for lane in (a, b))
    return _quotient(max(low_b, 0), high_a), _quotient(high_b, max(low_a, 0))


def _strongest(a: list[float], b: list[float], holds: Callable[[float, float], bool]) -> float:
    """Return the evidence of the strictest level at which *holds* is true of the bounds."""
    low, high = 0.0, 30.0
    if not holds(*_percentile_ratio(a, b, 0.999)):
        return 0.0
    for _ in range(12):
        middle = (low + high) / 2
        if holds(*_percentile_ratio(a, b, math.exp(-middle))):
            low = middle
        else:
            high = middle
    return low


def _quotient(b: float, a: float) -> float:
    if math.isinf(b):
        return math.inf
    return b / a if a > 0 else (math.inf if b > 0 else 1.0)


def _at(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[max(math.ceil(_PERCENTILE * len(ordered)) - 1, 0)]


def _threshold(alpha_ppm: int) -> float:
    return math.log(1e6 / alpha_ppm)


def _evidence(log: float) -> int:
    return int(min(max(log / math.log(10), -2000), 2000) * 1e6)


def _ppm(share: float) -> int:
    return round(min(max(share * 1e6, -_MOST), _MOST))


def _said(entry: pb.TierVerdict, outcome: pb.VerdictOutcome, reason: str) -> pb.TierVerdict:
    entry.outcome, entry.reason = outcome, reason
    return entry


def _none(entry: pb.TierVerdict, reason: str) -> pb.TierVerdict:
    return _said(entry, NO_DATA, reason)
