"""Several routers: each command works at every one of them, and no run is lost with the router that has it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config as AdapterConfig
from pal_adapter_host.host import adapter
from pal_cli.health import wait_ready
from pal_cli.ports import free_addresses
from pal_log.grammar import violations
from pal_log.payload import text_payload
from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_router.acceptance import run_id_of
from pal_router.breakers import IN_A_ROW
from pal_router.holding import BEAT_SECONDS
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.status import from_rpc_error
from tests.fakes.seams import FakeSeams, Say, Script, seams
from tests.integration.router.conftest import DESK, ask

ROOT = Path(__file__).parents[3]
ASKING = """
---
apiVersion: pal/v1
kind: ToolSpec
metadata: {name: ask, version: 1.0.0}
spec: {purpose: Asks., input: {type: object}, effect: {effectClass: READ}, timing: {timeout: 10s}}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: asking, version: 1.0.0}
spec: {objective: Ask., tools: [ask]}
"""
ALONE = """
apiVersion: pal/v1
kind: Quota
metadata: {name: alone, version: 1.0.0}
spec: {match: {agent: alone}, concurrentRuns: 1}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: alone, version: 1.0.0}
spec: {objective: Answer.}
"""
SUCCEEDED, CANCELLED = events.RUN_OUTCOME_SUCCEEDED, events.RUN_OUTCOME_CANCELLED


@dataclass(frozen=True)
class Router:
    """A router in a process of its own."""

    process: asyncio.subprocess.Process
    stub: rpc.RouterServiceStub

    async def follow(self, run_id: str) -> list[events.RunEvent]:
        """Return the events of a run, once it is over."""
        call = self.stub.Watch(pb.WatchRequest(run_id=run_id, follow=True))
        return [frame.event async for response in call for frame in response.frames if frame.HasField("event")]

    async def run(self, request: pb.RunRequest) -> list[events.RunEvent]:
        """Return the events of a run that is begun here, once it is over."""
        call = self.stub.Run(request)
        return [frame.event async for response in call for frame in response.frames if frame.HasField("event")]


@dataclass(frozen=True)
class Mesh:
    """A registry, a runtime, and one recorder or two on one database."""

    records: Sequence[str]
    settings: dict[str, str]
    fakes: FakeSeams
    record: RecorderClient
    stack: AsyncExitStack

    def script(self, *says: Say, **tools: Any) -> tuple[str, Script]:
        """Script a run; return its request id."""
        request_id = str(uuid.uuid4())
        script = self.fakes.scripts[run_id_of(request_id, "default")] = Script(says=says, tools=tools)
        return request_id, script

    async def log(self, request_id: str) -> list[events.RunEvent]:
        """Return what is recorded of a run."""
        return [event async for event in self.record.log(run_id_of(request_id, "default"))]


@pytest.fixture(scope="module", params=["one recorder", pytest.param("two recorders", marks=pytest.mark.slow)])
async def mesh(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Callable[[], Awaitable[Any]]
) -> AsyncIterator[Mesh]:
    path = tmp_path_factory.mktemp("replicas")
    keys = path / "keys"
    create_keys(keys)
    (keys / "router.token").write_text(issue_token(private_key(keys, MESH), "router"))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        fakes, _ = await enter(seams())
        own: Any = {"address": "127.0.0.1:0", "keys_dir": keys, "drain_seconds": 0.0}
        documents = await enter(registry(RegistryConfig(default_runtime="echo", data_dir=path, **own)))
        two = request.param == "two recorders"
        url = await (await postgres()).create_database() if two else None
        records = [
            await enter(recorder(RecorderConfig(store_url=url, data_dir=path / str(n), **own))) for n in range(1 + two)
        ]
        adapters = AdapterConfig(
            address="127.0.0.1:0",
            registry_address=documents.address,
            llm_provider_address=fakes.address,
            tool_executor_address=fakes.address,
            drain_seconds=0.5,
        )
        await enter(adapter(adapters, EchoRuntime()))
        documents_stub = registry_rpc.RegistryServiceStub(await enter(channel(documents.address)))
        await documents_stub.Apply(registry_pb.ApplyRequest(text=DESK + ASKING))
        settings = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PAL_ADDRESS": "127.0.0.1:0",
            "PAL_REGISTRY_ADDRESS": documents.address,
            "PAL_KEYS_DIR": str(keys),
            "PAL_SERVICE_TOKEN_FILE": str(keys / "router.token"),
            "PAL_DRAIN_SECONDS": "0",
            "PAL_DIE_WITH_PARENT": "1",
        }
        record = recorder_rpc.RecorderServiceStub(await enter(channel(records[-1].address)))
        yield Mesh([server.address for server in records], settings, fakes, RecorderClient(record, ""), stack)


@asynccontextmanager
async def routers(mesh: Mesh, count: int = 2, **settings: str) -> AsyncIterator[list[Router]]:
    """Start routers, at one recorder after the other."""
    async with AsyncExitStack() as stack:
        starting = (stack.enter_async_context(_router(mesh, number, **settings)) for number in range(count))
        yield list(await asyncio.gather(*starting))


@asynccontextmanager
async def _router(mesh: Mesh, number: int, **settings: str) -> AsyncIterator[Router]:
    reading, writing = os.pipe()
    known = {"PAL_RECORDER_ADDRESS": mesh.records[number % len(mesh.records)], "PAL_READY_FD": str(writing)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pal_router", env={**mesh.settings, **known, **settings}, pass_fds=[writing],
        cwd=ROOT, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as ready:
            line = await asyncio.to_thread(ready.readline)
        assert line, "the router did not start"
        address = json.loads(line)["address"]
        await wait_ready({"router": address, "registry": mesh.settings["PAL_REGISTRY_ADDRESS"]}, ["echo"], 60)
        async with channel(address) as opened:
            yield Router(process, rpc.RouterServiceStub(opened))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def held(mesh: Mesh, router: Router, *later: Say) -> tuple[str, Script]:
    """Begin a run at *router* whose model is about to answer; it says *later* when it is asked again."""
    request_id, script = mesh.script(Say(chunks=["slow"], hold=asyncio.Event()), *later)
    call = router.stub.Run(ask(request_id))
    await script.reached.wait()
    # Whoever began it has left, and the run goes on.
    call.cancel()
    return request_id, script


async def test_runs_of_a_router_that_is_killed_go_on_at_another_and_those_of_others_are_left_alone(mesh: Mesh) -> None:
    async with routers(mesh, 3) as (killed, one, other):
        lost = [await held(mesh, killed, Say(chunks=["done"])) for _ in range(6)]
        kept, _ = await held(mesh, other)

        killed.process.kill()
        async with asyncio.timeout(60):
            logs = await asyncio.gather(*(one.follow(run_id_of(request_id, "default")) for request_id, _ in lost))

        for log in logs:
            assert log[-1].run_finished.outcome == SUCCEEDED
            assert violations(log) == []
            assert [event.run_started.attempt for event in log if event.type == "run.started"] == [1, 2]
        assert (await mesh.log(kept))[-1].lease_epoch == 1


@pytest.mark.drill
async def test_the_place_of_a_run_is_free_again_though_its_router_was_killed(mesh: Mesh) -> None:
    async with channel(mesh.settings["PAL_REGISTRY_ADDRESS"]) as opened:
        await registry_rpc.RegistryServiceStub(opened).Apply(registry_pb.ApplyRequest(text=ALONE))
    async with routers(mesh) as (killed, other):
        request_id, script = mesh.script(Say(chunks=["slow"], hold=asyncio.Event()), Say(chunks=["done"]))
        call = killed.stub.Run(ask(request_id, agent="alone"))
        await script.reached.wait()
        call.cancel()

        killed.process.kill()
        refused = await _ended(mesh, other)
        async with asyncio.timeout(60):
            log = await other.follow(run_id_of(request_id, "default"))
            while (later := await _ended(mesh, other)) == "QUOTA_EXCEEDED":
                pass

    assert (refused, later) == ("QUOTA_EXCEEDED", "SUCCEEDED")
    assert log[-1].run_finished.outcome == SUCCEEDED


async def _ended(mesh: Mesh, router: Router) -> str:
    """Begin a run of the agent that runs alone; return how it ended, or the reason it was refused for."""
    request_id, _ = mesh.script(Say(chunks=["done"]))
    try:
        log = await router.run(ask(request_id, agent="alone"))
    except grpc.aio.AioRpcError as error:
        return getattr(from_rpc_error(error), "reason_name", "")
    return events.RunOutcome.Name(log[-1].run_finished.outcome).removeprefix("RUN_OUTCOME_")


@pytest.mark.slow
async def test_runs_of_a_router_that_stands_still_are_ended_once(mesh: Mesh) -> None:
    async with routers(mesh) as (still, other):
        request_id, script = mesh.script(Say(chunks=["slow"], hold=asyncio.Event()), Say(chunks=["done"]))
        following = asyncio.create_task(still.run(ask(request_id)))
        await script.reached.wait()

        still.process.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(60):
            log = await other.follow(run_id_of(request_id, "default"))
            still.process.send_signal(signal.SIGCONT)
            seen = await following

        assert log[-1].run_finished.outcome == SUCCEEDED
        # Its client sees what the other router has recorded.
        assert seen == log == await mesh.log(request_id)


@pytest.mark.slow
async def test_runs_of_a_router_that_leaves_go_on_elsewhere(mesh: Mesh) -> None:
    async with routers(mesh) as (leaving, other):
        request_id, _ = await held(mesh, leaving, Say(chunks=["done"]))

        leaving.process.terminate()
        async with asyncio.timeout(60):
            log = await other.follow(run_id_of(request_id, "default"))

        assert log[-1].run_finished.outcome == SUCCEEDED


@pytest.mark.slow
async def test_a_router_that_is_started_again_at_its_place_goes_on_at_once(mesh: Mesh) -> None:
    place = free_addresses(1)[0]
    async with routers(mesh, 1, PAL_ADDRESS=place) as (killed,):
        request_id, _ = await held(mesh, killed, Say(chunks=["done"]))
        killed.process.kill()
        await killed.process.wait()
        async with routers(mesh, 1, PAL_ADDRESS=place) as (again,), asyncio.timeout(60):
            log = await again.follow(run_id_of(request_id, "default"))

    first, second = (event.producer.instance_id for event in log if event.type == "run.routed")
    assert log[-1].run_finished.outcome == SUCCEEDED
    assert first != second and first.partition("/")[0] == second.partition("/")[0]


async def test_the_same_request_at_another_router_is_the_same_run(mesh: Mesh) -> None:
    async with routers(mesh) as (a, b):
        answer = asyncio.Event()
        request_id, script = mesh.script(Say(chunks=["done"], hold=answer))
        first = asyncio.create_task(a.run(ask(request_id)))
        await script.reached.wait()
        second = asyncio.create_task(b.run(ask(request_id)))
        watching = asyncio.create_task(b.follow(run_id_of(request_id, "default")))
        await asyncio.wait([second, watching], timeout=0.2)
        answer.set()
        async with asyncio.timeout(60):
            logs = [await task for task in (first, second, watching)]

        assert logs[0] == logs[1] == logs[2]
        assert len(script.asked) == 1


async def test_a_run_is_cancelled_at_another_router(mesh: Mesh) -> None:
    async with routers(mesh) as (a, b):
        request_id, script = await held(mesh, a)
        run_id = run_id_of(request_id, "default")

        asked = (await b.stub.Cancel(pb.CancelRequest(run_id=run_id, reason="enough"))).run
        async with asyncio.timeout(60):
            log = await a.follow(run_id)
            await script.left.wait()

        assert asked.run_id == run_id
        assert log[-1].run_finished.outcome == CANCELLED
        assert "enough" in log[-1].run_finished.failure.message


@pytest.mark.slow
async def test_a_run_whose_router_is_gone_is_cancelled_all_the_same(mesh: Mesh) -> None:
    async with routers(mesh) as (killed, other):
        request_id, script = await held(mesh, killed, Say(chunks=["done"]))
        killed.process.kill()

        await other.stub.Cancel(pb.CancelRequest(run_id=run_id_of(request_id, "default")))
        async with asyncio.timeout(60):
            log = await other.follow(run_id_of(request_id, "default"))

        assert log[-1].run_finished.outcome == CANCELLED
        assert len(script.asked) == 1


@pytest.mark.parametrize("killed", [pytest.param(False, marks=pytest.mark.slow), True])
async def test_an_answer_is_taken_at_any_router(mesh: Mesh, killed: bool) -> None:
    asked = events.InputRequested(input_id="c1.answer", kind=events.INPUT_KIND_QUESTION, tool_call_id="c1")
    answered = asyncio.Event()

    async def tool(_: object) -> str | events.InputRequested:
        return "blue" if answered.is_set() else asked

    calls = Say(calls=[("c1", "ask", "{}")])
    async with routers(mesh) as (a, b):
        request_id, _ = mesh.script(calls, calls, Say(chunks=["thanks"]), ask=tool)
        run_id = run_id_of(request_id, "default")
        following = asyncio.create_task(a.run(ask(request_id, agent="asking")))
        await _until(mesh, run_id, "run.suspended")
        if killed:
            a.process.kill()

        answered.set()
        await b.stub.Answer(
            pb.AnswerRequest(
                run_id=run_id,
                input_id="c1.answer",
                decision=events.INPUT_DECISION_ACCEPTED,
                answer=text_payload("blue"),
            )
        )
        async with asyncio.timeout(60):
            log = await b.follow(run_id)
            seen = [] if killed else await following
        following.cancel()

        assert log[-1].run_finished.outcome == SUCCEEDED
        assert [event.type for event in log].count("run.resumed") == 1
        assert killed or seen == log


async def _until(mesh: Mesh, run_id: str, type_: str) -> None:
    while True:
        # Nothing of it may be recorded yet.
        with suppress(MeshError):
            async for frame in mesh.record.follow(run_id, 0):
                if frame.event.type == type_:
                    return


async def breaker(router: Router) -> pb.Breaker:
    """Return a breaker of *router*, as soon as it has one."""
    while True:
        if known := (await router.stub.ListBreakers(pb.ListBreakersRequest())).breakers:
            return known[0]
        await asyncio.sleep(0.02)


@pytest.mark.drill
async def test_a_breaker_that_one_router_opens_is_open_at_the_others_within_a_second(mesh: Mesh) -> None:
    async with routers(mesh, 3) as (one, *others):
        # They have to have seen each other before they believe each other.
        await asyncio.sleep(2 * BEAT_SECONDS)
        for _ in range(IN_A_ROW):
            request_id, _ = mesh.script(Say(chunks=[""]))
            failed = await one.run(ask(request_id))
            assert failed[-1].run_finished.failure.reason == "OUTPUT_EMPTY"
        opened = time.monotonic()

        async with asyncio.timeout(60):
            states = [await breaker(router) for router in (one, *others)]
        took = time.monotonic() - opened

        assert [(at.agent, at.state, at.cause) for at in states] == [
            ("desk", pb.BREAKER_STATE_OPEN, "OUTPUT_EMPTY")
        ] * 3
        assert took < 1.5
