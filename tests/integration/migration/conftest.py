"""A migration service beside a real router, registry and recorder; two adapters (echo) and scripted seams."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import migration_service_pb2_grpc as rpc
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import router_service_pb2 as router_pb
from pal.service.v1 import router_service_pb2_grpc as router_rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config as AdapterConfig
from pal_adapter_host.host import adapter
from pal_cli.health import wait_ready
from pal_migration.__main__ import Config, migration
from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_router.__main__ import Config as RouterConfig
from pal_router.__main__ import router
from pal_router.acceptance import run_id_of
from pal_rpc.appender import Appender
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.status import from_rpc_error
from tests.fakes.seams import FakeSeams, Say, Script, seams

AGENTS = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: desk, version: 1.0.0, labels: {tier: canary}}
spec: {objective: Answer.}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: vault, version: 1.0.0, labels: {tier: prod}}
spec: {objective: Answer.}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: seer, version: 1.0.0, labels: {tier: canary}}
spec: {objective: Look., requires: {multimodal: true}}
"""


@dataclass
class Bench:
    """Everything a test of the migration service touches."""

    router: router_rpc.RouterServiceStub
    record: RecorderClient
    fakes: FakeSeams
    registry: registry_rpc.RegistryServiceStub
    # Writes to the record as a service does.
    writers: dict[str, Appender]
    config: Config
    # With the keys of the mesh in it.
    home: Path

    @asynccontextmanager
    async def service(self, path: Path, **settings: Any) -> AsyncIterator[rpc.MigrationServiceStub]:
        """Serve the migration service, with its data in *path*."""
        config = Config(**{**vars(self.config), "data_dir": path, **settings})
        async with migration(config) as server, channel(server.address) as opened:
            yield rpc.MigrationServiceStub(opened)

    async def live(
        self,
        agent: str = "desk",
        hold: asyncio.Event | None = None,
        says: Sequence[Say] | None = None,
        request_id: str = "",
    ) -> str:
        """Make a live run and return its id, at its end; with *hold* at once. Its model says hello, or what *says*."""
        request_id = request_id or str(uuid.uuid4())
        run_id = run_id_of(request_id, "default")
        hello = [Say(chunks=["Hello."], hold=hold)]
        self.fakes.scripts[run_id] = Script(says=hello if says is None else list(says))
        request = router_pb.RunRequest(
            request_id=request_id, agent=common.SpecSelector(name=agent), input=common.Payload(text="hello")
        )
        async for response in self.router.Run(request):
            for frame in response.frames:
                if hold is not None and frame.event.type == "run.started":
                    return run_id
        return run_id

    async def shadows(self, run_id: str) -> dict[str, list[events.RunEvent]]:
        """Return the logs of the shadows of a run, by lane."""
        query = router_pb.ListRunsRequest()
        query.query.source_run_id = run_id
        found = await self.router.ListRuns(query)
        return {run.labels["pal.lane"]: [event async for event in self.record.log(run.run_id)] for run in found.runs}


def plan(**fields: Any) -> pb.StartShadowRequest:
    """Return a request to shadow the desk."""
    asked = {"agent": "desk", "candidate": "other", "sample_ppm": 1_000_000, **fields}
    return pb.StartShadowRequest(plan=pb.ShadowPlan(**asked))


async def until(service: rpc.MigrationServiceStub, **counts: int) -> pb.Shadow:
    """Return the shadow of the desk once its progress has reached *counts*."""
    request = pb.WatchShadowRequest(shadow=pb.ShadowSelector(agent="desk"))
    async with asyncio.timeout(60):
        async for frame in service.WatchShadow(request):
            if all(getattr(frame.shadow.progress, name) >= count for name, count in counts.items()):
                return frame.shadow
    raise AssertionError("the watch ended")


async def refusal(call: Any) -> MeshError:
    """Return the error of a call that is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    error = from_rpc_error(refused.value)
    assert error is not None, refused.value
    return error


@pytest.fixture(scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    path: Path = tmp_path_factory.mktemp("migration")
    keys, any_port = path / "keys", "127.0.0.1:0"
    create_keys(keys)
    for service in ("router", "migration"):
        (keys / f"{service}.token").write_text(issue_token(private_key(keys, MESH), service))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        fakes, _ = await enter(seams())
        # Whoever has no script of its own is a shadow.
        fakes.scripts = defaultdict(lambda: Script(says=[Say(chunks=["Hello."])]))
        own: Any = {"address": any_port, "data_dir": path, "keys_dir": keys, "drain_seconds": 0.0}
        documents = await enter(registry(RegistryConfig(default_runtime="echo", settling_seconds=0.0, **own)))
        record = await enter(recorder(RecorderConfig(**own)))
        front = await enter(
            router(
                RouterConfig(
                    address=any_port,
                    registry_address=documents.address,
                    recorder_address=record.address,
                    keys_dir=keys,
                    service_token_file=keys / "router.token",
                    drain_seconds=0.5,
                )
            )
        )
        for name in ("echo", "other"):
            adapters = AdapterConfig(
                address=any_port,
                registry_address=documents.address,
                llm_provider_address=fakes.address,
                tool_executor_address=fakes.address,
                runtime_name=name,
                drain_seconds=0.5,
            )
            await enter(adapter(adapters, EchoRuntime()))
        await wait_ready({"router": front.address, "registry": documents.address}, ["echo", "other"], 60)
        registry_stub = registry_rpc.RegistryServiceStub(await enter(channel(documents.address)))
        await registry_stub.Apply(registry_pb.ApplyRequest(text=AGENTS))
        recorder_stub = recorder_rpc.RecorderServiceStub(await enter(channel(record.address)))
        writers = {
            name: await enter(Appender(recorder_stub, issue_token(private_key(keys, MESH), name)))
            for name in ("router", "llm_provider", "tool_executor")
        }
        yield Bench(
            registry=registry_stub,
            writers=writers,
            router=router_rpc.RouterServiceStub(await enter(channel(front.address))),
            record=RecorderClient(recorder_stub, record.address),
            fakes=fakes,
            home=path,
            config=Config(
                address=any_port,
                router_address=front.address,
                registry_address=documents.address,
                recorder_address=record.address,
                service_token_file=keys / "migration.token",
                shadow_runs_per_second=10_000,
                drain_seconds=0.2,
            ),
        )


@pytest.fixture
async def agents(bench: Bench) -> list[str]:
    """Return three agents of their own: a canary and two of production."""
    mark = uuid.uuid4().hex[:8]
    names = [f"canary-{mark}", f"prod-a-{mark}", f"prod-b-{mark}"]
    documents = [
        f"apiVersion: pal/v1\nkind: AgentSpec\nmetadata: {{name: {name}, version: 1.0.0, labels: "
        f"{{roll: {name[:4]}-{mark}}}}}\nspec: {{objective: Answer.}}\n"
        for name in names
    ]
    await bench.registry.Apply(registry_pb.ApplyRequest(text="---\n".join(documents)))
    return names
