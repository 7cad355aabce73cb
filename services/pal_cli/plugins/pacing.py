"""Keeping an adapter to a share of a core where no control group does: it is paused as often as it needs to be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

from pal_cli.plugins.watching import Census

_LOOK_SECONDS = 0.05


async def paced(leader: int, percent: int | None, census: Census) -> None:
    """Hold the session of process *leader* to *percent* of a core, for ever; None is no limit."""
    if percent is None:
        await asyncio.Event().wait()
        return
    share, began_at = percent / 100, time.monotonic()
    began_cpu = census.usage(leader).cpu_seconds
    try:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            used_seconds = census.usage(leader).cpu_seconds - began_cpu
            ahead_seconds = used_seconds / share - (time.monotonic() - began_at)
            if ahead_seconds > 0:
                _signal(leader, signal.SIGSTOP)
                await asyncio.sleep(ahead_seconds)
                _signal(leader, signal.SIGCONT)
            else:
                # What it did not use is not saved for later.
                began_at, began_cpu = time.monotonic(), began_cpu + used_seconds
    finally:
        _signal(leader, signal.SIGCONT)


def _signal(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, number)
