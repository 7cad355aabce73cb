"""What the router measures of a run."""

from __future__ import annotations

import secrets
import time
from typing import Any

from google.protobuf import duration_pb2, timestamp_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.events import ROUTER
from pal_router.active import ActiveRun
from pal_rpc.telemetry import trace_id


def run_span(run: ActiveRun, runtime: registry.RegisteredRuntime, started: float) -> traces.TraceSpan:
    """Return the measurement of *run*, which is over and began at *started* (seconds since the epoch)."""
    finished = run.fold.finished or events.RunFinished()
    statuses = {
        events.RUN_OUTCOME_SUCCEEDED: traces.SPAN_STATUS_OK,
        events.RUN_OUTCOME_CANCELLED: traces.SPAN_STATUS_CANCELLED,
    }
    return _span(
        run,
        started,
        time.time() - started,
        kind=traces.SPAN_KIND_RUN,
        name=f"run {run.acceptance.agent.metadata.name}",
        status=statuses.get(finished.outcome, traces.SPAN_STATUS_ERROR),
        error_reason=finished.failure.reason,
        runtime=runtime.name,
        runtime_version=runtime.installed_version,
        usage=finished.usage,
        cost=finished.cost if finished.HasField("cost") else None,
    )


def queue_span(
    run: ActiveRun, runtime: str, seconds: float, status: traces.SpanStatus, error_reason: str = ""
) -> traces.TraceSpan:
    """Return the measurement of the *seconds* that *run* has just waited for a place on *runtime*."""
    return _span(
        run,
        time.time() - seconds,
        seconds,
        kind=traces.SPAN_KIND_QUEUE,
        name=f"queue {runtime}",
        status=status,
        error_reason=error_reason,
        runtime=runtime,
        attempt=run.epoch,
    )


def _span(run: ActiveRun, started: float, seconds: float, **fields: Any) -> traces.TraceSpan:
    nanos = int(seconds * 1e9)
    return traces.TraceSpan(
        trace_id=trace_id(run.traceparent),
        span_id=secrets.token_hex(8),
        run_id=run.run_id,
        started_at=timestamp_pb2.Timestamp(seconds=int(started), nanos=int(started % 1 * 1e9)),
        duration=duration_pb2.Duration(seconds=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000),
        mode=run.mode,
        component=ROUTER,
        **fields,
    )
