"""A process is kept to its share of a core."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pal_cli.plugins.pacing import paced
from pal_cli.plugins.watching import Census


@pytest.fixture
def spinning() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) as process:
        yield process.pid
        process.kill()


async def test_a_process_that_spins_gets_its_share_and_no_more(spinning: int) -> None:
    census = Census()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            await paced(spinning, 20, census)
    used_seconds = census.usage(spinning).cpu_seconds

    # 0.4 s, and what it used before the first look.
    assert used_seconds < 0.8


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
