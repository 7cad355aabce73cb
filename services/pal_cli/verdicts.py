"""A verdict in words and tables."""

from __future__ import annotations

from rich.markup import escape

from pal.v1 import comparison_pb2 as pb
from pal_cli.show import moment, say, shorten, table, word

_COLOURS = {
    pb.VERDICT_OUTCOME_PASS: "green",
    pb.VERDICT_OUTCOME_FAIL: "red",
    pb.VERDICT_OUTCOME_INCONCLUSIVE: "yellow",
}
# Tiers whose estimate is a share of what production has, not points.
_SHARES = (pb.COMPARISON_TIER_COST, pb.COMPARISON_TIER_LATENCY)
# What is beyond this was not bounded at all.
_UNBOUNDED_PPM = 1_900_000_000
_MOST_FINDINGS, _MOST_WORDS = 10, 90


def outcome(number: int) -> str:
    """Return a VerdictOutcome as it is written: PASS, FAIL, INCONCLUSIVE, NO_DATA, VOID."""
    known = number in pb.VerdictOutcome.values()
    return pb.VerdictOutcome.Name(number).removeprefix("VERDICT_OUTCOME_") if known else "VOID"


def show(verdict: pb.Verdict) -> None:
    """Print *verdict*."""
    colour = _COLOURS.get(verdict.outcome, "magenta")
    subject = f"{verdict.agent.name} {verdict.agent.version}".strip()
    say(
        f"[bold {colour}]{outcome(verdict.outcome)}[/] {escape(subject)}: {escape(verdict.candidate)} against "
        f"{escape(verdict.baseline)}, {moment(verdict.decided_at)}"
    )
    say(f"  {escape(shorten(verdict.reason, 400))}")
    say()
    table(["TIER", "VERDICT", "ESTIMATE", "BOUNDS", "PAIRS", "DETECTABLE", "WHY"], map(_tier, verdict.tiers), empty="")
    say()
    say(_coverage(verdict.coverage))
    say(_judge(verdict.judge))
    say(f"attribution: {escape(verdict.attribution.explanation)}")
    _findings(verdict)
    for remark in verdict.remarks:
        say(f"[dim]note: {escape(remark)}[/]")


def _tier(tier: pb.TierVerdict) -> list[str]:
    name = word(pb.ComparisonTier, tier.tier, "COMPARISON_TIER_")
    unit = "%" if tier.tier in _SHARES else "points"
    bounds = ""
    if tier.HasField("lower_ppm") or tier.HasField("upper_ppm"):
        bounds = f"{_number(tier.lower_ppm)} to {_number(tier.upper_ppm)}"
    return [
        name if tier.deciding else f"({name})",
        outcome(tier.outcome),
        f"{_number(tier.estimate_ppm)} {unit}" if tier.HasField("estimate_ppm") else "",
        bounds,
        str(tier.pairs),
        f"{_number(tier.minimum_detectable_ppm)} {unit}" if tier.HasField("minimum_detectable_ppm") else "",
        shorten(tier.reason, _MOST_WORDS),
    ]


def _number(ppm: int) -> str:
    if abs(ppm) >= _UNBOUNDED_PPM:
        return "∞" if ppm > 0 else "-∞"
    return f"{ppm / 10_000:+.1f}" if ppm else "0"


def _coverage(coverage: pb.Coverage) -> str:
    share = f" ({coverage.share_ppm / 10_000:.1f} %)" if coverage.HasField("share_ppm") else ""
    lost = ", ".join(f"{loss.pairs} {loss.reason}" for loss in coverage.losses)
    return f"coverage: {coverage.compared} of {coverage.eligible} pairs{share}{f'; lost: {lost}' if lost else ''}"


def _judge(judge: pb.JudgeRates) -> str:
    rates = ", ".join(
        f"{defect.defect} {defect.detected}/{defect.planted}" for defect in judge.defects if defect.planted
    )
    sound = "sound" if judge.sound else f"[magenta]not sound[/]: {escape(judge.problem)}"
    splits = f"; {judge.false_alarms} false alarms in {judge.splits} splits of production against itself"
    return f"judge: {sound}{splits if judge.splits else ''}{f'; planted and found: {rates}' if rates else ''}"


def _findings(verdict: pb.Verdict) -> None:
    if not verdict.findings:
        return
    say()
    rows = []
    for top in verdict.findings[:_MOST_FINDINGS]:
        found = top.finding
        example = top.examples[0] if top.examples else pb.RunPair()
        rows.append(
            [
                f"{'! ' if found.hard else ''}{found.kind}",
                found.field,
                shorten(found.a, 40),
                shorten(found.b, 40),
                f"{top.pairs}/{top.pairs_compared}",
                f"{top.drift_pairs}/{top.drift_compared}",
                f"pal diff {example.run_a} {example.run_b}" if example.run_a else "",
            ]
        )
    table(["FINDING", "FIELD", "PRODUCTION", "CANDIDATE", "PAIRS", "NOISE", "SMALLEST PAIR"], rows, empty="")
