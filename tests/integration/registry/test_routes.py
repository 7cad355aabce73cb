"""Routes over gRPC: revisions, changed by compare and swap."""

from __future__ import annotations

import grpc
import pytest

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_registry.__main__ import Config, registry
from pal_rpc.channels import channel
from tests.integration.registry.texts import DECLARATION, agent, announcement, mesh_error


@pytest.fixture
async def ready(stub: rpc.RegistryServiceStub) -> rpc.RegistryServiceStub:
    await stub.Apply(pb.ApplyRequest(text=f"{agent()}---\n{DECLARATION}"))
    await stub.RegisterRuntime(announcement(name="agno-blue"))
    return stub


async def set_route(
    stub: rpc.RegistryServiceStub, stable: str, expected: int | None = None, agent: str = "writer", versions: str = ""
) -> pb.Route:
    route = pb.Route(agent=agent, version_range=versions, stable=stable)
    return (await stub.SetRoute(pb.SetRouteRequest(route=route, expected_revision=expected))).route


async def test_the_default_runtime_is_the_route_of_nobody(stub: rpc.RegistryServiceStub) -> None:
    routes = (await stub.GetRoute(pb.GetRouteRequest())).routes

    assert list(routes) == [pb.Route(stable="agno", revision=0)]


async def test_revisions_count_per_agent_and_range(ready: rpc.RegistryServiceStub) -> None:
    set_routes = [
        await set_route(ready, "agno"),
        await set_route(ready, "agno-blue"),
        await set_route(ready, "agno", versions=">=2"),
        await set_route(ready, "agno-blue", agent=""),
    ]

    assert [route.revision for route in set_routes] == [1, 2, 1, 1]
    assert len((await ready.GetRoute(pb.GetRouteRequest(agent="writer"))).routes) == 2


async def test_a_route_that_somebody_changed_is_not_overwritten(ready: rpc.RegistryServiceStub) -> None:
    await set_route(ready, "agno", expected=0)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await set_route(ready, "agno-blue", expected=0)

    assert caught.value.code() is grpc.StatusCode.ABORTED
    assert mesh_error(caught.value).metadata == {"agent": "writer", "expected": "0", "actual": "1"}
    assert (await set_route(ready, "agno-blue", expected=1)).revision == 2


@pytest.mark.parametrize(
    ("stable", "agent_name", "versions", "code", "says"),
    [
        ("agnoo", "writer", "", grpc.StatusCode.NOT_FOUND, "runtime agnoo not found: did you mean agno?"),
        ("agno", "writter", "", grpc.StatusCode.NOT_FOUND, "agent writter not found: did you mean writer?"),
        ("", "writer", "", grpc.StatusCode.INVALID_ARGUMENT, "route.stable: missing"),
        ("agno", "writer", "2..", grpc.StatusCode.INVALID_ARGUMENT, "route.version_range"),
        ("agno", "", ">=2", grpc.StatusCode.INVALID_ARGUMENT, "route.version_range: the default is for all"),
    ],
)
async def test_a_wrong_route_names_the_fix(
    ready: rpc.RegistryServiceStub, stable: str, agent_name: str, versions: str, code: grpc.StatusCode, says: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await set_route(ready, stable, agent=agent_name, versions=versions)

    assert caught.value.code() is code
    assert says in (caught.value.details() or "")


async def test_routes_outlive_a_restart(config: Config) -> None:
    async with registry(config) as server, channel(server.address) as opened:
        stub = rpc.RegistryServiceStub(opened)
        await stub.RegisterRuntime(announcement())
        written = [await set_route(stub, "agno", agent=""), await set_route(stub, "agno", agent="")]

    async with registry(config) as server, channel(server.address) as opened:
        found = (await rpc.RegistryServiceStub(opened).GetRoute(pb.GetRouteRequest())).routes

    assert list(found) == written[-1:]
