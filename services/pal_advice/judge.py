"""Judging: rules and evidence in, advice out. Nothing is read and no clock is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pal.v1 import advice_pb2 as pb
from pal_advice.changing import milder, severer, size_of
from pal_advice.deciding import Values, contradictory, holds, measures_of, missing, verdict_of
from pal_advice.evidence import dated, stamp, unknown
from pal_advice.measures import rule_of, shown
from pal_advice.rules import digest_of

_DEFAULT_VALID_DAYS = 30
_STAY = pb.ADVICE_VERDICT_MAY_STAY


def judge(rules: pb.AdviceRules, evidence: Sequence[pb.AdviceEvidence], now: datetime) -> pb.Advice:
    """Return what *rules*, which hold, make of *evidence* at *now*; runtime and version are left to the caller."""
    cited = _cited(rules, evidence, now)
    values = {
        measure: [one.value for one in cited if one.measure == measure and one.state == pb.ADVICE_EVIDENCE_STATE_KNOWN]
        for measure in {one.measure for one in cited}
    }
    findings: list[pb.AdviceFinding] = [_finding(rule, values) for rule in rules.spec.rules]
    findings.sort(key=lambda finding: -finding.verdict)
    verdict = findings[0].verdict
    advice = pb.Advice(
        verdict=verdict,
        decided_at=stamp(now),
        findings=findings,
        evidence=cited,
        milder=_milder(findings, verdict),
        severer=_severer(rules, values, verdict),
    )
    advice.reason = _reason(advice)
    advice.rules.name, advice.rules.version = rules.metadata.name, rules.metadata.version
    advice.rules.digest = digest_of(rules)
    expiries = [one.expires_at for one in cited if one.state == pb.ADVICE_EVIDENCE_STATE_KNOWN]
    if expiries:
        advice.expires_at.CopyFrom(min(expiries, key=lambda at: at.ToNanoseconds()))
    return advice


def _cited(rules: pb.AdviceRules, evidence: Sequence[pb.AdviceEvidence], now: datetime) -> list[pb.AdviceEvidence]:
    """Return the evidence that *rules* ask for, in their order; what nobody gave is there as not known."""
    days = {rule.rule: rule.valid_days for rule in rules.spec.rules}
    named = list(dict.fromkeys(measure for rule in rules.spec.rules for measure in measures_of(rule)))
    given = {measure: [one for one in evidence if one.measure == measure] for measure in named}
    asked = [one for measure in named for one in given[measure] or [unknown(measure, "nobody gave evidence of it")]]
    return dated(asked, {measure: days.get(rule_of(measure), _DEFAULT_VALID_DAYS) for measure in named}, now)


def _finding(rule: pb.AdviceRule, values: Values) -> pb.AdviceFinding:
    verdict = verdict_of(rule, values)
    return pb.AdviceFinding(
        rule=rule.rule,
        verdict=verdict,
        reason=_why(rule, values, verdict),
        measures=measures_of(rule),
        contradictory=contradictory(rule, values),
        milder=milder(rule, values) if verdict > _STAY else None,
        severer=severer(rule, values, verdict),
    )


def _why(rule: pb.AdviceRule, values: Values, verdict: pb.AdviceVerdict) -> str:
    said = [
        f"{condition.because} ({_found(condition, values)})"
        for condition in rule.conditions
        if condition.then == verdict and verdict > _STAY and holds(condition, values)
    ]
    if verdict == pb.ADVICE_VERDICT_WATCH:
        if absent := missing(rule, values):
            said.append(f"not known: {', '.join(absent)}")
        if doubtful := contradictory(rule, values):
            said.append(f"the evidence contradicts itself: {', '.join(doubtful)}")
    return "; ".join(said) or "nothing speaks against it"


def _found(condition: pb.AdviceCondition, values: Values) -> str:
    return ", ".join(
        f"{bound.measure} {' and '.join(shown(bound.measure, value) for value in sorted(set(values[bound.measure])))}"
        for bound in condition.when
    )


def _milder(findings: Sequence[pb.AdviceFinding], verdict: pb.AdviceVerdict) -> pb.AdviceChange | None:
    """Return what all the rules that gave *verdict* need together; None when one of them cannot give another."""
    deciding = [finding for finding in findings if finding.verdict == verdict]
    if verdict == _STAY or not all(finding.HasField("milder") for finding in deciding):
        return None
    rest = [finding.verdict for finding in findings if finding.verdict < verdict]
    shifts = {shift.measure: shift for finding in deciding for shift in finding.milder.shifts}
    reached = max([*rest, *(finding.milder.verdict for finding in deciding)])
    return pb.AdviceChange(verdict=reached, shifts=list(shifts.values()))


def _severer(rules: pb.AdviceRules, values: Values, verdict: pb.AdviceVerdict) -> pb.AdviceChange | None:
    found = [change for rule in rules.spec.rules if (change := severer(rule, values, verdict)) is not None]
    return min(found, key=size_of, default=None)


def _reason(advice: pb.Advice) -> str:
    deciding = [finding for finding in advice.findings if finding.verdict == advice.verdict]
    if advice.verdict == _STAY:
        return "everything that the rules ask for is known, and nothing speaks against it"
    return "; ".join(f"{finding.rule}: {finding.reason}" for finding in deciding)
