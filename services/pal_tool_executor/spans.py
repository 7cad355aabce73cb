"""The span of a tool call."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.events import TOOL_EXECUTOR
from pal_rpc.lease import Lease
from pal_rpc.spans import lease_span

_STATUSES = {
    events.TOOL_CALL_OUTCOME_SUCCEEDED: traces.SPAN_STATUS_OK,
    events.TOOL_CALL_OUTCOME_CANCELLED: traces.SPAN_STATUS_CANCELLED,
}


def call_span(lease: Lease, tool: str, finished: events.ToolCallFinished, began: float) -> traces.TraceSpan:
    """Return the measurement of a call that began at *began* (seconds since the epoch) and is over now."""
    return lease_span(
        lease,
        began,
        kind=traces.SPAN_KIND_TOOL_CALL,
        name=f"tool.call {tool}",
        status=_STATUSES.get(finished.outcome, traces.SPAN_STATUS_ERROR),
        error_reason=finished.failure.reason,
        component=TOOL_EXECUTOR,
        call_id=finished.call_id,
    )
