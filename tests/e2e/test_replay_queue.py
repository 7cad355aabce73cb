"""Replays over several machines: one command queues them in PostgreSQL, workers carry them out."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.e2e.conftest import PAL, ROOT, Cli, Finished

RUNS = 4
SELECTED = "agent=support-desk label.queued=yes"


@asynccontextmanager
async def worker(mesh: Cli, url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Work on the queue at *url* until the end."""
    process = await asyncio.create_subprocess_exec(
        *(PAL, "worker", "--queue", url, "--workers", "2"), env={**os.environ, "PAL_HOME": str(mesh.home)}, cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def runs_to_repeat(pal: Cli, label: str) -> None:
    for number in range(RUNS):
        run = (
            "run",
            "support-desk",
            "-i",
            f"Where is order A-100{number}?",
            "-r",
            "agno",
            "--label",
            f"queued={label}",
        )
        assert (await pal(*run)).code == 0


def replays(finished: Finished) -> set[tuple[str, str]]:
    return {(replay["source_run_id"], replay["run_id"]) for replay in finished.json["replays"]}


@pytest.mark.drill
async def test_what_one_command_queues_workers_carry_out(pal: Cli, database: Callable[[], Awaitable[str]]) -> None:
    url = await database()
    await runs_to_repeat(pal, "yes")
    options = ("--select", SELECTED, "-r", "pydantic-ai", "--queue", url, "-o", "json")

    async with worker(pal, url), worker(pal, url):
        repeated = await pal("replay", *options)
    emptied = await pal("worker", "--queue", url, "--until-empty")
    again = await pal("replay", "--select", SELECTED, "-r", "pydantic-ai", "-o", "json")

    assert (repeated.code, emptied.code) == (0, 0), repeated.err + emptied.err
    assert (repeated.json["summary"]["replays"], repeated.json["summary"]["same"]) == (RUNS, RUNS)
    assert replays(again) == replays(repeated)


@pytest.mark.slow
async def test_a_job_whose_worker_was_killed_goes_back(pal: Cli, database: Callable[[], Awaitable[str]]) -> None:
    url = await database()
    await runs_to_repeat(pal, "killed")
    options = ("--select", "agent=support-desk label.queued=killed", "-r", "agno", "--rate", "2", "--queue", url)

    async with worker(pal, url) as lost:
        repeating = asyncio.create_task(pal("replay", *options, "-o", "json"))
        done, _ = await asyncio.wait([repeating], timeout=2)
        assert not done
        lost.kill()
        await lost.wait()
    async with worker(pal, url):
        repeated = await repeating

    assert repeated.code == 0, repeated.err
    assert repeated.json["summary"]["same"] == RUNS


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://here/queue", "--queue=mysql://here/queue: write postgresql://"),
        ("postgresql://127.0.0.1:1/queue", "start the server"),
    ],
)
async def test_a_queue_that_cannot_be_used_is_named(pal: Cli, url: str, words: str) -> None:
    refused = await pal("worker", "--queue", url)

    assert refused.code == 2 and words in refused.err, refused.err
