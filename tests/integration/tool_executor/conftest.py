"""A tool executor with a real recorder and a real registry; the tools are the fakes of tests/fakes/tools.py."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.service.v1 import tool_executor_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from pal_log.payload import json_payload
from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_rpc.appender import Appender
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from pal_rpc.identity import OPERATOR, issue_token
from pal_rpc.keys import LEASE, MESH, create_keys, private_key
from pal_rpc.lease import sign_lease
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.status import from_rpc_error
from pal_tool_executor.__main__ import Config, tool_executor
from tests.fakes.drills import Drills

ROOT = Path(__file__).parents[3]
LIVE = common.EXECUTION_MODE_LIVE
_ids = itertools.count(1)
FUNCTIONS = (
    "remember", "remember_async", "keyed", "reports", "raises", "hangs", "waits", "wrong_shape", "unspeakable", "huge",
    "large", "look_up",
)  # fmt: skip


@dataclass
class Bench:
    """Everything a test of the executor touches."""

    tools: rpc.ToolExecutorServiceStub
    registry: registry_rpc.RegistryServiceStub
    record: RecorderClient
    router: Appender
    executor: Appender
    key: ed25519.Ed25519PrivateKey
    config: Config
    drills: Drills

    async def tool(self, name: str, **spec: Any) -> common.SpecRef:
        """Publish a ToolSpec and return its reference."""
        document = {
            "apiVersion": "pal/v1",
            "kind": "ToolSpec",
            "metadata": {"name": name, "version": f"1.0.{next(_ids)}"},
            "spec": {
                "purpose": "Is a fake.",
                "input": {"type": "object"},
                "effect": {"effectClass": "READ"},
                "timing": {"timeout": "50s"},
                **spec,
            },
        }
        return await self.apply(document)

    async def apply(self, document: dict[str, Any]) -> common.SpecRef:
        """Publish a document and return its reference."""
        applied = await self.registry.Apply(registry_pb.ApplyRequest(text=json.dumps(document)))
        return applied.applied[0].document.ref

    async def run(
        self,
        *granted: common.SpecRef,
        terms: shared.ToolGrantTerms | None = None,
        mode: common.ExecutionMode = LIVE,
        seconds: float = 60,
        **accepted: Any,
    ) -> shared.RunLease:
        """Accept a run that was granted tools and return its lease."""
        run_id = f"run-{os.getpid()}-{next(_ids)}"
        accepted.setdefault("agent", common.SpecRef(name="desk", version="1.0.0"))
        body = events.RunAccepted(tools=granted, **accepted)
        await self.router.append(run_id, [EventWriter(ROUTER).event(run_id, mode, 1, run_accepted=body)])
        grant = shared.RunGrant(accepted=body, tool_terms=[terms or shared.ToolGrantTerms() for _ in granted])
        return sign_lease(self.key, run_id, 1, mode, time.time() + seconds, grant)

    def later(self, lease: shared.RunLease, granted: common.SpecRef) -> shared.RunLease:
        """Return the lease of the next attempt of the run."""
        grant = shared.RunGrant(
            accepted=events.RunAccepted(agent=common.SpecRef(name="desk"), tools=[granted]),
            tool_terms=[shared.ToolGrantTerms()],
        )
        return sign_lease(self.key, lease.run_id, 2, LIVE, time.time() + 60, grant)

    async def call(
        self,
        lease: shared.RunLease | None,
        tool: common.SpecRef,
        arguments: str = "{}",
        call_id: str = "c1",
        **fields: Any,
    ) -> pb.ExecuteToolResponse:
        """Call a tool."""
        request = pb.ExecuteToolRequest(
            lease=lease, call_id=call_id, tool=tool, arguments=json_payload(arguments), **fields
        )
        return await self.tools.ExecuteTool(request, timeout=100)

    async def refusal(self, lease: shared.RunLease | None, tool: common.SpecRef, **fields: str) -> MeshError:
        """Call a tool and return the error."""
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.call(lease, tool, **fields)
        error = from_rpc_error(refused.value)
        assert error is not None, refused.value
        return error

    async def events(self, lease: shared.RunLease) -> list[events.RunEvent]:
        """Return what is recorded of a run after its acceptance."""
        return [event async for event in self.record.log(lease.run_id, 1)]

    async def types(self, lease: shared.RunLease) -> list[str]:
        """Return the types of what is recorded of a run after its acceptance."""
        return [event.type for event in await self.events(lease)]


@pytest.fixture(scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    path = tmp_path_factory.mktemp("tools")
    keys = path / "keys"
    create_keys(keys)
    mesh_key = private_key(keys, MESH)
    (keys / "tool_executor.token").write_text(issue_token(mesh_key, "tool_executor"))
    bindings: dict[str, Any] = {name.replace("_", "-"): {"python": f"tests.fakes.tools:{name}"} for name in FUNCTIONS}
    bindings["ask-person"] = {"person": True}
    (path / "tools.yaml").write_text(yaml.safe_dump({"python_path": [str(ROOT)], "tools": bindings}))
    own: Any = {"address": "127.0.0.1:0", "keys_dir": keys, "drain_seconds": 0.2}
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        documents = await enter(registry(RegistryConfig(data_dir=path, drills=True, **own)))
        record = await enter(recorder(RecorderConfig(data_dir=path, **own)))
        executor = Config(
            registry_address=documents.address,
            recorder_address=record.address,
            service_token_file=keys / "tool_executor.token",
            tools_file=path / "tools.yaml",
            drills=True,
            **own,
        )
        server = await enter(tool_executor(executor))
        recorder_stub = recorder_rpc.RecorderServiceStub(await enter(channel(record.address)))
        registry_stub = registry_rpc.RegistryServiceStub(await enter(channel(documents.address)))
        yield Bench(
            tools=rpc.ToolExecutorServiceStub(await enter(channel(server.address))),
            registry=registry_stub,
            drills=Drills(registry_stub, issue_token(mesh_key, OPERATOR)),
            record=RecorderClient(recorder_stub, record.address),
            router=await enter(Appender(recorder_stub, issue_token(mesh_key, "router"))),
            executor=await enter(Appender(recorder_stub, issue_token(mesh_key, "tool_executor"))),
            key=private_key(keys, LEASE),
            config=executor,
        )
