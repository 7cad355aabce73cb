"""A task ends when it is ended, also one that loses a cancellation."""

from __future__ import annotations

import asyncio

from pal_rpc.ending import end


async def test_a_task_that_loses_a_cancellation_is_asked_again() -> None:
    lost: list[int] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(1)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)

    async with asyncio.timeout(10):
        await end(task)

    assert task.cancelled() and lost == [1]


async def test_a_task_that_is_over_is_left_alone() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    await task

    await end(task)

    assert not task.cancelled()
