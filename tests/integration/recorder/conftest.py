"""A recorder on port 0, and a writer for each service."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from pal.service.v1 import recorder_service_pb2_grpc as rpc
from pal_recorder.__main__ import Config, recorder
from pal_rpc.appender import Appender
from pal_rpc.channels import channel
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_rpc.server import Server

Writer = Callable[[str], AbstractAsyncContextManager[Appender]]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    create_keys(tmp_path / "keys")
    return Config(address="127.0.0.1:0", data_dir=tmp_path / "data", keys_dir=tmp_path / "keys", drain_seconds=0.1)


@pytest.fixture
async def server(config: Config) -> AsyncIterator[Server]:
    async with recorder(config) as running:
        yield running


@pytest.fixture(params=["over a socket", "in process", "on PostgreSQL"])
async def stub(
    config: Config, database: Callable[[], Awaitable[str]], request: pytest.FixtureRequest
) -> AsyncIterator[rpc.RecorderServiceStub]:
    store_url = await database() if request.param == "on PostgreSQL" else None
    async with (
        recorder(dataclasses.replace(config, store_url=store_url)) as server,
        server.local if request.param == "in process" else channel(server.address) as opened,
    ):
        yield rpc.RecorderServiceStub(opened)  # type: ignore[arg-type]


@pytest.fixture
def writer(stub: rpc.RecorderServiceStub, config: Config) -> Writer:
    @asynccontextmanager
    async def open_writer(service: str) -> AsyncIterator[Appender]:
        async with Appender(stub, issue_token(private_key(config.keys_dir, MESH), service)) as appender:
            yield appender

    return open_writer
