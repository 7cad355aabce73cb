"""The tool executor process: configuration and wiring."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pal.service.v1 import quota_service_pb2_grpc as quota_rpc
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.service.v1 import tool_executor_service_pb2_grpc as rpc
from pal_rpc import process, telemetry
from pal_rpc.accounts import Accounts
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.channels import channel
from pal_rpc.config import from_env
from pal_rpc.faults import Faults
from pal_rpc.identity import read_token
from pal_rpc.keys import LEASE, public_key
from pal_rpc.lease import LeaseVerifier
from pal_rpc.quota_book import QuotaBook
from pal_rpc.quota_client import QuotaClient
from pal_rpc.recorder_client import RecorderClient
from pal_rpc.server import Server, serving
from pal_rpc.snapshot import RegistrySnapshot, seam_at
from pal_rpc.spans import SpanWriter
from pal_tool_executor import bindings
from pal_tool_executor.executions import Executions
from pal_tool_executor.ledgers import opened, recall
from pal_tool_executor.peers import Peers
from pal_tool_executor.servicer import ToolExecutorServicer

SERVICE = pb.DESCRIPTOR.services_by_name["ToolExecutorService"].full_name


@dataclass(frozen=True, kw_only=True)
class Config:
    """Configuration of a tool executor."""

    address: str = "127.0.0.1:7404"
    registry_address: str = "127.0.0.1:7401"
    recorder_address: str = "127.0.0.1:7402"
    keys_dir: Path = Path(".pal/keys")
    service_token_file: Path | None = None
    tools_file: Path | None = None
    # Whether the runs of drills meet faults here.
    drills: bool = False
    otlp_endpoint: str | None = None
    drain_seconds: float = 5.0


@asynccontextmanager
async def tool_executor(config: Config) -> AsyncIterator[Server]:
    """Serve ToolExecutorService until the block ends."""
    bound = bindings.load(config.tools_file)
    token = read_token(config.service_token_file)
    verifier = LeaseVerifier(public_key(config.keys_dir, LEASE))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        record_channel = await enter(channel(config.recorder_address))
        recorder_stub = recorder_rpc.RecorderServiceStub(record_channel)
        quota_stub = quota_rpc.QuotaServiceStub(record_channel)
        registry_stub = registry_rpc.RegistryServiceStub(await enter(channel(config.registry_address)))
        recorder = RecorderClient(recorder_stub, config.recorder_address)
        snapshot = await enter(RegistrySnapshot(registry_stub, seam_at(config.address) if config.drills else ""))
        peers = Peers(
            verifier=verifier,
            snapshot=snapshot,
            appender=await enter(Appender(recorder_stub, token)),
            recorder=recorder,
            artifacts=ArtifactClient(recorder_stub, token),
            spans=await enter(SpanWriter(recorder_stub, token)),
            accounts=Accounts(recorder, opened, recall),
            faults=Faults(snapshot, "tool_executor", allowed=config.drills),
            book=QuotaBook(snapshot),
            quotas=await enter(QuotaClient(quota_stub, token, config.recorder_address)),
        )
        stack.push_async_callback(bound.close)
        executions = Executions(peers, bound)
        stack.push_async_callback(executions.drain, config.drain_seconds)
        servicer = ToolExecutorServicer(executions)
        await peers.faults.known()
        server = await enter(
            serving(
                config.address,
                [SERVICE],
                functools.partial(rpc.add_ToolExecutorServiceServicer_to_server, servicer),
                drain_seconds=config.drain_seconds,
            )
        )
        yield server


async def main(stop: asyncio.Event) -> None:
    """Serve until *stop* is set."""
    config = from_env(Config, os.environ)
    telemetry.configure("tool_executor", config.otlp_endpoint)
    async with tool_executor(config) as server:
        process.announce(address=server.address)
        await stop.wait()


if __name__ == "__main__":
    process.run("tool_executor", main)
