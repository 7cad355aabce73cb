"""A process is kept to its share of a core."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pal_cli.plugins.pacing import paced
from pal_cli.plugins.watching import Census

SHARE_PERCENT = 20
# The kernel counts in hundredths of a second.
TICKS_SECONDS = 0.05


@pytest.fixture
def spinning() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) as process:
        yield process.pid
        process.kill()


async def test_a_process_that_spins_gets_its_share_and_no_more(spinning: int) -> None:
    census = Census()
    pacing = asyncio.create_task(paced(spinning, SHARE_PERCENT, census))
    async with asyncio.timeout(60):
        began, used_before = await _paused(spinning, census)
        for _ in range(4):
            _, used = await _paused(spinning, census)
            await _until_it_goes_on(spinning)
        took_seconds = time.monotonic() - began
    pacing.cancel()
    await asyncio.gather(pacing, return_exceptions=True)

    # It goes on when its share of the time since has come to what it has used, however late anybody looks.
    assert used > used_before
    assert used - used_before <= took_seconds * SHARE_PERCENT / 100 + TICKS_SECONDS


async def _paused(pid: int, census: Census) -> tuple[float, float]:
    """Return a moment at which the process was paused, and the CPU time that it had by then."""
    while True:
        moment, before = time.monotonic(), _state(pid)
        used_seconds = census.usage(pid).cpu_seconds
        if before == _state(pid) == "T":
            return moment, used_seconds
        await asyncio.sleep(0.01)


async def _until_it_goes_on(pid: int) -> None:
    while _state(pid) == "T":  # noqa: ASYNC110  the kernel tells nobody
        await asyncio.sleep(0.01)


async def test_a_process_that_was_paused_goes_on_when_nobody_paces_it_any_more(spinning: int) -> None:
    census = Census()
    pacing = asyncio.create_task(paced(spinning, 1, census))
    async with asyncio.timeout(10):
        while _state(spinning) != "T":  # noqa: ASYNC110  the kernel tells nobody
            await asyncio.sleep(0.01)
    pacing.cancel()
    await asyncio.gather(pacing, return_exceptions=True)

    assert _state(spinning) != "T"


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0]
