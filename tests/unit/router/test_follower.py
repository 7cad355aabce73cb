"""What a client that follows is told while nothing happens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvloop

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import run_event_pb2 as events
from pal_router import follower
from pal_router.fold import RunFold
from pal_router.follower import Follower


def following(fold: RunFold, **options: Any) -> Follower:
    # Nothing is read from the record while the client keeps up.
    return Follower("r1", fold, None, **options)  # type: ignore[arg-type]


def event(seq: int, type_: str = "note.added") -> events.RunEvent:
    return events.RunEvent(run_id="r1", seq=seq, type=type_)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "PROGRESS_SECONDS", 0.01)


async def test_a_quiet_run_is_said_to_be_quiet_again_and_again(soon: None) -> None:
    fold = RunFold()
    fold.head_seq = 7
    batches = following(fold, after_seq=7).batches()

    seen = [await anext(batches) for _ in range(3)]
    await batches.aclose()  # type: ignore[attr-defined]

    assert [(frame.progress.through_seq, frame.progress.head_seq) for [frame] in seen] == [(7, 7)] * 3


async def test_a_filter_that_lets_nothing_through_is_no_silence(soon: None) -> None:
    fold = RunFold()
    watching = following(fold, type_prefixes=["run."])
    batches = watching.batches()

    watching.offer_event(event(1), 10)
    [frame] = await anext(batches)
    await batches.aclose()  # type: ignore[attr-defined]

    assert frame.HasField("progress")


async def test_an_event_comes_alone_and_the_terminal_one_ends_it() -> None:
    fold = RunFold()
    watching = following(fold)

    watching.offer_event(event(1), 10)
    watching.offer_event(event(2, "run.finished"), 10)
    seen = [[frame.event.seq for frame in batch] async for batch in watching.batches()]

    assert seen == [[1, 2]]


async def test_what_follows_at_once_shares_a_message_and_the_end_brings_it_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follower, "EVENT_WINDOW_SECONDS", 60)
    watching = following(RunFold())
    batches = watching.batches()

    watching.offer_event(event(1), 10)
    first = await anext(batches)
    watching.offer_event(event(2), 10)
    watching.offer_event(event(3), 10)
    watching.offer_event(event(4, "run.finished"), 10)
    rest = [[frame.event.seq for frame in batch] async for batch in batches]

    assert ([frame.event.seq for frame in first], rest) == ([1], [[2, 3, 4]])


async def test_text_waits_for_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "EVENT_WINDOW_SECONDS", 60)
    watching = following(RunFold())
    batches = watching.batches()

    watching.offer_event(event(1), 10)
    await anext(batches)
    watching.offer_event(event(2), 10)
    watching.offer_live(pb.RunStreamFrame(live_output=shared.LiveOutput(text="Hel")), 3)
    second = await anext(batches)
    await batches.aclose()  # type: ignore[attr-defined]

    assert [frame.WhichOneof("frame") for frame in second] == ["event", "live_output"]


async def test_windows_hold_in_the_event_loop_of_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    # So short that uvloop sets no timer for it.
    monkeypatch.setattr(follower, "EVENT_WINDOW_SECONDS", 0.0004)

    async def follow() -> list[int]:
        watching = following(RunFold())
        for seq in range(1, 200):
            watching.offer_event(event(seq), 10)
        watching.offer_event(event(200, "run.finished"), 10)
        return [frame.event.seq async for batch in watching.batches() for frame in batch]

    assert await asyncio.to_thread(uvloop.run, follow()) == list(range(1, 201))
