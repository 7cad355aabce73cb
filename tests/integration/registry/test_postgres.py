"""A registry on PostgreSQL: what is published survives, and a database that goes away is named or outlived."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
from collections.abc import Awaitable, Callable

import grpc
import psycopg
import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_cli.ports import free_addresses
from pal_registry.__main__ import Config, registry
from pal_registry.postgres import PostgresStore
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.server import Server
from pal_rpc.status import from_rpc_error
from tests.fakes.postgres import Postgres
from tests.integration.registry.texts import announcement, tool

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


async def test_a_second_registry_answers_with_what_the_first_has(stored: Config) -> None:
    async with registry(stored) as first, registry(stored) as second, asyncio.timeout(20):
        watch = stub_of(second).Watch(pb.RegistryServiceWatchRequest())
        whole = await watch.read()
        await publish(first, "1.0.0")
        seen = await watch.read()
        await publish(second, "1.1.0")
        also = await watch.read()
        announced = await stub_of(second).RegisterRuntime(announcement())
        shown = await stub_of(first).ListRuntimes(pb.ListRuntimesRequest())
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub_of(second).GetDocument(
                pb.GetDocumentRequest(kind=pb.DOCUMENT_KIND_TOOL, selector={"name": "nobody"})
            )
        watch.cancel()

        assert whole.snapshot and not whole.documents
        assert [change.documents[0].ref.version for change in (seen, also)] == ["1.0.0", "1.1.0"]
        assert await versions(first) == await versions(second) == ["1.0.0", "1.1.0"]
        assert [one.registration_id for one in shown.runtimes] == [announced.runtime.registration_id]
    error = from_rpc_error(refused.value)
    assert error is not None and error.reason_name == "TOOL_NOT_FOUND"


async def test_the_second_registry_leads_when_the_first_is_gone(stored: Config) -> None:
    async with contextlib.AsyncExitStack() as stack, asyncio.timeout(30):
        first = await stack.enter_async_context(registry(stored))
        async with registry(stored) as second:
            await publish(second, "1.0.0")
            await stack.aclose()
            await eventually(lambda: publish(second, "1.1.0"))

            assert await versions(second) == ["1.0.0", "1.1.0"]
            assert first.address != second.address


async def test_a_registry_does_not_follow_an_earlier_life_of_its_own(stored: Config) -> None:
    (address,) = free_addresses(1)
    earlier = PostgresStore(stored.store_url or "")
    await earlier.open()
    assert await earlier.lead(address) == address
    starting = registry(dataclasses.replace(stored, address=address))
    begun = asyncio.create_task(starting.__aenter__())
    await asyncio.wait([begun], timeout=0.5)
    early = begun.done()
    await earlier.close()
    async with asyncio.timeout(20):
        await publish(await begun, "1.0.0")
        await starting.__aexit__(None, None, None)

    assert not early


@pytest.mark.parametrize("what", ["lead", "hold"])
async def test_who_is_stopped_while_it_takes_the_lead_lets_go_of_it(
    stored: Config, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    store, taking = PostgresStore(stored.store_url or ""), asyncio.Event()
    connections: list[psycopg.AsyncConnection] = []
    await store.open()

    async def taken(_: PostgresStore, connection: psycopg.AsyncConnection) -> bool:
        connections.append(connection)
        taking.set()
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(PostgresStore, "_taken", taken)
    stopped = asyncio.create_task(store.lead("here") if what == "lead" else store.put_watchers(["one"]))
    await taking.wait()

    stopped.cancel()
    await asyncio.wait([stopped])

    assert stopped.cancelled()
    assert [connection.closed for connection in connections] == [True]


@pytest.mark.slow
async def test_who_lost_the_lead_while_the_database_was_away_follows(
    stored: Config, postgres: Callable[[], Awaitable[Postgres]]
) -> None:
    database = await postgres()
    async with registry(stored) as first, registry(stored) as second, asyncio.timeout(60):
        await publish(first, "1.0.0")
        for version in ("1.1.0", "1.2.0", "1.3.0"):
            # Whoever is faster leads from then on.
            await database.execute(BREAK)
            await eventually(lambda version=version: publish(second, version))  # type: ignore[misc]

        await eventually(lambda: same(first, second))
        assert await versions(first) == ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]


async def same(*servers: Server) -> None:
    """Fail while registries do not answer alike."""
    first, *others = [await versions(server) for server in servers]
    if any(other != first for other in others):
        raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())


async def eventually(attempt: Callable[[], Awaitable[None]]) -> None:
    """Repeat *attempt* until a registry that can do it leads."""
    while True:
        try:
            return await attempt()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            await asyncio.sleep(0.05)


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
