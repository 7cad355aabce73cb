"""A registry that serves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_registry.__main__ import Config, registry
from pal_rpc.channels import channel


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(address="127.0.0.1:0", data_dir=tmp_path / "data", drain_seconds=2.0)


@pytest.fixture
async def stub(config: Config) -> AsyncIterator[rpc.RegistryServiceStub]:
    async with registry(config) as server, channel(server.address) as opened:
        yield rpc.RegistryServiceStub(opened)
