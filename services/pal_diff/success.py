"""Whether a run reached its objective: by the check of its team, else by outcome, output schema and criteria."""

from __future__ import annotations

from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_diff.calls import text_of
from pal_diff.findings import Findings
from pal_diff.record import Record
from pal_diff.schemas import problem
from pal_diff.terms import Log, Terms
from pal_log.ends import by_quota

_HORIZON = "SHADOW_HORIZON"
REACHED, MISSED, UNKNOWN = pb.SUCCESS_STATE_REACHED, pb.SUCCESS_STATE_MISSED, pb.SUCCESS_STATE_UNSPECIFIED


def success(log: Log, record: Record, terms: Terms, findings: Findings) -> tuple[pb.SuccessState, str]:
    """Return the state and what decided it."""
    if terms.check is not None:
        return _checked(log, record, terms, findings)
    if record.finished is None:
        return UNKNOWN, "the run is not over"
    if record.finished.outcome == events.RUN_OUTCOME_CANCELLED:
        return UNKNOWN, "outcome"
    if record.finished.failure.reason == _HORIZON:
        # The shadow was stopped by its rules, not by what it does.
        return UNKNOWN, "horizon"
    if by_quota(record.finished):
        return UNKNOWN, "quota"
    if record.finished.outcome != events.RUN_OUTCOME_SUCCEEDED:
        return MISSED, "outcome"
    output = text_of(record.output, terms) if record.output else ""
    if terms.agent is not None:
        schema = terms.agent.spec.output.schema.text
        if schema and problem(schema, output):
            return MISSED, "output schema"
        for criterion in terms.agent.spec.success_criteria:
            if criterion.schema.text and problem(criterion.schema.text, output):
                return MISSED, f"criterion {criterion.id}"
    return REACHED, "outcome"


def _checked(log: Log, record: Record, terms: Terms, findings: Findings) -> tuple[pb.SuccessState, str]:
    assert terms.check is not None
    by = f"check {terms.check_name}"
    try:
        found = terms.check(log)
    except Exception as error:  # noqa: BLE001 - a check is foreign code
        findings.remark(f"{by} raised {type(error).__name__} on run {record.run_id}: {error}")
        return UNKNOWN, by
    if found is None:
        return UNKNOWN, by
    return (REACHED if found else MISSED), by
