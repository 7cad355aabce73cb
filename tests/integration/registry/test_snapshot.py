"""What a service knows of the registry, while news is still on its way to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal_rpc.errors import MeshError
from pal_rpc.snapshot import RegistrySnapshot
from tests.integration.registry.texts import announcement, tool


class SlowNews:
    """The registry of *stub*, whose news after the first message come when *gate* is open."""

    def __init__(self, stub: rpc.RegistryServiceStub) -> None:
        self._stub = stub
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()

    def Watch(self, request: pb.RegistryServiceWatchRequest) -> SlowWatch:
        return SlowWatch(self._stub.Watch(request), self.gate)

    async def GetDocument(self, request: pb.GetDocumentRequest, timeout: float) -> pb.GetDocumentResponse:
        self.asked.set()
        return await self._stub.GetDocument(request, timeout=timeout)

    async def ListRuntimes(self, request: pb.ListRuntimesRequest, timeout: float) -> pb.ListRuntimesResponse:
        self.asked.set()
        return await self._stub.ListRuntimes(request, timeout=timeout)


class SlowWatch:
    def __init__(self, call: Any, gate: asyncio.Event) -> None:
        self._call = call
        self._gate = gate

    async def __aiter__(self) -> AsyncIterator[pb.RegistryServiceWatchResponse]:
        async for change in self._call:
            yield change
            await self._gate.wait()

    def cancel(self) -> None:
        self._call.cancel()


def look(snapshot: RegistrySnapshot, name: str) -> str:
    return snapshot.resolve(pb.DOCUMENT_KIND_TOOL, common.SpecSelector(name=name)).ref.name


async def test_a_document_that_was_just_published_is_waited_for(stub: rpc.RegistryServiceStub) -> None:
    slow = SlowNews(stub)
    async with RegistrySnapshot(slow) as snapshot:  # type: ignore[arg-type]
        await snapshot.require()
        await stub.Apply(pb.ApplyRequest(text=tool()))
        looking = asyncio.create_task(snapshot.found(lambda: look(snapshot, "lookup")))
        await slow.asked.wait()
        known_before = snapshot.newest(pb.DOCUMENT_KIND_TOOL)
        slow.gate.set()

        assert (known_before, await looking) == ([], "lookup")


async def test_what_nobody_has_published_is_not_waited_for(
    stub: rpc.RegistryServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pal_rpc.snapshot._PUBLISHED_SECONDS", 600.0)
    async with RegistrySnapshot(SlowNews(stub)) as snapshot:  # type: ignore[arg-type]
        await snapshot.require()
        with pytest.raises(MeshError, match="not found"):
            async with asyncio.timeout(60):
                await snapshot.found(lambda: look(snapshot, "nothing"))


async def test_a_runtime_that_was_just_announced_is_waited_for(stub: rpc.RegistryServiceStub) -> None:
    slow = SlowNews(stub)
    async with RegistrySnapshot(slow) as snapshot:  # type: ignore[arg-type]
        await snapshot.require()
        await stub.RegisterRuntime(announcement())
        looking = asyncio.create_task(snapshot.serves("agno"))
        await slow.asked.wait()
        known_before = dict(snapshot.runtimes)
        slow.gate.set()

        assert (known_before, await looking) == ({}, True)


async def test_a_runtime_that_takes_no_runs_is_not_waited_for(
    stub: rpc.RegistryServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pal_rpc.snapshot._PUBLISHED_SECONDS", 600.0)
    announced = await stub.RegisterRuntime(announcement())
    await stub.DrainRuntime(pb.DrainRuntimeRequest(registration_id=announced.runtime.registration_id))
    async with RegistrySnapshot(SlowNews(stub)) as snapshot:  # type: ignore[arg-type]
        await snapshot.require()
        async with asyncio.timeout(60):
            found = [await snapshot.serves(name) for name in ("agno", "nobody")]

    assert found == [False, False]
