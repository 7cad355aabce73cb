"""Tasks that live as long as what began them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

_AGAIN_SECONDS = 0.2


async def end(task: asyncio.Task[None]) -> None:
    """Cancel *task* and return once it has ended.

    A cancellation that comes in the same moment as an answer of a peer may be lost on the way; a task that goes on is
    therefore asked again.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_SECONDS)
    with suppress(asyncio.CancelledError):
        await task
