"""What the recorder does by itself as runs grow old."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from google.protobuf import timestamp_pb2

from pal.service.v1 import recorder_service_pb2 as pb
from pal_recorder.archiving import Archiving
from pal_recorder.retention import Retention
from pal_rpc.errors import MeshError

log = logging.getLogger(__name__)
_DAY_SECONDS, _PAUSE_SECONDS = 86_400, 3600.0


def days_ago(days: float) -> timestamp_pb2.Timestamp:
    """Return the moment so many *days* ago."""
    moment = timestamp_pb2.Timestamp()
    moment.FromNanoseconds(max(0, time.time_ns() - int(days * _DAY_SECONDS * 1_000_000_000)))
    return moment


async def delete_older(retention: Retention, days: float) -> int:
    """Delete the runs that were accepted more than so many *days* ago, and return how many."""
    request, count = pb.DeleteRunsRequest(accepted_before=days_ago(days)), 0
    while True:
        told = await retention.delete(request)
        count += told.runs
        if not told.more:
            return count


async def archive_older(archiving: Archiving, days: float) -> int:
    """Archive the runs that were accepted more than so many *days* ago, and return how many."""
    request, count = pb.ArchiveRunsRequest(accepted_before=days_ago(days)), 0
    while True:
        told = await archiving.archive(request)
        count += told.runs
        if not told.cursor:
            return count
        request.after_cursor = told.cursor


async def hourly(what: str, work: Callable[[], Awaitable[int]]) -> None:
    """Do *work*, which returns on how many runs it was done, now and every hour."""
    while True:
        try:
            if count := await work():
                log.info(what, extra={"runs": count})
        except MeshError as error:
            # Nothing waits for it: what cannot be done now is done in an hour.
            log.warning("old runs stay for now", extra={"reason": error.reason_name, "problem": error.message})
        await asyncio.sleep(_PAUSE_SECONDS)
