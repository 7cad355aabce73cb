"""kill -9 of each process: no event that a client has seen is lost, and every run comes to its own end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import grpc
import pytest

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_cli.health import wait_ready
from pal_log.grammar import violations
from pal_rpc.channels import channel
from tests.e2e.conftest import ON_POSTGRES, Cli, Server, alive, started

pytestmark = pytest.mark.drill

PROFILES = """
profiles:
  default: {provider: scripted}
  slow: {provider: faulty, model: chunks, options: {chunks: 60, pause_ms: 50}}
  steady: {provider: faulty, model: chunks, options: {chunks: 20, pause_ms: 50}}
"""
SLOW = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: slow, version: 1.0.0}
spec: {objective: Take long., modelNeeds: {profile: slow}}
"""
STRICT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: strict, version: 1.0.0}
spec: {objective: Take long., runtime: {onLoss: FAIL}, modelNeeds: {profile: slow}}
"""
STAGED = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: staged, version: 1.0.0}
spec:
  objective: Take your time.
  modelNeeds: {profile: steady}
  plan:
    stages:
      - {id: root, objective: Begin.}
      - {id: left, objective: Go left., after: [root]}
      - {id: right, objective: Go right., after: [root]}
      - {id: join, objective: Join., after: [left, right]}
"""


@pytest.fixture(scope="module")
async def store(postgres: Server) -> tuple[str, ...]:
    """Say where the mesh of all tests keeps what it has."""
    return ("--store", await (await postgres()).create_database()) if ON_POSTGRES else ()


@pytest.fixture(scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory, store: tuple[str, ...]) -> AsyncIterator[Cli]:
    """Start one mesh for all tests: each of them leaves it as whole as it found it."""
    folder = tmp_path_factory.mktemp("crashes")
    (folder / "profiles.yaml").write_text(PROFILES)
    (folder / "agents.yaml").write_text(f"{SLOW}---{STRICT}---{STAGED}")
    async with started(folder / "home", *store, "--profiles", str(folder / "profiles.yaml")) as pal:
        assert (await pal("apply", "-f", "examples", "-f", str(folder / "agents.yaml"))).code == 0
        yield pal


async def begin(pal: Cli, seen: list[events.RunEvent], agent: str = "slow", stage: str = "") -> asyncio.Task[None]:
    """Start a slow run and return once its model talks, or *stage* began; events are added to *seen* as they come."""
    talking = asyncio.Event()

    async def follow() -> None:
        async with channel(pal.address("router")) as opened:
            request = pb.RunRequest(agent=common.SpecSelector(name=agent), input=common.Payload(text="go"))
            async for response in rpc.RouterServiceStub(opened).Run(request):
                for frame in response.frames:
                    if frame.HasField("event"):
                        seen.append(frame.event)
                    if frame.HasField("live_output") if not stage else frame.event.stage_id == stage:
                        talking.set()

    task = asyncio.create_task(follow())
    waiting = asyncio.create_task(talking.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return task


async def recorded(pal: Cli, run_id: str) -> list[events.RunEvent]:
    """Return the log of a run once it is over."""
    async with channel(pal.address("router")) as opened:
        call = rpc.RouterServiceStub(opened).Watch(pb.WatchRequest(run_id=run_id, follow=True), wait_for_ready=True)
        return [frame.event async for response in call for frame in response.frames if frame.HasField("event")]


@pytest.mark.parametrize("process", ["agno", "llm_provider", "tool_executor"])
async def test_a_run_outlives_the_process_that_it_needs(mesh: Cli, process: str) -> None:
    seen: list[events.RunEvent] = []
    following = await begin(mesh, seen)
    old = mesh.pid(process)

    os.kill(old, signal.SIGKILL)
    await following
    await mesh.restarted(process, old)
    again = await mesh("run", "support-desk", "-i", "Where is order A-1001?", "-r", "agno")

    assert seen[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    assert violations(seen) == []
    # What is known to be away is waited for: no attempt is begun only to be lost as well.
    assert attempts(seen) == (1 if process == "tool_executor" else 2)
    assert again.code == 0, again.err + again.out


async def test_a_plan_outlives_its_adapter_and_no_stage_is_recorded_twice(mesh: Cli) -> None:
    seen: list[events.RunEvent] = []
    following = await begin(mesh, seen, "staged", stage="right")
    old = mesh.pid("agno")

    os.kill(old, signal.SIGKILL)
    await following
    await mesh.restarted("agno", old)

    assert seen[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
    assert violations(seen) == []
    assert attempts(seen) == 2
    names = ("root", "left", "right", "join")
    steps = [(event.type, event.stage_id) for event in seen if event.type.startswith("stage.")]
    assert sorted(steps) == sorted((f"stage.{step}", name) for step in ("started", "finished") for name in names)
    # What was answered before is not asked again.
    asked = [event.stage_id for event in seen if event.type == "model.call.started"]
    assert asked.count("root") == asked.count("join") == 1


async def test_a_run_outlives_the_core_and_nothing_that_was_seen_is_lost(mesh: Cli) -> None:
    seen: list[events.RunEvent] = []
    following = await begin(mesh, seen)
    old = mesh.pid("core")

    os.kill(old, signal.SIGKILL)
    with pytest.raises(grpc.aio.AioRpcError):
        await following
    await mesh.restarted("core", old)
    await wait_ready(mesh.state()["addresses"], ["agno"], 60)
    log = await recorded(mesh, seen[0].run_id)
    again = await mesh("run", "support-desk", "-i", "Where is order A-1001?")

    assert log[: len(seen)] == seen
    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
    assert violations(log) == []
    assert attempts(log) >= 2
    assert again.code == 0, again.err + again.out


async def test_an_agent_may_choose_to_fail_with_its_runtime(mesh: Cli) -> None:
    seen: list[events.RunEvent] = []
    following = await begin(mesh, seen, agent="strict")
    old = mesh.pid("agno")

    os.kill(old, signal.SIGKILL)
    await following
    await mesh.restarted("agno", old)

    assert seen[-1].run_finished.failure.reason == "ADAPTER_LOST"
    assert violations(seen) == []


def attempts(log: list[events.RunEvent]) -> int:
    """Return how often the run was begun."""
    return sum(event.type == "run.started" for event in log)


async def test_a_second_start_cleans_up_after_the_first(mesh: Cli, store: tuple[str, ...]) -> None:
    processes = [entry["pid"] for entry in mesh.state()["processes"].values()]
    supervisor = mesh.state()["pid"]

    os.kill(supervisor, signal.SIGKILL)
    await asyncio.gather(*(_gone(pid) for pid in processes))
    up = await mesh("up", "--detach", "--port", "0", "--runtime", "agno", *store)
    run = await mesh("run", "support-desk", "-i", "Where is order A-1001?")

    assert up.code == 0, up.err
    assert run.code == 0, run.err


async def _gone(pid: int) -> None:
    async with asyncio.timeout(60):
        while alive(pid):  # noqa: ASYNC110  the end of a process that is not our child sends us nothing
            await asyncio.sleep(0.05)
