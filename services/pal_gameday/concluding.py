"""From what was seen in a drill to what it has shown."""

from __future__ import annotations

from collections.abc import Sequence

from pal.v1 import common_pb2 as common
from pal.v1 import gameday_pb2 as pb
from pal_gameday.evidence import SUCCEEDED, Evidence, Seen
from pal_gameday.findings import FAIL, INVALID, PASS, judged
from pal_gameday.plan import DEFAULT_VALID_SECONDS, digest_of, invariants_of, seconds_of
from pal_gameday.rollbacks import duration, measured, stamp

MILLION = 1_000_000
_RULE_OF_THREE = 3


def concluded(seen: Evidence, before: Sequence[pb.Certificate], previous_digest: str) -> pb.Certificate:
    """Return the certificate of a drill, not signed yet.

    *before* are the certificates of the mesh so far, in order; *previous_digest* is that of the last one.
    """
    plan = seen.plan
    metadata = plan.metadata
    certificate = pb.Certificate(
        number=len(before) + 1,
        previous_digest=previous_digest,
        plan=common.SpecRef(name=metadata.name, version=metadata.version, digest=digest_of(plan)),
        drill_id=seen.drill_id,
        hypothesis=plan.spec.hypothesis,
        began_at=stamp(seen.began_ns),
        ended_at=stamp(seen.ended_ns),
        findings=[judged(invariant, seen) for invariant in invariants_of(plan)],
        probes=[_probed(probe, seen) for probe in plan.spec.probes],
        runs=[_run(run) for run in seen.runs],
        receipts=seen.receipts(),
        rollbacks=measured(seen),
        rollouts=seen.rollouts,
        documents=seen.documents,
        processes=seen.processes,
        audit=seen.audit,
    )
    valid_seconds = seconds_of(plan.spec.evidence.valid_for, DEFAULT_VALID_SECONDS)
    certificate.expires_at.CopyFrom(stamp(seen.ended_ns + int(valid_seconds * 1e9)))
    _add_cost(certificate, seen)
    verdict, reasons = _verdict(certificate, seen)
    certificate.verdict = verdict
    certificate.reasons.extend(reasons)
    clean = _clean(certificate, before)
    certificate.clean_drills = clean
    certificate.failure_rate_below_ppm = min(MILLION, _RULE_OF_THREE * MILLION // clean) if clean else MILLION
    return certificate


def _verdict(certificate: pb.Certificate, seen: Evidence) -> tuple[pb.DrillVerdict, list[str]]:
    shows_nothing = [f"{step}: left no receipt, so nothing shows that it took place" for step in seen.without_receipt()]
    if not certificate.receipts:
        shows_nothing.append("no fault was met and nothing was done: the drill shows nothing")
    shows_nothing += [f"{what}: {problem}" for what, problem in seen.problems.items()]
    failed = [f"broken off: {seen.broken_off}"] if seen.broken_off else []
    # What comes after a drill is broken off has no data, and that is not what is wrong with it.
    unknown = failed if seen.broken_off else shows_nothing
    for finding in certificate.findings:
        name = pb.GameDayInvariant.Name(finding.invariant).removeprefix("GAME_DAY_INVARIANT_")
        _sort(f"{name}: {finding.detail}", finding.verdict, unknown, failed)
    for probe in certificate.probes:
        value = probe.value if probe.HasField("value") else "no data"
        _sort(f"probe {probe.id}: {value}{_bounds(probe)}", probe.verdict, unknown, failed)
    if shows_nothing:
        return INVALID, [*shows_nothing, *failed]
    return (FAIL, failed) if failed else (PASS, [])


def _sort(reason: str, verdict: pb.DrillVerdict, unknown: list[str], failed: list[str]) -> None:
    if verdict == FAIL:
        failed.append(reason)
    elif verdict != PASS:
        unknown.append(reason)


def _bounds(probe: pb.DrillProbe) -> str:
    low = f", at least {probe.at_least}" if probe.HasField("at_least") else ""
    high = f", at most {probe.at_most}" if probe.HasField("at_most") else ""
    return low + high


def _probed(probe: pb.GameDayProbe, seen: Evidence) -> pb.DrillProbe:
    runs = [run for run in seen.runs if not probe.steps or run.step.id in probe.steps]
    low = probe.at_least if probe.HasField("at_least") else None
    high = probe.at_most if probe.HasField("at_most") else None
    value = _measure(probe.measure, runs) if runs else None
    verdict = INVALID
    if value is not None:
        verdict = PASS if (low is None or value >= low) and (high is None or value <= high) else FAIL
    return pb.DrillProbe(id=probe.id, measure=probe.measure, value=value, at_least=low, at_most=high, verdict=verdict)


def _measure(measure: pb.GameDayMeasure, runs: list[Seen]) -> int:
    match measure:
        case pb.GAME_DAY_MEASURE_SUCCEEDED_PERCENT:
            return 100 * sum(run.finished.outcome == SUCCEEDED for run in runs) // len(runs)
        case pb.GAME_DAY_MEASURE_P95_MILLISECONDS:
            took = sorted(run.ended_ns - run.accepted_ns for run in runs)
            return took[max(-(-95 * len(took) // 100) - 1, 0)] // 1_000_000
        case pb.GAME_DAY_MEASURE_REPEATED_ATTEMPTS:
            return sum(max(len(run.runtimes) - 1, 0) for run in runs)
        case _:
            return sum(len(run.receipts) for run in runs)


def _run(run: Seen) -> pb.DrillRun:
    return pb.DrillRun(
        run_id=run.run_id,
        step=run.step.id,
        runtimes=run.runtimes,
        outcome=run.finished.outcome,
        reason=run.problem or run.finished.failure.reason,
        expected=run.expected,
        events=len(run.log),
        faults=len(run.receipts),
        took=duration(run.ended_ns - run.accepted_ns),
    )


def _add_cost(certificate: pb.Certificate, seen: Evidence) -> None:
    for run in seen.runs:
        usage, cost = run.finished.usage, run.finished.cost
        certificate.usage.input_tokens += usage.input_tokens
        certificate.usage.output_tokens += usage.output_tokens
        if run.finished.HasField("cost") and certificate.cost.currency_code in ("", cost.currency_code):
            certificate.cost.currency_code = cost.currency_code
            certificate.cost.nanos += cost.nanos


def _clean(certificate: pb.Certificate, before: Sequence[pb.Certificate]) -> int:
    if certificate.verdict != PASS:
        return 0
    clean = 1
    for earlier in reversed(before):
        if earlier.plan.digest == certificate.plan.digest:
            if earlier.verdict != PASS:
                break
            clean += 1
    return clean
