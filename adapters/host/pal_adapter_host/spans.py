"""The measurement of one attempt: the runtime's share is what its calls do not account for."""

from __future__ import annotations

import secrets
import time

from google.protobuf import duration_pb2

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_adapter_host.runtime import Runtime
from pal_log.events import now
from pal_rpc.telemetry import trace_id

_STATUSES = {
    events.RUN_OUTCOME_SUCCEEDED: traces.SPAN_STATUS_OK,
    events.RUN_OUTCOME_CANCELLED: traces.SPAN_STATUS_CANCELLED,
}


class AttemptSpan:
    """Measures one attempt from now on."""

    def __init__(self, runtime: Runtime, request: rt.RuntimeServiceRunRequest) -> None:
        """Start the clock."""
        self._runtime = runtime
        self._lease = request.lease
        self._agent = request.agent.metadata.name
        self._traceparent = request.traceparent
        self._started_at = now()
        self._clock = time.monotonic_ns()

    def frame(self, result: rt.RuntimeResult) -> rt.RunFrame:
        """Return the measurement of the attempt, which ended with *result*."""
        nanos = time.monotonic_ns() - self._clock
        name = self._runtime.capability.runtime
        span = traces.TraceSpan(
            trace_id=trace_id(self._traceparent),
            span_id=secrets.token_hex(8),
            parent_span_id=self._traceparent.split("-")[2] if trace_id(self._traceparent) else "",
            run_id=self._lease.run_id,
            kind=traces.SPAN_KIND_RUNTIME,
            name=f"runtime {name} {self._agent}",
            started_at=self._started_at,
            duration=duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000),
            status=_STATUSES.get(result.outcome, traces.SPAN_STATUS_ERROR),
            error_reason=result.failure.reason,
            mode=self._lease.mode,
            component=f"adapter.{name}",
            runtime=name,
            runtime_version=self._runtime.installed_version,
            attempt=self._lease.epoch,
        )
        return rt.RunFrame(span=span)
