"""The judge judged: on production against itself it has to stay silent, and planted defects it has to find."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from pal.v1 import comparison_pb2 as pb
from pal.v1 import equivalence_pb2 as equivalences
from pal_diff.compare import brief, compare
from pal_diff.terms import Log, Terms
from pal_verdict import planting
from pal_verdict.judge import Judge, unequal
from pal_verdict.standards import filled
from pal_verdict.tallies import UNKNOWN

Pair = tuple[Log, Log]
SPLITS, PLANTED, SEQUENCES = 40, 50, 40
_FAIL, _PASS = pb.VERDICT_OUTCOME_FAIL, pb.VERDICT_OUTCOME_PASS
# A level of 5 % gives 7 of 40 false alarms once in 300 times.
_MOST_FALSE_ALARMS = 0.15
_HARD = {
    "DROPPED_FIELD": (planting.dropped_field, pb.COMPARISON_TIER_STRUCTURE),
    "WRONG_TYPE": (planting.wrong_type, pb.COMPARISON_TIER_STRUCTURE),
    "DOUBLED_EFFECT": (planting.doubled_effect, pb.COMPARISON_TIER_EFFECTS),
}


def rates(
    controls: Sequence[Pair], terms: Terms, declared: equivalences.ComparisonTerms, seed: int = 1
) -> pb.JudgeRates:
    """Return what the judge is worth on *controls*: runs A of production with the runs A' of the same input.

    Half of the pairs, split at random, stand for the candidate and the other half for the noise, each pair turned at
    random: whatever the judge then finds is a false alarm. A defect that counts alone is planted into one run at a
    time, the others into whole sequences. With fewer than two pairs the judge is not sound, since nobody knows.
    """
    chance = random.Random(seed)
    known = [brief(compare(a, b, terms, pb.PAIR_KIND_DRIFT)) for a, b in controls]
    usable = [(pair, found) for pair, found in zip(controls, known, strict=True) if not unequal(found)]
    if len(usable) < 2:
        return pb.JudgeRates(problem="fewer than two pairs of A and A' can be compared: the judge cannot be tested")
    pairs, found = [pair for pair, _ in usable], [comparison for _, comparison in usable]
    alarms = [_split(found, declared, chance) for _ in range(SPLITS)]
    result = pb.JudgeRates(splits=SPLITS, false_alarms=sum(bool(alarm) for alarm in alarms))
    result.defects.extend(_hard(pairs[:PLANTED], terms))
    result.defects.append(_extra_call(pairs[:PLANTED], terms))
    result.defects.append(_slower(pairs[:PLANTED], terms, declared, chance))
    result.defects.extend(_success_down(found, declared, chance))
    result.problem = _problem(result, alarms)
    result.sound = not result.problem
    return result


def _problem(result: pb.JudgeRates, alarms: Sequence[str]) -> str:
    if result.false_alarms > _MOST_FALSE_ALARMS * result.splits:
        first = next(alarm for alarm in alarms if alarm)
        return f"{result.false_alarms} of {result.splits} splits of production against itself fail ({first})"
    for defect in result.defects:
        if defect.planted and defect.detected * 1_000_000 < defect.required_ppm * defect.planted:
            return f"{defect.defect} was found in {defect.detected} of {defect.planted} cases"
    if not any(defect.planted and defect.required_ppm for defect in result.defects):
        return "no defect could be planted into these runs"
    return ""


def _split(found: Sequence[pb.Comparison], declared: equivalences.ComparisonTerms, chance: random.Random) -> str:
    """Return what the judge holds against one half of production when the other half is the noise."""
    judge = Judge(declared)
    order = chance.sample(range(len(found)), len(found))
    half = len(order) // 2
    for noise, seen in zip(order[:half], order[half : 2 * half], strict=True):
        judge.add(turned(found[noise], pb.PAIR_KIND_DRIFT, chance))
        judge.add(turned(found[seen], pb.PAIR_KIND_RUNTIME, chance))
    judge.settle()
    verdict = judge.verdict()
    return verdict.reason if verdict.outcome == _FAIL else ""


def turned(found: pb.Comparison, kind: pb.PairKind, chance: random.Random) -> pb.Comparison:
    """Return *found* as a pair of another kind, its runs exchanged in half of the cases."""
    a, b = (found.a, found.b) if chance.random() < 0.5 else (found.b, found.a)
    return pb.Comparison(
        a=a, b=b, pair_kind=kind, tiers=found.tiers, findings=found.findings, fields=found.fields, remarks=found.remarks
    )


def _hard(pairs: Sequence[Pair], terms: Terms) -> list[pb.DefectRate]:
    rows = []
    for name, (plant, tier) in _HARD.items():
        row = pb.DefectRate(defect=name, required_ppm=1_000_000)
        for _, run in pairs:
            faulty = plant(run)
            if faulty is not None:
                row.planted += 1
                found = compare(run, faulty, terms)
                row.detected += any(entry.hard for entry in found.tiers if entry.tier == tier)
        rows.append(_explained(row, "no run has a call that it fits"))
    return rows


def _extra_call(pairs: Sequence[Pair], terms: Terms) -> pb.DefectRate:
    row = pb.DefectRate(defect="EXTRA_CALL", required_ppm=1_000_000)
    for _, run in pairs:
        faulty = planting.extra_call(run)
        if faulty is not None:
            row.planted += 1
            row.detected += any(entry.kind == "CALL_ADDED" for entry in compare(run, faulty, terms).findings)
    return _explained(row, "no run reads anything")


def _explained(row: pb.DefectRate, problem: str) -> pb.DefectRate:
    row.problem = "" if row.planted else problem
    return row


def _slower(
    pairs: Sequence[Pair], terms: Terms, declared: equivalences.ComparisonTerms, chance: random.Random
) -> pb.DefectRate:
    """Make the candidate a tenth slower. Told and not demanded: a few noisy pairs cannot show it."""
    row = pb.DefectRate(defect="TEN_PERCENT_SLOWER")
    slow = [(a, faulty) for a, b in pairs if (faulty := planting.slower(b)) is not None]
    found = [brief(compare(a, b, terms)) for a, b in slow]
    threshold = filled(declared).abort_alpha_ppm
    for _ in range(SEQUENCES if found else 0):
        judge = Judge(declared)
        for comparison in chance.sample(found, len(found)):
            judge.add(comparison)
        row.planted += 1
        row.detected += judge.slow.above_peak >= _log_inverse(threshold)
    return _explained(row, "the logs have no times")


def _success_down(
    found: Sequence[pb.Comparison], declared: equivalences.ComparisonTerms, chance: random.Random
) -> list[pb.DefectRate]:
    """Lower the success of one lane by the margin, in sequences as long as the record.

    What is demanded is that it is not passed; whether so many pairs suffice to fail it is told.
    """
    passed = pb.DefectRate(defect="SUCCESS_DOWN_NOT_PASSED", required_ppm=875_000)
    failed = pb.DefectRate(defect="SUCCESS_DOWN_FAILED")
    known = [one for one in found if UNKNOWN not in (one.a.success, one.b.success)]
    reached = sum(one.b.success == pb.SUCCESS_STATE_REACHED for one in known)
    margin = filled(declared).success_margin_ppm / 1e6
    if not known or reached < margin * len(known):
        text = "production reaches its objective more rarely than the margin" if known else "no success is known"
        passed.problem = failed.problem = text
        return [passed, failed]
    lowered = margin * len(known) / reached
    for _ in range(SEQUENCES):
        judge = Judge(declared)
        for one in chance.choices(known, k=len(known)):
            pair = turned(one, pb.PAIR_KIND_RUNTIME, chance)
            if pair.b.success == pb.SUCCESS_STATE_REACHED and chance.random() < lowered:
                pair.b.success = pb.SUCCESS_STATE_MISSED
            judge.add(pair)
        outcome = next(e.outcome for e in judge.verdict().tiers if e.tier == pb.COMPARISON_TIER_SUCCESS)
        for row, hit in ((passed, outcome != _PASS), (failed, outcome == _FAIL)):
            row.planted += 1
            row.detected += hit
    return [passed, failed]


def _log_inverse(alpha_ppm: int) -> float:
    return math.log(1e6 / alpha_ppm)
