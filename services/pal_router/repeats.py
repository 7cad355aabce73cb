"""Requests that come again: whether the record has the run that they began."""

from __future__ import annotations

from pal.v1 import error_reason_pb2 as reasons
from pal_router.active import ActiveRun
from pal_router.admission import reused
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient


async def check_same(run_id: str, request_digest: str, recorder: RecorderClient) -> None:
    """Check that the run was begun by the same request.

    Raises:
        MeshError: REQUEST_ID_REUSED, or RUN_NOT_FOUND.
    """
    first = (await recorder.read(run_id)).events[0].run_accepted
    if first.request_digest != request_digest:
        raise reused(first.request_id, run_id)


async def begun_before(run: ActiveRun, recorder: RecorderClient) -> bool:
    """Tell whether the record has the run already, begun by the same request."""
    accepted = run.acceptance.accepted
    if not accepted.request_id:
        return False
    try:
        await check_same(run.run_id, accepted.request_digest, recorder)
    except MeshError as error:
        if error.reason != reasons.ERROR_REASON_RUN_NOT_FOUND:
            raise
        return False
    return True
