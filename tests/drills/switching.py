"""Switching under load: the route of an agent goes back and forth while runs go on at three routers.

Each rollback waits until every router has acknowledged it. What counts afterwards: runs that failed, runs that began on
the candidate although its rollback had been acknowledged, and how long the acknowledgement took.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config as AdapterConfig
from pal_adapter_host.host import adapter
from pal_cli.health import wait_ready
from pal_rpc.channels import channel
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from tests.fakes.seams import Say, Script, seams

ROOT = Path(__file__).parents[2]
AGENT, STABLE, CANDIDATE = "desk", "blue", "green"
SPEC = f"""
apiVersion: pal/v1
kind: AgentSpec
metadata: {{name: {AGENT}, version: 1.0.0}}
spec: {{objective: Answer.}}
"""
_WITHIN = duration_pb2.Duration(seconds=30)
_START_SECONDS = 120.0
# How long the candidate has the runs before the next rollback, and stable before the next switch.
REST_SECONDS = 0.1


@dataclass(frozen=True)
class Mesh:
    """A registry, a recorder and routers in processes of their own; two runtimes in this one."""

    registry: registry_rpc.RegistryServiceStub
    routers: Sequence[rpc.RouterServiceStub]


@dataclass(frozen=True)
class Began:
    """Where and when a run began: by the recorder's clock, which is this machine's."""

    runtime: str
    at_ns: int


@dataclass
class Outcome:
    """What became of runs and of rollbacks."""

    began: list[Began] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    # When each rollback was acknowledged by all, and when the next switch was ordered.
    back: list[tuple[int, int]] = field(default_factory=list)
    rollback_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def late(self) -> list[Began]:
        """The runs that began on the candidate while an acknowledged rollback stood."""
        return [
            run
            for run in self.began
            if run.runtime == CANDIDATE and any(known < run.at_ns < ordered for known, ordered in self.back)
        ]


@asynccontextmanager
async def mesh(path: Path, routers: int = 3) -> AsyncIterator[Mesh]:
    """Start everything below *path*."""
    keys = path / "keys"
    create_keys(keys)
    (keys / "router.token").write_text(issue_token(private_key(keys, MESH), "router"))
    own = {"PAL_KEYS_DIR": str(keys), "PAL_DRAIN_SECONDS": "0"}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        fakes, _ = await enter(seams())
        fakes.scripts = _Answering()
        stores = {**own, "PAL_DATA_DIR": str(path), "PAL_DEFAULT_RUNTIME": STABLE}
        documents, record = [await enter(_process(name, stores)) for name in ("registry", "recorder")]
        peers = {"PAL_REGISTRY_ADDRESS": documents, "PAL_RECORDER_ADDRESS": record}
        token = {"PAL_SERVICE_TOKEN_FILE": str(keys / "router.token")}
        addresses = [await enter(_process("router", {**own, **peers, **token})) for _ in range(routers)]
        for name in (STABLE, CANDIDATE):
            config = AdapterConfig(
                address="127.0.0.1:0",
                registry_address=documents,
                llm_provider_address=fakes.address,
                tool_executor_address=fakes.address,
                runtime_name=name,
                drain_seconds=0,
            )
            await enter(adapter(config, EchoRuntime()))
        for address in addresses:
            await wait_ready({"router": address, "registry": documents}, [STABLE, CANDIDATE], _START_SECONDS)
        stub = registry_rpc.RegistryServiceStub(await enter(channel(documents)))
        await stub.Apply(registry.ApplyRequest(text=SPEC))
        running = Mesh(stub, [rpc.RouterServiceStub(await enter(channel(address))) for address in addresses])
        while True:
            if len(await _set(running, STABLE)) == routers:
                break
            # A router that has just started does not watch yet.
            await asyncio.sleep(0.1)
        yield running


async def switched(running: Mesh, runs: int, workers: int = 12) -> Outcome:
    """Carry out *runs*, so many *workers* at a time, while the route goes back and forth until they are over."""
    outcome = Outcome()
    left = iter(range(runs))
    began = time.monotonic()
    switching = asyncio.create_task(_switch(running, outcome))
    try:
        async with asyncio.TaskGroup() as tasks:
            for number in range(workers):
                tasks.create_task(_work(running.routers[number % len(running.routers)], left, outcome))
        outcome.seconds = time.monotonic() - began
    finally:
        switching.cancel()
        await asyncio.wait([switching])
    return outcome


async def _switch(running: Mesh, outcome: Outcome) -> None:
    while True:
        await _set(running, CANDIDATE)
        await asyncio.sleep(REST_SECONDS)
        ordered = time.perf_counter()
        followed = await _set(running, STABLE)
        outcome.rollback_ms.append((time.perf_counter() - ordered) * 1000)
        if not all(one.acknowledged for one in followed):
            outcome.failed["a rollback was not acknowledged"] += 1
        known_ns = time.time_ns()
        try:
            await asyncio.sleep(REST_SECONDS)
        finally:
            outcome.back.append((known_ns, time.time_ns()))


async def _set(running: Mesh, runtime: str) -> Sequence[registry.RouteAcknowledgement]:
    route = registry.Route(agent=AGENT, stable=runtime)
    request = registry.SetRouteRequest(route=route, acknowledged_within=_WITHIN)
    return (await running.registry.SetRoute(request)).acknowledgements


async def _work(router: rpc.RouterServiceStub, left: Iterator[int], outcome: Outcome) -> None:
    request = pb.RunRequest(agent=common.SpecSelector(name=AGENT), input=common.Payload(text="hello"))
    for _ in left:
        ended = runtime = ""
        try:
            async for event in _events(router.Run(request)):
                match event.type:
                    case "run.routed":
                        runtime = event.run_routed.runtime
                    case "run.started":
                        outcome.began.append(Began(runtime, event.recorded_at.ToNanoseconds()))
                    case "run.finished":
                        ended = _ended(event.run_finished)
        except grpc.aio.AioRpcError as error:
            ended = f"{error.code().name}: {error.details()}"
        if ended != "SUCCEEDED":
            outcome.failed[ended or "no end"] += 1


async def _events(call: AsyncIterable[pb.RunResponse]) -> AsyncIterator[events.RunEvent]:
    async for response in call:
        for frame in response.frames:
            if frame.HasField("event"):
                yield frame.event


def _ended(finished: events.RunFinished) -> str:
    word = events.RunOutcome.Name(finished.outcome).removeprefix("RUN_OUTCOME_")
    return word if word == "SUCCEEDED" else f"{word} {finished.failure.reason}"


class _Answering(dict[str, Script]):
    """A script for whatever run asks; it is asked once."""

    def __missing__(self, run_id: str) -> Script:
        return Script(says=[Say(chunks=["Hello."])])


@asynccontextmanager
async def _process(name: str, settings: dict[str, str]) -> AsyncIterator[str]:
    """Run a service in a process of its own; yield its address."""
    reading, writing = os.pipe()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PAL_ADDRESS": "127.0.0.1:0",
        "PAL_READY_FD": str(writing),
        "PAL_DIE_WITH_PARENT": "1",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"pal_{name}", env=environment, pass_fds=[writing], cwd=ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as ready:
            line = await asyncio.to_thread(ready.readline)
        if not line:
            raise RuntimeError(f"{name} did not start")
        yield str(json.loads(line)["address"])
    finally:
        process.terminate()
        await process.wait()
