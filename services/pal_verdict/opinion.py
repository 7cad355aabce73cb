"""What a judge says: an outcome for each tier and over all, with everything needed to doubt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf import timestamp_pb2

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal_verdict import tiers
from pal_verdict.seen import top

if TYPE_CHECKING:
    from pal_verdict.judge import Judge

PASS, FAIL = pb.VERDICT_OUTCOME_PASS, pb.VERDICT_OUTCOME_FAIL
INCONCLUSIVE, NO_DATA, VOID = pb.VERDICT_OUTCOME_INCONCLUSIVE, pb.VERDICT_OUTCOME_NO_DATA, pb.VERDICT_OUTCOME_VOID
_FINDINGS = 20


def verdict(judge: Judge, rates: pb.JudgeRates | None) -> pb.Verdict:
    """Return what *judge* knows."""
    hard, flagged = judge.hard(), judge.fields.flagged()
    entries = tiers.tiers(judge, hard, flagged)
    coverage = _coverage(judge)
    outcome, reason = _over_all(entries, coverage, judge, rates)
    now = timestamp_pb2.Timestamp()
    now.GetCurrentTime()
    name, version = next(iter(judge.agents), ("", ""))
    return pb.Verdict(
        outcome=outcome,
        reason=reason,
        agent=common.SpecRef(name=name, version="" if len(judge.agents) > 1 else version),
        baseline=", ".join(judge.lanes[0]),
        candidate=", ".join(judge.lanes[1]),
        tiers=entries,
        coverage=coverage,
        findings=top(judge.runtime, judge.drift, hard, set(flagged), _FINDINGS),
        judge=rates,
        attribution=_attribution(judge, entries),
        terms=judge.terms,
        decided_at=now,
        remarks=_remarks(judge),
    )


def _over_all(
    entries: list[pb.TierVerdict], coverage: pb.Coverage, judge: Judge, rates: pb.JudgeRates | None
) -> tuple[pb.VerdictOutcome, str]:
    if not coverage.compared:
        return NO_DATA, "nothing was compared"
    if rates is not None and not rates.sound:
        return VOID, f"the judge failed its own test: {rates.problem}"
    deciding = [entry for entry in entries if entry.deciding]
    failed = [entry for entry in deciding if entry.outcome == FAIL]
    if failed:
        return FAIL, "; ".join(f"{_name(entry)}: {entry.reason}" for entry in failed)
    open_ = [entry for entry in deciding if entry.outcome != PASS]
    if open_:
        return INCONCLUSIVE, "; ".join(f"{_name(entry)}: {entry.reason}" for entry in open_)
    if coverage.share_ppm < judge.terms.min_coverage_ppm:
        share, least = coverage.share_ppm / 1e4, judge.terms.min_coverage_ppm / 1e4
        return INCONCLUSIVE, f"only {share:.1f} % of the eligible pairs were compared; a PASS needs {least:.1f} %"
    if rates is None:
        return INCONCLUSIVE, "every tier passes, but the judge has not been tested on A and A'"
    return PASS, "no tier is worse than its margin allows"


def _name(entry: pb.TierVerdict) -> str:
    return pb.ComparisonTier.Name(entry.tier).removeprefix("COMPARISON_TIER_").lower()


def _coverage(judge: Judge) -> pb.Coverage:
    lost = judge.losses.total()
    compared = judge.runtime.pairs
    coverage = pb.Coverage(
        eligible=compared + lost,
        compared=compared,
        losses=[pb.Loss(reason=reason, pairs=pairs) for reason, pairs in judge.losses.most_common()],
    )
    if coverage.eligible:
        coverage.share_ppm = compared * 1_000_000 // coverage.eligible
    return coverage


def _attribution(judge: Judge, entries: list[pb.TierVerdict]) -> pb.Attribution:
    """Say where differences come from: A' now against what A recorded is drift, B now against A' now is the runtime."""
    found = pb.Attribution(drift_pairs=judge.drift.pairs, runtime_pairs=judge.runtime.pairs)
    if judge.drift.pairs:
        found.drift_ppm = judge.differing["drift"] * 1_000_000 // judge.drift.pairs
    if judge.runtime.pairs:
        found.runtime_ppm = judge.differing["runtime"] * 1_000_000 // judge.runtime.pairs
    if not judge.drift.pairs or not judge.runtime.pairs:
        found.explanation = "it takes pairs of A and A' and pairs of A' and B to tell drift from the runtime"
        return found
    drifted = tiers.drifted(judge)
    worse = [entry for entry in entries if entry.outcome == FAIL]
    noise, seen = f"{found.drift_ppm / 1e4:.0f} %", f"{found.runtime_ppm / 1e4:.0f} %"
    if drifted and worse:
        found.source, text = pb.ATTRIBUTION_SOURCE_BOTH, f"{drifted}, and the candidate is worse than production now"
    elif drifted:
        found.source, text = pb.ATTRIBUTION_SOURCE_DRIFT, f"{drifted}; the candidate is not shown to be worse"
    elif worse:
        text = "production now does what it did; what is worse comes with the candidate"
        found.source = pb.ATTRIBUTION_SOURCE_RUNTIME
    else:
        found.source, text = pb.ATTRIBUTION_SOURCE_NONE, "no difference beyond the noise of production"
    found.explanation = f"{text}; {noise} of A and A' differ in effects or success, {seen} of A' and B"
    return found


def _remarks(judge: Judge) -> list[str]:
    remarks = list(judge.remarks)
    if judge.unpriced:
        remarks.append(f"in {judge.unpriced} pairs a model has no price; their tokens were compared instead of money")
    if judge.drift_excluded:
        remarks.append(f"{judge.drift_excluded} pairs of A and A' had other models or prices and were left out")
    for word, lane in (("production", judge.lanes[0]), ("the candidate", judge.lanes[1])):
        if len(lane) > 1:
            remarks.append(f"{word} ran on several runtimes or versions: {', '.join(lane)}")
    return remarks
