"""A router with a real registry, a real recorder and a real adapter (echo); the seams are the scripted fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config as AdapterConfig
from pal_adapter_host.host import adapter
from pal_cli.health import wait_ready
from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_router.__main__ import Config as RouterConfig
from pal_router.__main__ import router
from pal_router.acceptance import run_id_of
from pal_rpc.channels import channel
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_rpc.recorder_client import RecorderClient
from tests.fakes.seams import FakeSeams, Say, Script, seams

DESK = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: desk, version: 1.0.0}
spec: {objective: Answer.}
"""


@dataclass(frozen=True)
class Bench:
    """Everything a test of the router touches."""

    router: rpc.RouterServiceStub
    registry: registry_rpc.RegistryServiceStub
    record: RecorderClient
    fakes: FakeSeams
    keys: Path
    config: RouterConfig
    address: str

    def script(self, request_id: str, *says: Say, **tools: object) -> Script:
        """Script the run that a request will make."""
        script = Script(says=says, tools=dict(tools))  # type: ignore[arg-type]
        self.fakes.scripts[run_id_of(request_id, "default")] = script
        return script

    async def apply(self, text: str) -> None:
        """Publish documents."""
        await self.registry.Apply(registry_pb.ApplyRequest(text=text))

    async def run(self, request_id: str, **fields: object) -> list[events.RunEvent]:
        """Run an agent and return the events that the client saw."""
        return [frame.event async for frame in self.frames(request_id, **fields) if frame.HasField("event")]

    async def frames(self, request_id: str, **fields: object) -> AsyncIterator[pb.RunStreamFrame]:
        """Run an agent and yield every frame."""
        async for response in self.router.Run(ask(request_id, **fields)):
            for frame in response.frames:
                yield frame


def ask(request_id: str, agent: str = "desk", text: str = "hello", **fields: object) -> pb.RunRequest:
    """Return a request of a run."""
    return pb.RunRequest(
        request_id=request_id,
        agent=common.SpecSelector(name=agent),
        input=common.Payload(text=text),
        **fields,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def router_options() -> dict[str, Any]:
    """What a module sets otherwise in the configuration of its router."""
    return {}


@pytest.fixture(scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory, router_options: dict[str, Any]) -> AsyncIterator[Bench]:
    path: Path = tmp_path_factory.mktemp("router")
    keys, any_port = path / "keys", "127.0.0.1:0"
    create_keys(keys)
    (keys / "router.token").write_text(issue_token(private_key(keys, MESH), "router"))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        fakes, _ = await enter(seams())
        own: Any = {"address": any_port, "data_dir": path, "keys_dir": keys, "drain_seconds": 0.0}
        drills = router_options.get("drills", False)
        documents = await enter(registry(RegistryConfig(default_runtime="echo", drills=drills, **own)))
        record = await enter(recorder(RecorderConfig(**own)))
        config = RouterConfig(
            address=any_port,
            registry_address=documents.address,
            recorder_address=record.address,
            keys_dir=keys,
            service_token_file=keys / "router.token",
            drain_seconds=0.5,
            **router_options,
        )
        front = await enter(router(config))
        adapters = AdapterConfig(
            address=any_port,
            registry_address=documents.address,
            llm_provider_address=fakes.address,
            tool_executor_address=fakes.address,
            drain_seconds=0.5,
        )
        await enter(adapter(adapters, EchoRuntime()))
        await wait_ready({"router": front.address, "registry": documents.address}, ["echo"], 60)
        recorder_channel = await enter(channel(record.address))
        running = Bench(
            router=rpc.RouterServiceStub(await enter(channel(front.address))),
            registry=registry_rpc.RegistryServiceStub(await enter(channel(documents.address))),
            record=RecorderClient(recorder_rpc.RecorderServiceStub(recorder_channel), record.address),
            fakes=fakes,
            keys=keys,
            config=config,
            address=front.address,
        )
        await running.apply(DESK)
        yield running
