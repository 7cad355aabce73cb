"""Routes as routers follow them: the split, the way back, and what becomes of runs that are going."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import run_event_pb2 as events
from pal_cli.health import wait_ready
from pal_router.__main__ import router
from pal_router.acceptance import run_id_of
from pal_rpc.channels import channel
from tests.fakes.seams import Say
from tests.integration.router.conftest import Bench, ask
from tests.integration.router.counted import CountedRuntime, counted

HELLO = Say(chunks=["Hello."])
ROUTERS = 3


async def set_route(bench: Bench, share: int, within_seconds: int = 10, **fields: Any) -> registry.SetRouteResponse:
    """Give the candidate its *share* of the runs of desk, in percent."""
    route = registry.Route(
        agent="desk", stable="echo", candidate="counted", candidate_basis_points=share * 100, **fields
    )
    within = duration_pb2.Duration(seconds=within_seconds)
    return await bench.registry.SetRoute(registry.SetRouteRequest(route=route, acknowledged_within=within))


async def run(bench: Bench, stub: rpc.RouterServiceStub, say: Say = HELLO, **fields: Any) -> list[events.RunEvent]:
    """Run desk once and return its log."""
    request_id = str(uuid.uuid4())
    bench.script(request_id, say, say)
    seen = []
    async for response in stub.Run(ask(request_id, **fields)):
        seen += [frame.event for frame in response.frames if frame.HasField("event")]
    return seen


def choices(log: list[events.RunEvent]) -> list[events.RunRouted]:
    return [event.run_routed for event in log if event.type == "run.routed"]


@pytest.fixture
async def routers(bench: Bench) -> AsyncIterator[list[rpc.RouterServiceStub]]:
    """Return three routers beside one recorder and one registry."""
    async with AsyncExitStack() as stack:
        stubs = [bench.router]
        for _ in range(ROUTERS - 1):
            more = await stack.enter_async_context(router(dataclasses.replace(bench.config)))
            await wait_ready({"router": more.address, "registry": bench.config.registry_address}, ["echo"], 60)
            stubs.append(rpc.RouterServiceStub(await stack.enter_async_context(channel(more.address))))
        yield stubs


async def test_a_conversation_stays_on_one_side_on_every_router(
    bench: Bench, routers: list[rpc.RouterServiceStub]
) -> None:
    async with counted(bench, CountedRuntime(), limit=64):
        await set_route(bench, 50)
        logs = [await run(bench, stub, conversation_id=f"c{i}") for i in range(6) for stub in routers]

    by_conversation = [{choices(log)[0].runtime for log in logs[i : i + ROUTERS]} for i in range(0, len(logs), ROUTERS)]
    assert [len(runtimes) for runtimes in by_conversation] == [1] * 6
    assert {runtime for runtimes in by_conversation for runtime in runtimes} == {"echo", "counted"}
    assert {choices(log)[0].rule_id for log in logs} == {"route", "candidate"}
    assert all(choices(log)[0].route_revision > 0 for log in logs)


async def test_after_a_rollback_is_acknowledged_no_new_run_reaches_the_candidate(
    bench: Bench, routers: list[rpc.RouterServiceStub]
) -> None:
    over, reached, enough = asyncio.Event(), asyncio.Event(), asyncio.Event()
    logs: list[list[events.RunEvent]] = []
    wanted = sys.maxsize

    async def load(stub: rpc.RouterServiceStub) -> None:
        while not over.is_set():
            logs.append(await run(bench, stub))
            if choices(logs[-1])[0].runtime == "counted":
                reached.set()
            if len(logs) >= wanted:
                enough.set()

    async with counted(bench, CountedRuntime(), limit=64):
        await set_route(bench, 50)
        async with asyncio.TaskGroup() as tasks:
            for stub in routers * 4:
                tasks.create_task(load(stub))
            await reached.wait()
            response = await set_route(bench, 0)
            acknowledged_ns = time.time_ns()
            wanted = len(logs) + 100
            await enough.wait()
            over.set()

    routed = [event for log in logs for event in log if event.type == "run.routed"]
    after = [event for event in routed if event.recorded_at.ToNanoseconds() > acknowledged_ns]
    assert [one.acknowledged for one in response.acknowledgements] == [True] * ROUTERS
    assert len(after) >= 50
    assert {event.run_routed.runtime for event in after} == {"echo"}
    assert {event.run_routed.runtime for event in routed} == {"echo", "counted"}
    assert {log[-1].run_finished.outcome for log in logs} == {events.RUN_OUTCOME_SUCCEEDED}


async def test_a_run_that_is_going_stays_unless_it_is_moved(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=64):
        await set_route(bench, 100)
        hold = asyncio.Event()
        held = [Say(chunks=["Hello."], hold=hold)]
        request_ids = [str(uuid.uuid4()) for _ in range(2)]
        scripts = [bench.script(request_id, *held, HELLO) for request_id in request_ids]
        stays = asyncio.create_task(bench.run(request_ids[0]))
        await scripts[0].reached.wait()
        await set_route(bench, 0)
        left = stays.done()
        hold.set()
        stayed = await stays

        hold.clear()
        await set_route(bench, 100)
        moves = asyncio.create_task(bench.run(request_ids[1]))
        await scripts[1].reached.wait()
        await set_route(bench, 0, running=registry.RUNNING_RUNS_MOVE)
        moved = await moves

    assert not left
    assert [choice.runtime for choice in choices(stayed)] == ["counted"]
    assert [choice.runtime for choice in choices(moved)] == ["counted", "echo"]
    assert [event.lease_epoch for event in moved if event.type == "run.routed"] == [1, 2]
    assert moved[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED


async def test_a_run_that_waits_for_the_candidate_goes_where_the_route_is_by_then(bench: Bench) -> None:
    runtime = CountedRuntime()
    async with counted(bench, runtime, limit=1):
        await set_route(bench, 100)
        hold, request_id = asyncio.Event(), str(uuid.uuid4())
        script = bench.script(request_id, Say(chunks=["Hello."], hold=hold))
        first = asyncio.create_task(bench.run(request_id))
        await script.reached.wait()
        waiting_id = str(uuid.uuid4())
        bench.script(waiting_id, HELLO)
        accepted, log = asyncio.Event(), []

        async def follow() -> None:
            async for frame in bench.frames(waiting_id):
                log.append(frame.event)
                accepted.set()

        waiting = asyncio.create_task(follow())
        await accepted.wait()
        await set_route(bench, 0)
        hold.set()
        await first
        await waiting

    log = [event for event in log if event.run_id]
    assert [choice.runtime for choice in choices(log)] == ["counted", "echo"]
    assert run_id_of(waiting_id, "default") not in runtime.begun
    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
