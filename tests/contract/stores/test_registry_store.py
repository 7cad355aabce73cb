"""What every RegistryStore has to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools
from pal_registry.postgres import PostgresStore
from pal_registry.sqlite import SqliteStore
from pal_registry.store import RegistryStore

Opening = Callable[[], AsyncIterator[RegistryStore]]


@pytest.fixture(params=["sqlite", "postgres"])
async def opening(request: pytest.FixtureRequest, tmp_path: Path, database: Callable[[], Awaitable[str]]) -> Opening:
    """Return what opens the same store, again and again."""
    url = await database() if request.param == "postgres" else ""

    @asynccontextmanager
    async def opened() -> AsyncIterator[RegistryStore]:
        if url:
            store: RegistryStore = PostgresStore(url)
            await store.open()  # type: ignore[attr-defined]
            assert await store.lead("here") == "here"  # type: ignore[attr-defined]
        else:
            store = SqliteStore(tmp_path)
        try:
            yield store
        finally:
            await store.close()

    return opened  # type: ignore[return-value]


def agent(name: str, version: str, **fields: object) -> pb.Document:
    ref = common.SpecRef(namespace="default", name=name, version=version)
    return pb.Document(ref=ref, agent=agents.AgentSpec(), **fields)  # type: ignore[arg-type]


def names(store: RegistryStore) -> list[tuple[str, str]]:
    return sorted((document.ref.name, document.ref.version) for document in store.documents())


async def test_a_new_store_is_empty(opening) -> None:
    async with opening() as store:
        assert (store.documents(), store.routes(), store.watchers()) == ([], [], [])


async def test_the_watchers_that_were_put_last_are_there_after_a_new_start(opening) -> None:
    async with opening() as store:
        await store.put_watchers(["a/1", "b/1"])
        await store.put_watchers(["b/1", "c/1"])
    async with opening() as store:
        found = store.watchers()
        await store.put_watchers([])
    async with opening() as store:
        assert (found, store.watchers()) == (["b/1", "c/1"], [])


async def test_documents_survive_a_new_start_byte_for_byte(opening) -> None:
    written = [agent("desk", "1.0.0"), agent("desk", "1.1.0"), agent("clerk", "1.0.0")]
    async with opening() as store:
        await store.put_documents(written)
    async with opening() as store:
        found = store.documents()

    assert sorted(each.SerializeToString() for each in found) == sorted(each.SerializeToString() for each in written)


async def test_a_document_that_is_put_again_takes_the_place_of_the_first(opening) -> None:
    async with opening() as store:
        await store.put_documents([agent("desk", "1.0.0")])
        await store.put_documents([agent("desk", "1.0.0", withdrawn=True)])
    async with opening() as store:
        (found,) = store.documents()

    assert found.withdrawn


async def test_documents_of_two_kinds_may_have_one_name(opening) -> None:
    ref = common.SpecRef(namespace="default", name="desk", version="1.0.0")
    async with opening() as store:
        await store.put_documents([agent("desk", "1.0.0"), pb.Document(ref=ref, tool=tools.ToolSpec())])
    async with opening() as store:
        assert names(store) == [("desk", "1.0.0"), ("desk", "1.0.0")]


async def test_the_newest_revision_of_each_route_is_there_after_a_new_start(opening) -> None:
    async with opening() as store:
        for route in (
            pb.Route(agent="", revision=1, stable="agno"),
            pb.Route(agent="desk", revision=1, stable="agno"),
            pb.Route(agent="desk", revision=2, stable="pydantic-ai"),
            pb.Route(agent="desk", version_range="^1", revision=1, stable="agno"),
        ):
            await store.add_route(route)
    async with opening() as store:
        found = {(route.agent, route.version_range): (route.revision, route.stable) for route in store.routes()}

    assert found == {("", ""): (1, "agno"), ("desk", ""): (2, "pydantic-ai"), ("desk", "^1"): (1, "agno")}


async def test_ten_revisions_are_in_order_of_number_and_not_of_text(opening) -> None:
    async with opening() as store:
        for revision in range(1, 12):
            await store.add_route(pb.Route(agent="desk", revision=revision, stable="agno"))
    async with opening() as store:
        (route,) = store.routes()

    assert route.revision == 11


async def test_revisions_are_read_from_the_newest_down(opening) -> None:
    written = [pb.Route(agent="desk", revision=number, stable="agno") for number in range(1, 6)]
    async with opening() as store:
        for route in [*written, pb.Route(agent="desk", version_range=">=2", revision=1), pb.Route(revision=1)]:
            await store.add_route(route)
    async with opening() as store:
        newest = await store.revisions("desk", "", 2**62, 2)
        earlier = await store.revisions("desk", "", newest[-1].revision, 10)

    assert newest == written[:2:-1]
    assert earlier == written[2::-1]
