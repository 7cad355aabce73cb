"""The comparison of two runs in tiers, each by a rule of its own."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_diff.alignment import Meanings, aligned
from pal_diff.calls import argued, compare_calls, shown
from pal_diff.effects import compare_effects
from pal_diff.findings import COST, LATENCY, STRUCTURE, SUCCESS, Findings
from pal_diff.order import compare_order
from pal_diff.outputs import compare_outputs
from pal_diff.record import Record, irreversible, read
from pal_diff.success import UNKNOWN, success
from pal_diff.terms import Log, Terms
from pal_log.grammar import violations

_VIOLATIONS = 20
# Events of both runs.
_LONG = 20_000


def compare(a: Log, b: Log, terms: Terms, pair_kind: pb.PairKind = pb.PAIR_KIND_RUNTIME) -> pb.Comparison:
    """Return how run *b* differs from run *a*. Logs may be cut off anywhere; nothing in them makes it raise."""
    with _without_collection(len(a) + len(b) > _LONG):
        return _compared(a, b, terms, pair_kind)


def _compared(a: Log, b: Log, terms: Terms, pair_kind: pb.PairKind) -> pb.Comparison:
    findings = Findings(terms.max_findings, terms.max_fields)
    # What A breaks is asked only where B breaks something.
    record_a, record_b = read(a, terms, grammar=False), read(b, terms)
    _protocol(a, b, record_a, record_b, findings)
    meanings = Meanings(terms.argument_rules)
    pairs = aligned(argued(record_a, terms, meanings), argued(record_b, terms, meanings))
    compare_calls(pairs, terms, findings)
    compare_effects(pairs, record_a, record_b, terms, findings)
    compare_order(pairs, findings)
    compare_outputs(record_a, record_b, terms, findings)
    run_a, run_b = _run(a, record_a, terms, findings), _run(b, record_b, terms, findings)
    _figures(run_a, run_b, findings)
    _remarks(record_a, record_b, terms, findings)
    return pb.Comparison(
        a=run_a,
        b=run_b,
        pair_kind=pair_kind,
        tiers=findings.tiers(),
        findings=findings.kept(),
        fields=findings.fields(),
        calls=shown(pairs, terms),
        remarks=list(findings.remarks),
        truncated=findings.truncated or len(pairs) > terms.max_calls,
    )


@contextmanager
def _without_collection(long: bool) -> Iterator[None]:
    """Leave garbage alone meanwhile: a long comparison makes many objects and no cycles, and is searched often.

    That takes a fifth of its time. Whoever finds the collector on puts it on again.
    """
    on = long and gc.isenabled()
    if on:
        gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def brief(comparison: pb.Comparison) -> pb.Comparison:
    """Return what a judge needs of *comparison*: no calls, no equal text, at most ten findings of each weight."""
    kept = pb.Comparison(
        a=comparison.a,
        b=comparison.b,
        pair_kind=comparison.pair_kind,
        tiers=comparison.tiers,
        fields=comparison.fields,
        remarks=comparison.remarks,
        truncated=comparison.truncated,
    )
    for hard in (True, False):
        kept.findings.extend(islice((found for found in comparison.findings if found.hard == hard), 10))
    return kept


def _protocol(a: Log, b: Log, record_a: Record, record_b: Record, findings: Findings) -> None:
    """Hold both logs to the grammar. What A breaks as well is not of B's doing."""
    findings.compared(STRUCTURE)
    if not a or not b:
        findings.remark("a log is empty")
        return
    if record_a.finished is None or record_b.finished is None:
        findings.remark("a run is not over; it was compared as far as it got")
        return
    broken = [] if record_b.orderly else violations(b)
    if broken and not violations(a):
        for rule in broken[:_VIOLATIONS]:
            findings.add(STRUCTURE, "PROTOCOL", hard=True, path="log", field="log", b=rule, message=f"B: {rule}")


def _run(log: Log, record: Record, terms: Terms, findings: Findings) -> pb.ComparedRun:
    state, by = success(log, record, terms, findings)
    cost = None
    if record.nanos is not None and (record.usage.input_tokens or record.usage.output_tokens):
        cost = common.Money(currency_code=terms.prices.currency, nanos=record.nanos)
    return pb.ComparedRun(
        run_id=record.run_id,
        agent=record.accepted.agent,
        mode=record.mode,
        runtime=record.runtime,
        runtime_version=record.runtime_version,
        source_run_id=record.accepted.source_run_id,
        outcome=record.finished.outcome if record.finished else events.RUN_OUTCOME_UNSPECIFIED,
        success=state,
        success_by=by,
        events=record.events,
        models=sorted(record.models),
        model_calls=record.model_calls,
        tool_calls=len(record.calls),
        usage=record.usage,
        cost=cost,
        price_table=terms.prices.version,
        latency=record.clock.split(),
        accepted_at=record.accepted_at,
        irreversible_tools=irreversible(record, terms),
    )


def _figures(a: pb.ComparedRun, b: pb.ComparedRun, findings: Findings) -> None:
    if UNKNOWN not in (a.success, b.success):
        findings.compared(SUCCESS)
        if a.success != b.success:
            words = [pb.SuccessState.Name(run.success).removeprefix("SUCCESS_STATE_").lower() for run in (a, b)]
            findings.add(
                SUCCESS, "SUCCESS_DIFFERS", path="success", field="success", a=f"{words[0]} ({a.success_by})",
                b=f"{words[1]} ({b.success_by})", message="only one run reached the objective",
            )  # fmt: skip
    if a.HasField("cost") and b.HasField("cost"):
        findings.compared(COST)
    if a.latency.trusted and b.latency.trusted:
        findings.compared(LATENCY)


def _remarks(a: Record, b: Record, terms: Terms, findings: Findings) -> None:
    one, two = a.accepted.agent, b.accepted.agent
    if one.name != two.name:
        findings.remark(f"the agents differ: {one.name} and {two.name}")
    elif (one.version, one.digest) != (two.version, two.digest):
        findings.remark(f"the versions of {one.name} differ: {one.version} and {two.version}")
    if a.accepted.input.digest != b.accepted.input.digest:
        findings.remark("the inputs differ")
    for record, lane in ((a, "A"), (b, "B")):
        if not record.clock.trusted:
            findings.remark(f"the clocks in the log of {lane} contradict each other; its times are not judged")
        if record.unpriced:
            findings.remark(f"{terms.prices.version} has no price for {', '.join(sorted(record.unpriced))}")
        if record.unknown_types:
            findings.remark(f"the log of {lane} has events of unknown types: {', '.join(sorted(record.unknown_types))}")
    unknown = sorted({call.tool for record in (a, b) for call in record.calls if not call.asked.effect_class})
    if unknown:
        findings.remark(f"{', '.join(unknown)} declare no effect and count as irreversible writes")
    if not {call.tool for call in a.calls} & {call.tool for call in b.calls} and a.calls and b.calls:
        findings.remark("the runs have no tool in common")
