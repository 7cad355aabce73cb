"""Frames: together when they pile up, never lost, the result last."""

from __future__ import annotations

import asyncio

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal_adapter_host.outbox import MAX_FRAMES, Outbox

RESULT = rt.RunFrame(result=rt.RuntimeResult(outcome=1))


def text(number: int) -> rt.RunFrame:
    return rt.RunFrame(live_output=shared.LiveOutput(offset=number))


async def test_what_piles_up_goes_out_together() -> None:
    outbox = Outbox()
    await outbox.put([text(1)])
    await outbox.put([text(2), text(3)])
    outbox.close([RESULT])

    assert [batch async for batch in outbox.batches()] == [[text(1), text(2), text(3), RESULT]]


async def test_a_frame_may_wait_for_the_next_one() -> None:
    outbox = Outbox()
    await outbox.put([text(1)], linger=True)
    batches = outbox.batches()
    first = asyncio.ensure_future(anext(batches))
    await asyncio.wait([first], timeout=0.01)
    waiting = not first.done()

    outbox.close([RESULT])

    assert waiting
    assert await first == [text(1), RESULT]


async def test_a_full_outbox_makes_the_run_wait() -> None:
    outbox = Outbox()
    await outbox.put([text(n) for n in range(MAX_FRAMES)])
    more = asyncio.ensure_future(outbox.put([text(MAX_FRAMES)]))
    await asyncio.wait([more], timeout=0.01)
    waiting = not more.done()

    first = await anext(outbox.batches())
    await more

    assert waiting
    assert len(first) == MAX_FRAMES


async def test_nothing_follows_the_result() -> None:
    outbox = Outbox()
    outbox.close([RESULT])
    outbox.close([RESULT])
    await outbox.put([text(1)])
    outbox.pulse()

    assert [batch async for batch in outbox.batches()] == [[RESULT]]


async def test_a_quiet_run_gives_a_sign_of_life_and_a_talking_one_does_not() -> None:
    outbox = Outbox()
    batches = outbox.batches()
    outbox.pulse()
    pulse = await anext(batches)
    outbox.pulse()
    await outbox.put([text(1)])

    assert [frame.WhichOneof("frame") for frame in pulse] == ["pulse"]
    assert await anext(batches) == [text(1)]
