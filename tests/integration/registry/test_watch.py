"""Watching the registry: the whole state first, then every change at once."""

from __future__ import annotations

import time

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_registry.__main__ import Config, registry
from pal_rpc.channels import channel
from tests.integration.registry.texts import announcement, tool

LATENCY_SECONDS = 0.1


async def test_the_first_message_is_the_whole_state(stub: rpc.RegistryServiceStub) -> None:
    await stub.Apply(pb.ApplyRequest(text=f"{tool()}---\n{tool(version='1.1.0')}"))
    await stub.DeleteDocument(pb.DeleteDocumentRequest(kind=pb.DOCUMENT_KIND_TOOL, name="lookup", version="1.0.0"))
    await stub.RegisterRuntime(announcement())

    watch = stub.Watch(pb.RegistryServiceWatchRequest())
    first = await watch.read()
    watch.cancel()

    assert first.snapshot
    assert {document.ref.version: document.withdrawn for document in first.documents} == {"1.0.0": True, "1.1.0": False}
    assert [runtime.name for runtime in first.runtimes] == ["agno"]
    assert [(route.agent, route.stable) for route in first.routes] == [("", "agno")]


async def test_a_change_arrives_within_100_ms_of_its_beginning(stub: rpc.RegistryServiceStub) -> None:
    watch = stub.Watch(pb.RegistryServiceWatchRequest())
    await watch.read()

    began = time.perf_counter()
    await stub.Apply(pb.ApplyRequest(text=tool()))
    change = await watch.read()
    took_seconds = time.perf_counter() - began

    watch.cancel()
    assert [document.ref.name for document in change.documents] == ["lookup"]
    assert not change.snapshot
    assert took_seconds < LATENCY_SECONDS


async def test_every_kind_of_change_is_told(stub: rpc.RegistryServiceStub) -> None:
    watch = stub.Watch(pb.RegistryServiceWatchRequest())
    await watch.read()
    await stub.RegisterRuntime(announcement())
    await stub.SetRoute(pb.SetRouteRequest(route=pb.Route(stable="agno")))
    await stub.Apply(pb.ApplyRequest(text=tool()))
    await stub.DeleteDocument(pb.DeleteDocumentRequest(kind=pb.DOCUMENT_KIND_TOOL, name="lookup", version="1.0.0"))

    changes = [await watch.read() for _ in range(4)]

    watch.cancel()
    assert changes[0].runtimes[0].name == "agno"
    assert changes[1].routes[0].revision == 1
    assert not changes[2].documents[0].withdrawn
    assert changes[3].documents[0].withdrawn


async def test_a_watch_does_not_hold_up_the_end_of_the_registry(config: Config) -> None:
    async with registry(config) as server, channel(server.address) as opened:
        watch = rpc.RegistryServiceStub(opened).Watch(pb.RegistryServiceWatchRequest())
        await watch.read()
        began = time.perf_counter()
    took_seconds = time.perf_counter() - began

    assert took_seconds < config.drain_seconds / 2
