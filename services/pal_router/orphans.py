"""Runs that another life of the router left open: they are closed, so that every accepted run has an end."""

from __future__ import annotations

import asyncio

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from pal_router.fold import RunFold
from pal_rpc.appender import Appender
from pal_rpc.errors import MeshError, failure
from pal_rpc.recorder_client import RecorderClient

_OPEN = (shared.RUN_STATE_PENDING, shared.RUN_STATE_RUNNING, shared.RUN_STATE_STOPPING, shared.RUN_STATE_UNSPECIFIED)
_RETRY_SECONDS = 0.5


async def close_orphans(recorder: RecorderClient, appender: Appender) -> int:
    """Finish every open run as FAILED with ROUTER_LOST and return how many there were.

    Called once, before this router takes its first run: there is one router per recorder in this version, so
    whatever is open then belongs to nobody.
    """
    closed = 0
    while True:
        try:
            page = await recorder.runs(shared.RunQuery(states=_OPEN, page_size=200))
        except MeshError:
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        for run in page.runs:
            await _close(run.run_id, recorder, appender)
            closed += 1
        if not page.runs:
            return closed


async def _close(run_id: str, recorder: RecorderClient, appender: Appender) -> None:
    fold = RunFold()
    epoch, mode, traceparent = 0, common.EXECUTION_MODE_LIVE, ""
    async for event in recorder.log(run_id):
        fold.add(event)
        epoch, mode, traceparent = max(epoch, event.lease_epoch), event.mode, event.traceparent
    error = MeshError(
        reasons.ERROR_REASON_ROUTER_LOST, f"the router went away while run {run_id} was going; start it again"
    )
    finished = events.RunFinished(
        outcome=events.RUN_OUTCOME_FAILED,
        failure=failure(error),
        usage=fold.usage,
        cost=fold.cost,
        unresolved_call_ids=sorted(fold.open_calls),
    )
    # A higher epoch: whoever still acts for the run is refused from here on.
    terminal = EventWriter(ROUTER).event(run_id, mode, epoch + 1, traceparent=traceparent, run_finished=finished)
    await appender.append(run_id, [terminal])
