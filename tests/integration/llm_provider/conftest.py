"""A model provider in its own environment, with a real recorder, a real registry and a fake model endpoint."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ed25519

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import llm_provider_service_pb2_grpc as rpc
from pal.service.v1 import recorder_service_pb2 as recorder_pb
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from pal_log.payload import text_payload
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
from tests.fakes.drills import Drills
from tests.fakes.openai_endpoint import Endpoint, endpoint

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venvs/llm_provider/bin/python"
LIVE = common.EXECUTION_MODE_LIVE
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "sk-very-secret"
_ids = itertools.count(1)

ENDPOINT_MODELS = (
    "answer", "tools", "broken", "stall", "silent", "cut", "garbage", "length", "content_filter", "refusal",
    "uncounted", "flaky", "400", "401", "404", "429", "500",
)  # fmt: skip
FAULTS = (
    "chunks", "stall", "cut", "error_400", "error_401", "error_429", "error_500", "malformed_tool_json", "empty",
    "length", "refusal", "loop_tool",
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """Everything a test of the model provider touches."""

    models: rpc.LLMProviderServiceStub
    registry: registry_rpc.RegistryServiceStub
    recorder: recorder_rpc.RecorderServiceStub
    record: RecorderClient
    router: Appender
    key: ed25519.Ed25519PrivateKey
    endpoint: Endpoint
    settings: Mapping[str, str]
    drills: Drills

    async def run(
        self,
        *,
        epoch: int = 1,
        limits: common.RunLimits | None = None,
        policies: Sequence[common.SpecRef] = (),
        seconds: float = 60,
        drill_id: str = "",
    ) -> shared.RunLease:
        """Accept a run, as a drill if *drill_id* names one, and return its lease."""
        run_id = f"run-{os.getpid()}-{next(_ids)}"
        accepted = events.RunAccepted(
            agent=common.SpecRef(name="desk", version="1.0.0"),
            limits=limits or common.RunLimits(),
            policies=policies,
            requester=common.Principal(id="ada"),
            drill_id=drill_id,
        )
        mode = common.EXECUTION_MODE_DRILL if drill_id else LIVE
        event = EventWriter(ROUTER).event(run_id, mode, epoch, run_accepted=accepted)
        await self.router.append(run_id, [event])
        return self.lease(run_id, accepted, epoch=epoch, seconds=seconds)

    def lease(
        self, run_id: str, accepted: events.RunAccepted, *, epoch: int = 1, seconds: float = 60
    ) -> shared.RunLease:
        """Return a lease as the router signs it."""
        grant = shared.RunGrant(accepted=accepted, runtime="echo", traceparent=TRACEPARENT)
        mode = common.EXECUTION_MODE_DRILL if accepted.drill_id else LIVE
        return sign_lease(self.key, run_id, epoch, mode, time.time() + seconds, grant)

    async def events(self, lease: shared.RunLease) -> list[events.RunEvent]:
        """Return what is recorded of a run."""
        return [event async for event in self.record.log(lease.run_id)]

    async def types(self, lease: shared.RunLease) -> list[str]:
        """Return the types of what is recorded of a run after its acceptance."""
        return [event.type for event in await self.events(lease)][1:]

    async def closed(self, lease: shared.RunLease) -> list[events.RunEvent]:
        """Return the events of a run once a model call is closed."""
        call = self.recorder.TailEvents(recorder_pb.TailEventsRequest(run_id=lease.run_id))
        seen: list[events.RunEvent] = []
        async for frame in call:
            seen.extend([frame.event] if frame.HasField("event") else [])
            if seen and seen[-1].type == "model.call.finished":
                break
        call.cancel()
        return seen

    async def ask(self, lease: shared.RunLease | None, text: str = "hello", **fields: Any) -> pb.ModelAnswer:
        """Ask and return the whole answer."""
        response = await self.models.Complete(pb.CompleteRequest(request=question(lease, text, **fields)), timeout=60)
        return response.answer

    async def refusal(self, lease: shared.RunLease | None, text: str = "hello", **fields: Any) -> MeshError:
        """Ask and return the error."""
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.ask(lease, text, **fields)
        error = from_rpc_error(refused.value)
        assert error is not None, refused.value
        return error


def question(lease: shared.RunLease | None, text: str = "hello", **fields: Any) -> pb.ModelRequest:
    """Return a request with one message of the user."""
    fields.setdefault("messages", [said(text)])
    return pb.ModelRequest(lease=lease, **fields)


def said(text: str, role: events.MessageRole = events.MESSAGE_ROLE_USER) -> pb.ModelMessage:
    """Return a message."""
    return pb.ModelMessage(role=role, parts=[text_payload(text)])


def tool(name: str, schema: str = '{"type": "object"}') -> pb.ModelTool:
    """Return a tool on offer."""
    return pb.ModelTool(name=name, purpose=f"Does {name}.", input=common.JsonSchema(text=schema))


@asynccontextmanager
async def started(**settings: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Start a model provider in its own environment; yield where it listens."""
    reading, writing = os.pipe()
    env = {
        "PATH": os.environ["PATH"],
        "PAL_ADDRESS": "127.0.0.1:0",
        "PAL_READY_FD": str(writing),
        "PAL_DIE_WITH_PARENT": "1",
        "PAL_DRAIN_SECONDS": "0.5",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        PYTHON, "-m", "pal_llm_provider", env=env, pass_fds=[writing], cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as ready:
            line = await asyncio.to_thread(ready.readline)
        assert line, "the model provider did not start"
        yield json.loads(line)["address"], process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def refused_start(path: Path, profiles: object) -> tuple[int, str]:
    """Start with a file of profiles that is no good; return the exit code and what was said."""
    file = path / "profiles.yaml"
    file.write_text(profiles if isinstance(profiles, str) else yaml.safe_dump(profiles))
    env = {"PATH": os.environ["PATH"], "PAL_PROFILES_FILE": str(file), "PAL_KEYS_DIR": str(path)}
    process = await asyncio.create_subprocess_exec(
        PYTHON, "-m", "pal_llm_provider", env=env, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said_ = await process.communicate()
    return process.returncode or 0, said_.decode()


def profiles(base_url: str) -> Mapping[str, Any]:
    """Return a profile for each way in which a model can behave."""
    endpoints = {
        f"gpt-{model}": {
            "provider": "openai",
            "model": model,
            "base_url": base_url,
            "api_key_env": "FAKE_KEY",
            # Only who is meant to say nothing is given up soon.
            **({"timeout_seconds": 0.5} if model == "silent" else {}),
            **({"stall_seconds": 0.5} if model == "stall" else {}),
        }
        for model in ENDPOINT_MODELS
    }
    faults = {fault: {"provider": "faulty", "model": fault} for fault in FAULTS}
    return {
        "profiles": {
            "default": {"provider": "scripted"},
            **faults,
            "slow": {"provider": "faulty", "model": "chunks", "options": {"chunks": 12, "pause_ms": 10}},
            **endpoints,
            "gpt-down": {"provider": "openai", "model": "answer", "base_url": "http://127.0.0.1:9/v1"},
            "gpt-keyless": {"provider": "openai", "model": "gpt-4o-mini", "api_key_env": "NOBODY_SET_THIS"},
        }
    }


@pytest.fixture(scope="session")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    path: Path = tmp_path_factory.mktemp("llm_provider")
    keys = path / "keys"
    create_keys(keys)
    (keys / "token").write_text(issue_token(private_key(keys, MESH), "llm_provider"))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        own: Any = {"address": "127.0.0.1:0", "data_dir": path, "keys_dir": keys, "drain_seconds": 0.0}
        documents = await enter(registry(RegistryConfig(drills=True, **own)))
        log = await enter(recorder(RecorderConfig(**own)))
        fake = await enter(endpoint())
        (path / "profiles.yaml").write_text(yaml.safe_dump(profiles(fake.base_url)))
        settings = {
            "PAL_REGISTRY_ADDRESS": documents.address,
            "PAL_RECORDER_ADDRESS": log.address,
            "PAL_KEYS_DIR": str(keys),
            "PAL_SERVICE_TOKEN_FILE": str(keys / "token"),
            "PAL_PROFILES_FILE": str(path / "profiles.yaml"),
            "FAKE_KEY": SECRET,
            "PAL_DRILLS": "true",
        }
        address, _ = await enter(started(**settings))
        registry_stub = registry_rpc.RegistryServiceStub(await enter(channel(documents.address)))
        stub = recorder_rpc.RecorderServiceStub(await enter(channel(log.address)))
        yield Bench(
            models=rpc.LLMProviderServiceStub(await enter(channel(address))),
            registry=registry_stub,
            recorder=stub,
            record=RecorderClient(stub, log.address),
            router=await enter(Appender(stub, issue_token(private_key(keys, MESH), "router"))),
            key=private_key(keys, LEASE),
            endpoint=fake,
            settings=settings,
            drills=Drills(registry_stub, issue_token(private_key(keys, MESH), OPERATOR)),
        )


async def apply(bench: Bench, text: str) -> common.SpecRef:
    """Publish a document and return its reference."""
    response = await bench.registry.Apply(registry_pb.ApplyRequest(text=text))
    return response.applied[0].document.ref
