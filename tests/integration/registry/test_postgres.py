"""A registry on PostgreSQL: what is published survives, and a database that goes away is named or outlived."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Awaitable, Callable

import grpc
import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_registry.__main__ import Config, registry
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.server import Server
from pal_rpc.status import from_rpc_error
from tests.fakes.postgres import Postgres
from tests.integration.registry.texts import tool

Database = Callable[[], Awaitable[str]]
BREAK = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pal'"


@pytest.fixture
async def stored(config: Config, database: Database) -> Config:
    return dataclasses.replace(config, store_url=await database())


def stub_of(server: Server) -> rpc.RegistryServiceStub:
    return rpc.RegistryServiceStub(server.local)  # type: ignore[arg-type]


async def publish(server: Server, version: str) -> None:
    await stub_of(server).Apply(pb.ApplyRequest(text=tool(version=version)))


async def versions(server: Server) -> list[str]:
    listed = await stub_of(server).ListDocuments(pb.ListDocumentsRequest(all_versions=True))
    return sorted(document.ref.version for document in listed.documents)


async def test_what_is_published_survives_a_restart(stored: Config) -> None:
    async with registry(stored) as server:
        await publish(server, "1.0.0")
    async with registry(stored) as server:
        found = await versions(server)

    assert found == ["1.0.0"]


async def test_a_second_registry_on_the_same_database_is_refused(stored: Config) -> None:
    async with registry(stored):
        with pytest.raises(StartError, match=r"PAL_STORE_URL=.*another registry uses it"):
            async with registry(stored):
                pass


async def test_a_broken_connection_is_opened_again(stored: Config, postgres: Callable[[], Awaitable[Postgres]]) -> None:
    async with registry(stored) as server:
        await publish(server, "1.0.0")
        await (await postgres()).execute(BREAK)
        await publish(server, "1.1.0")
    async with registry(stored) as server:
        found = await versions(server)

    assert found == ["1.0.0", "1.1.0"]


async def test_while_the_database_is_away_nothing_is_published(
    stored: Config, postgres: Callable[[], Awaitable[Postgres]]
) -> None:
    database = await postgres()
    async with registry(stored) as server:
        await database.stop(signal.SIGINT)
        try:
            with pytest.raises((grpc.aio.AioRpcError, MeshError)) as caught:
                await publish(server, "1.0.0")
        finally:
            await database.start()
        meanwhile = await versions(server)
        await publish(server, "1.0.0")

        assert meanwhile == []
        assert await versions(server) == ["1.0.0"]
    error = caught.value
    known = from_rpc_error(error) if isinstance(error, grpc.aio.AioRpcError) else error
    assert known is not None and known.reason_name == "STORE_UNAVAILABLE" and "database runs" in known.message


async def test_a_newer_version_is_refused(stored: Config, postgres: Callable[[], Awaitable[Postgres]]) -> None:
    async with registry(stored):
        pass
    await (await postgres()).execute("UPDATE pal_registry_schema SET version_num = 'r9999'", stored.store_url or "")

    with pytest.raises(StartError, match=r"newer version .*r9999"):
        async with registry(stored):
            pass
