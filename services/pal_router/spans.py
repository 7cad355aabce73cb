"""The span of a whole run."""

from __future__ import annotations

import secrets
import time

from google.protobuf import duration_pb2, timestamp_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.events import ROUTER
from pal_router.active import ActiveRun
from pal_rpc.telemetry import trace_id


def run_span(run: ActiveRun, runtime: registry.RegisteredRuntime, started: float) -> traces.TraceSpan:
    """Return the measurement of *run*, which is over and began at *started* (seconds since the epoch)."""
    finished = run.fold.finished or events.RunFinished()
    nanos = int((time.time() - started) * 1e9)
    statuses = {
        events.RUN_OUTCOME_SUCCEEDED: traces.SPAN_STATUS_OK,
        events.RUN_OUTCOME_CANCELLED: traces.SPAN_STATUS_CANCELLED,
    }
    return traces.TraceSpan(
        trace_id=trace_id(run.traceparent),
        span_id=secrets.token_hex(8),
        run_id=run.run_id,
        kind=traces.SPAN_KIND_RUN,
        name=f"run {run.acceptance.agent.metadata.name}",
        started_at=timestamp_pb2.Timestamp(seconds=int(started), nanos=int(started % 1 * 1e9)),
        duration=duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000),
        status=statuses.get(finished.outcome, traces.SPAN_STATUS_ERROR),
        error_reason=finished.failure.reason,
        mode=common.EXECUTION_MODE_LIVE,
        component=ROUTER,
        runtime=runtime.name,
        runtime_version=runtime.installed_version,
        usage=finished.usage,
        cost=finished.cost if finished.HasField("cost") else None,
    )
