"""What is shadowed next hears of nothing that was on its way before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2 as recorder
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import EventWriter
from pal_migration.feed import Feed
from pal_migration.shadows import Shadows
from pal_migration.sqlite import SqliteStore
from pal_rpc.ending import end

ROUTER = EventWriter("router")


class Record:
    """A record whose frames come when a test sends them, to whoever follows it."""

    def __init__(self) -> None:
        self.followed: list[asyncio.Queue[recorder.TailAllResponse]] = []

    async def tail_from(self, cursor: str, type_prefixes: Sequence[str]) -> AsyncIterator[recorder.TailAllResponse]:
        frames: asyncio.Queue[recorder.TailAllResponse] = asyncio.Queue()
        self.followed.append(frames)
        yield recorder.TailAllResponse(cursor=f"beginning {len(self.followed)}")
        while True:
            yield await frames.get()


def ended(run_id: str) -> recorder.TailAllResponse:
    live = common.EXECUTION_MODE_LIVE
    agent = events.RunAccepted(agent=common.SpecRef(name="desk"))
    finished = events.RunFinished(outcome=events.RUN_OUTCOME_SUCCEEDED)
    log = [ROUTER.event(run_id, live, 1, run_accepted=agent), ROUTER.event(run_id, live, 1, run_finished=finished)]
    return recorder.TailAllResponse(events=log, cursor=run_id)


@asynccontextmanager
async def followed(path: Path) -> AsyncIterator[tuple[Record, Shadows]]:
    record, shadows = Record(), Shadows(SqliteStore(path), 10)
    await shadows.open()
    following = asyncio.create_task(Feed(record, shadows).follow())  # type: ignore[arg-type]  # all it follows
    try:
        yield record, shadows
    finally:
        await end(following)


def plan(candidate: str) -> pb.ShadowPlan:
    start = pb.SHADOW_START_AFTER_PRIMARY
    return pb.ShadowPlan(agent="desk", candidate=candidate, sample_ppm=1_000_000, start=start)


async def test_a_run_of_before_that_is_told_late_is_nobodys(tmp_path: Path) -> None:
    async with followed(tmp_path) as (record, shadows), asyncio.timeout(30):
        first = await shadows.start(plan("one"), "echo", [])
        await shadows.stop(pb.ShadowSelector(shadow_id=first.shadow_id))
        starting = asyncio.create_task(shadows.start(plan("two"), "echo", []))
        record.followed[0].put_nowait(ended("of before"))
        second = await starting
        record.followed[-1].put_nowait(ended("of now"))
        _, sample = await shadows.queue.get()

    assert len(record.followed) == 2
    assert sample.run_id == "of now"
    assert second.progress.seen == 1
