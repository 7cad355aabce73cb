"""Stages of a plan: what a stage asks comes after its start in the record, though it comes here by another way."""

from __future__ import annotations

import asyncio
import contextlib

from pal_llm_provider.ledgers import RunAccount
from pal_rpc.errors import InvalidField
from pal_rpc.lease import Lease
from pal_rpc.recorder_client import RecorderClient

# An adapter streams the start before its runtime asks anything, so it is on its way.
BEGIN_SECONDS = 5.0
_STARTED = "stage.started"


async def begun(stage_id: str, lease: Lease, account: RunAccount, recorder: RecorderClient) -> None:
    """Return once *stage_id* has begun in the record of the run; at once for none.

    Raises:
        MeshError: INVALID_FIELD, it has not; or the recorder cannot be reached.
    """
    if not stage_id or stage_id in account.stages:
        return
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(BEGIN_SECONDS),
            contextlib.aclosing(recorder.follow(lease.run_id, 0, [_STARTED])) as frames,  # type: ignore[type-var]
        ):
            async for frame in frames:
                account.stages.add(frame.event.stage_id)
                if stage_id in account.stages:
                    return
    raise InvalidField("request.stage_id", f"stage {stage_id[:63]} of run {lease.run_id} has not begun: begin it first")
