"""kill -9 of the controller at each step of a rollout: the routes end where they should, and no step is taken twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, cycle
from pathlib import Path

import grpc
import pytest

from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import rollout_service_pb2_grpc as rpc
from pal_rollout.machine import ACTIVE
from pal_rpc.channels import channel
from tests.integration.migration.conftest import Bench
from tests.integration.migration.rollouts import labels, rollout, shares, wave

pytestmark = pytest.mark.drill

# Where a life ends, and how often it passes there before: what a life does not outlast has to leave it something.
NOTED, SET, CHANGE, BEFORE, SHADOW = "noted", "set", "change", "before", "shadow"
PASSES = {NOTED: 0, SET: 0, CHANGE: 1, BEFORE: 1, SHADOW: 0}
MOST_LIVES = 60


@dataclass
class Lives:
    """A migration service that is killed and started again until a rollout is over."""

    bench: Bench
    path: Path
    points: Iterator[str]
    killed_at: list[str] = field(default_factory=list)
    store_url: str = ""
    passes: Mapping[str, int] = field(default_factory=lambda: PASSES)

    @asynccontextmanager
    async def life(self, *, immortal: bool = False) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
        """Start the service and yield it with its address; it is gone afterwards."""
        kills = self.path / "kills"
        kills.mkdir(exist_ok=True)
        point = next(self.points)
        for wish in kills.iterdir():
            wish.unlink()
        if not immortal:
            (kills / f"rollout.{point}@migration").write_text(str(self.passes[point]))
        read_end, write_end = os.pipe()
        config = self.bench.config
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "pal_migration"),
            pass_fds=[write_end],
            stderr=asyncio.subprocess.DEVNULL,
            env={
                "PATH": os.environ["PATH"],
                "PAL_ADDRESS": config.address,
                "PAL_DATA_DIR": str(self.path),
                "PAL_SERVICE_TOKEN_FILE": str(config.service_token_file),
                "PAL_ROUTER_ADDRESS": config.router_address,
                "PAL_REGISTRY_ADDRESS": config.registry_address,
                "PAL_RECORDER_ADDRESS": config.recorder_address,
                "PAL_ROLLOUT_INTERVAL_SECONDS": "0.05",
                "PAL_SHADOW_RUNS_PER_SECOND": "1000",
                "PAL_KILL_POINTS": str(kills),
                "PAL_STORE_URL": self.store_url,
                "PAL_READY_FD": str(write_end),
            },
        )
        os.close(write_end)
        with os.fdopen(read_end) as ready:
            line = await asyncio.to_thread(ready.readline)
        try:
            yield process, json.loads(line)["address"] if line else ""
        finally:
            if process.returncode is None:
                # Not by its method, which may take in the end of what has killed itself and lose how it ended.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
            if await process.wait() == -signal.SIGKILL:
                self.killed_at.append(point)

    async def until_over(self, agents: Sequence[str]) -> pb.RolloutStatus:
        """Live on, with live runs of *agents* going all the time, until the newest rollout is over."""
        for _ in range(MOST_LIVES):
            async with self.life() as (process, address), asyncio.timeout(120):
                status = await self._lived(process, address, agents)
            if status is not None:
                return status
        raise AssertionError(f"not over after {MOST_LIVES} lives: {self.killed_at}")

    async def _lived(
        self, process: asyncio.subprocess.Process, address: str, agents: Sequence[str]
    ) -> pb.RolloutStatus | None:
        if not address:
            return None
        async with channel(address) as opened:
            service = rpc.RolloutServiceStub(opened)
            while process.returncode is None:
                for agent in agents:
                    await self.bench.live(agent)
                try:
                    found = await service.GetRollout(pb.GetRolloutRequest(), timeout=30)
                except grpc.aio.AioRpcError:
                    await process.wait()
                    return None
                if found.status.state not in ACTIVE:
                    return found.status
        return None


async def begun(lives: Lives, *waves: dict[str, object]) -> None:
    """Apply a rollout in a life that nothing ends, before it has done anything but that."""
    async with lives.life() as (_, address), channel(address) as opened:
        plan = rollout("kills", *waves)
        try:
            await rpc.RolloutServiceStub(opened).ApplyRollout(pb.ApplyRolloutRequest(rollout=plan), timeout=60)
        except grpc.aio.AioRpcError:
            # It was killed on the way; it was kept all the same.
            return


@pytest.mark.parametrize(
    ("first", "points"), [((), (NOTED, SET)), ((SHADOW,), (CHANGE, BEFORE))], ids=["acts", "steps"]
)
async def test_a_controller_that_is_killed_at_every_step_takes_none_twice(
    bench: Bench, agents: list[str], tmp_path: Path, first: tuple[str, ...], points: tuple[str, ...]
) -> None:
    canary, prod_a, _ = agents
    lives = Lives(bench, tmp_path, chain(first, cycle(points)))
    await begun(
        lives,
        wave("canary", {"shadow": {}}, {"weight": 50}, {"weight": 100}, **labels(canary)),
        wave("prod", {"weight": 100}, **labels(prod_a)),
    )

    status = await lives.until_over(agents)

    assert status.state == pb.ROLLOUT_STATE_DONE, status.reason
    assert len(lives.killed_at) >= 4 and set(lives.killed_at) == {*first, *points}
    half, whole, record = ("echo", "other", 5000), ("echo", "other", 10_000), ("other", "", 0)
    assert await shares(bench, canary) == [half, whole, record]
    for agent in agents[1:]:
        assert await shares(bench, agent) == [whole, record]
    assert status.acts == 3 + 2 * 2


async def test_a_rollback_of_what_is_done_that_is_killed_at_every_step_puts_each_route_back_once(
    bench: Bench, agents: list[str], tmp_path: Path
) -> None:
    canary, prod_a, _ = agents
    # The first life is spared. One end of a rollout is all that changes on this way, so a life may end right before it.
    lives = Lives(bench, tmp_path, chain((SET, NOTED), cycle((SET, CHANGE))), passes={**PASSES, CHANGE: 0})
    waves = [wave("canary", {"weight": 100}, **labels(canary)), wave("prod", {"weight": 100}, **labels(prod_a))]
    async with lives.life(immortal=True) as (_, address), channel(address) as opened:
        service = rpc.RolloutServiceStub(opened)
        await service.ApplyRollout(pb.ApplyRolloutRequest(rollout=rollout("kills", *waves)))
        async for frame in service.WatchRollout(pb.WatchRolloutRequest()):
            if frame.status.state == pb.ROLLOUT_STATE_DONE:
                break
            for agent in agents:
                await bench.live(agent)
    async with lives.life() as (process, address), channel(address) as opened:
        with pytest.raises(grpc.aio.AioRpcError):
            await rpc.RolloutServiceStub(opened).RollbackRollout(pb.RollbackRolloutRequest(reason="enough"))
        assert await process.wait() == -signal.SIGKILL

    status = await lives.until_over(agents)

    assert status.state == pb.ROLLOUT_STATE_ROLLED_BACK and lives.killed_at == [NOTED, SET, CHANGE]
    assert status.acts == 3 * 3
    for agent in agents:
        assert await shares(bench, agent) == [("echo", "other", 10_000), ("other", "", 0), ("echo", "", 0)]


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_an_abort_that_is_killed_at_every_step_puts_each_route_back_once(
    bench: Bench, agents: list[str], tmp_path: Path, database: Callable[[], Awaitable[str]], store: str
) -> None:
    canary, prod_a, _ = agents
    url = await database() if store == "postgres" else ""
    lives = Lives(bench, tmp_path, cycle([NOTED, SET]), store_url=url)
    waves = [
        wave("canary", {"weight": 100}, **labels(canary)),
        wave("prod", {"weight": 10, "gates": {"minRuns": 1000}}, {"weight": 100}, **labels(prod_a)),
    ]
    async with lives.life(immortal=True) as (_, address), channel(address) as opened:
        service = rpc.RolloutServiceStub(opened)
        await service.ApplyRollout(pb.ApplyRolloutRequest(rollout=rollout("kills", *waves)))
        async for frame in service.WatchRollout(pb.WatchRolloutRequest()):
            if frame.status.wave == 1 and frame.status.HasField("step_began_at"):
                break
            await bench.live(canary)
    async with lives.life() as (process, address), channel(address) as opened:
        with pytest.raises(grpc.aio.AioRpcError):
            await rpc.RolloutServiceStub(opened).AbortRollout(pb.AbortRolloutRequest(reason="enough"))
        assert await process.wait() == -signal.SIGKILL

    status = await lives.until_over(agents)

    assert status.state == pb.ROLLOUT_STATE_ABORTED
    assert await shares(bench, canary) == [("echo", "other", 10_000), ("echo", "", 0)]
    for agent in agents[1:]:
        assert await shares(bench, agent) == [("echo", "other", 1000), ("echo", "", 0)]
