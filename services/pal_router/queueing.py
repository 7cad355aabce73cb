"""A run's wait for a place on its runtime."""

from __future__ import annotations

import asyncio
import time

from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import trace_span_pb2 as traces
from pal_router.active import ActiveRun
from pal_router.spans import queue_span
from pal_rpc.errors import MeshError
from pal_rpc.spans import SpanWriter


def path_of(run: ActiveRun) -> tuple[str, str, str]:
    """Return between whom turns are taken, from the widest to the narrowest."""
    accepted = run.acceptance.accepted
    return accepted.requester.tenant, accepted.requester.id, accepted.agent.name


async def wait_for_place(run: ActiveRun, runtime: str, time_left_seconds: float, spans: SpanWriter) -> None:
    """Return once *run* holds its place on *runtime*; the wait is measured, however it ends.

    Raises:
        MeshError: DEADLINE_EXCEEDED, or RUNTIME_UNAVAILABLE when the runtime went away.
    """
    began = time.monotonic()
    status, reason = traces.SPAN_STATUS_CANCELLED, ""
    try:
        async with asyncio.timeout(time_left_seconds):
            await run.slot.wait()
        status = traces.SPAN_STATUS_OK
    except TimeoutError:
        status, reason = traces.SPAN_STATUS_ERROR, "DEADLINE_EXCEEDED"
        raise MeshError(
            reasons.ERROR_REASON_DEADLINE_EXCEEDED,
            f"the run's time was up while it waited for a place on runtime {runtime}",
            runtime=runtime,
        ) from None
    except MeshError as error:
        status, reason = traces.SPAN_STATUS_ERROR, error.reason_name
        raise
    finally:
        spans.add(queue_span(run, runtime, time.monotonic() - began, status, reason))
