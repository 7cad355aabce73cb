"""The span of a model call."""

from __future__ import annotations

from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_llm_provider.provider import Profile
from pal_log.events import LLM_PROVIDER
from pal_rpc.lease import Lease
from pal_rpc.spans import lease_span


def call_span(lease: Lease, profile: Profile, finished: events.ModelCallFinished, began: float) -> traces.TraceSpan:
    """Return the measurement of a call that began at *began* (seconds since the epoch) and is over now."""
    if finished.stop_reason == events.MODEL_STOP_REASON_CANCELLED:
        status = traces.SPAN_STATUS_CANCELLED
    else:
        status = traces.SPAN_STATUS_ERROR if finished.HasField("failure") else traces.SPAN_STATUS_OK
    return lease_span(
        lease,
        began,
        kind=traces.SPAN_KIND_MODEL_CALL,
        name=f"model.call {profile.name}",
        status=status,
        error_reason=finished.failure.reason,
        component=LLM_PROVIDER,
        usage=finished.usage if finished.HasField("usage") else None,
        cost=finished.cost if finished.HasField("cost") else None,
        call_id=finished.call_id,
    )
