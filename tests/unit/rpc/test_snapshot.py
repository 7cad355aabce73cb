"""The registry in memory: what was found is found again until it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal_rpc.errors import MeshError
from pal_rpc.snapshot import RegistrySnapshot

AGENT = pb.DOCUMENT_KIND_AGENT


def document(version: str, *, withdrawn: bool = False) -> pb.Document:
    ref = common.SpecRef(name="desk", version=version)
    return pb.Document(agent=agents.AgentSpec(), ref=ref, withdrawn=withdrawn)


class Registry:
    """Streams the changes that it is given."""

    def __init__(self) -> None:
        self._changes: asyncio.Queue[pb.RegistryServiceWatchResponse] = asyncio.Queue()
        self.snapshot = RegistrySnapshot(self)  # type: ignore[arg-type]  # all it uses of a stub is Watch

    def Watch(self, request: pb.RegistryServiceWatchRequest) -> Registry:
        return self

    def cancel(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[pb.RegistryServiceWatchResponse]:
        while True:
            yield await self._changes.get()

    async def tell(self, *documents: pb.Document, snapshot: bool = False) -> None:
        """Change, and return once the snapshot knows."""
        told = asyncio.create_task(self.snapshot.wait_change(60))
        await asyncio.sleep(0)
        await self._changes.put(pb.RegistryServiceWatchResponse(documents=documents, snapshot=snapshot))
        assert await told

    def version(self, version_range: str = "") -> str:
        return self.snapshot.resolve(AGENT, common.SpecSelector(name="desk", version_range=version_range)).ref.version

    def newest(self) -> list[str]:
        return [found.ref.version for found in self.snapshot.newest(AGENT)]


@asynccontextmanager
async def registry(*documents: pb.Document) -> AsyncIterator[Registry]:
    running = Registry()
    async with running.snapshot:
        await running.tell(*documents, snapshot=True)
        yield running


async def test_a_newer_version_takes_over() -> None:
    async with registry(document("1.0.0")) as running:
        before = running.version(), running.newest()
        await running.tell(document("1.1.0"))

        assert (before, running.version(), running.newest()) == (("1.0.0", ["1.0.0"]), "1.1.0", ["1.1.0"])


async def test_a_range_is_an_answer_of_its_own() -> None:
    async with registry(document("1.0.0"), document("2.0.0")) as running:
        assert (running.version("<2"), running.version(), running.version("<2")) == ("1.0.0", "2.0.0", "1.0.0")


async def test_what_was_withdrawn_is_found_no_more() -> None:
    async with registry(document("1.0.0")) as running:
        running.version()
        await running.tell(document("1.0.0", withdrawn=True))

        with pytest.raises(MeshError, match="desk not found"):
            running.version()
        assert running.newest() == []


async def test_a_new_whole_state_takes_the_place_of_the_old() -> None:
    async with registry(document("2.0.0")) as running:
        running.version()
        await running.tell(document("1.0.0"), snapshot=True)

        assert (running.version(), running.newest()) == ("1.0.0", ["1.0.0"])


async def test_whoever_listens_is_called_after_every_change() -> None:
    heard: list[str] = []
    async with registry(document("1.0.0")) as running:
        running.snapshot.listen(lambda: heard.append(running.version()))
        await running.tell(document("1.1.0"))
        await running.tell(document("1.2.0"))

    assert heard == ["1.1.0", "1.2.0"]


class Acknowledging(Registry):
    """Takes acknowledgements, each after what had to settle before."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: list[set[str]] = []
        self.acknowledged: asyncio.Queue[int] = asyncio.Queue()
        self.snapshot = RegistrySnapshot(self, "router", self._settle)  # type: ignore[arg-type]

    async def _settle(self, agents: Collection[str]) -> None:
        self.settled.append(set(agents))

    async def Acknowledge(self, request: pb.AcknowledgeRequest, timeout: float) -> pb.AcknowledgeResponse:
        self.acknowledged.put_nowait(request.position)
        return pb.AcknowledgeResponse()

    async def publish(self, position: int, **changes: Any) -> int:
        """Change, and return the position that is acknowledged."""
        await self._changes.put(pb.RegistryServiceWatchResponse(position=position, **changes))
        return await asyncio.wait_for(self.acknowledged.get(), 60)


async def test_a_change_of_a_route_waits_for_the_runs_of_its_agent_and_a_snapshot_for_all() -> None:
    running = Acknowledging()
    async with running.snapshot:
        positions = [
            await running.publish(1, snapshot=True),
            await running.publish(2, routes=[pb.Route(agent="desk", stable="a")]),
            await running.publish(3, faults=pb.FaultSet()),
            await running.publish(4, routes=[pb.Route(stable="a")]),
        ]

    assert positions == [1, 2, 3, 4]
    assert running.settled == [{""}, {"desk"}, {""}, {""}]
