"""Routes over gRPC: revisions, changed by compare and swap."""

from __future__ import annotations

import dataclasses
from contextlib import AsyncExitStack

import grpc
import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_registry.__main__ import Config, registry
from pal_rpc.channels import channel
from pal_rpc.snapshot import RegistrySnapshot
from tests.integration.registry.texts import DECLARATION, agent, announcement, mesh_error, tool


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


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"candidate_basis_points": 100}, grpc.StatusCode.INVALID_ARGUMENT, "route.candidate: missing, though"),
        (
            {"candidate": "agno-blue", "candidate_basis_points": 10_001},
            grpc.StatusCode.INVALID_ARGUMENT,
            "route.candidate_basis_points: 10001 is not within 0 to 10000",
        ),
        (
            {"candidate": "agno-blue", "candidate_basis_points": -1},
            grpc.StatusCode.INVALID_ARGUMENT,
            "route.candidate_basis_points: -1 is not within",
        ),
        ({"candidate": "agno"}, grpc.StatusCode.INVALID_ARGUMENT, "route.candidate: agno is stable already"),
        ({"candidate": "agno-bleu"}, grpc.StatusCode.NOT_FOUND, "did you mean agno-blue?"),
        ({"stickiness": "moon"}, grpc.StatusCode.INVALID_ARGUMENT, "route.stickiness"),
        ({"fallbacks": ["agno"]}, grpc.StatusCode.INVALID_ARGUMENT, "route.fallbacks[0]: agno is named before"),
        ({"fallbacks": ["moon"]}, grpc.StatusCode.NOT_FOUND, "runtime moon not found"),
        ({"mark": "m" * 129}, grpc.StatusCode.INVALID_ARGUMENT, "route.mark: longer than"),
        ({"salt": "s" * 129}, grpc.StatusCode.INVALID_ARGUMENT, "route.salt: longer than"),
        (
            {"candidate": "plain", "candidate_basis_points": 100},
            grpc.StatusCode.FAILED_PRECONDITION,
            "route.candidate: runtime plain lacks what agent writer 1.0.0 requires: toolCalling",
        ),
    ],
)
async def test_a_wrong_field_of_a_route_names_the_fix(
    stub: rpc.RegistryServiceStub, fields: dict[str, object], code: grpc.StatusCode, says: str
) -> None:
    await stub.Apply(pb.ApplyRequest(text=f"{tool()}---\n{agent('[{tool: lookup}]')}"))
    plain = capabilities.RuntimeCapability(
        runtime="plain", version=">=3", capabilities=capabilities.RuntimeFeatures(modes=["conversational"])
    )
    for request in (announcement(), announcement(name="agno-blue"), announcement(name="plain", capability=plain)):
        await stub.RegisterRuntime(request)
    route = pb.Route(agent="writer", stable="agno", **fields)  # type: ignore[arg-type]

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.SetRoute(pb.SetRouteRequest(route=route))

    assert caught.value.code() is code
    assert says in (caught.value.details() or "")
    assert not (await stub.GetRoute(pb.GetRouteRequest(agent="writer"))).routes


async def test_every_revision_stays_with_who_made_it_and_why(ready: rpc.RegistryServiceStub) -> None:
    for share in (100, 500, 0):
        route = pb.Route(agent="writer", stable="agno", candidate="agno-blue", author="ann", reason="try")
        route.candidate_basis_points = share
        await ready.SetRoute(pb.SetRouteRequest(route=route))
    asked = pb.ListRouteRevisionsRequest(agent="writer", page_size=2)

    newest = await ready.ListRouteRevisions(asked)
    asked.page_token = newest.next_page_token
    rest = await ready.ListRouteRevisions(asked)

    found = [*newest.routes, *rest.routes]
    assert [(route.revision, route.candidate_basis_points) for route in found] == [(3, 0), (2, 500), (1, 100)]
    assert {(route.author, route.reason, route.salt) for route in found} == {("ann", "try", "writer-1")}
    assert all(route.created_at.seconds for route in found)
    assert not rest.next_page_token


async def test_a_check_changes_nothing(ready: rpc.RegistryServiceStub) -> None:
    route = pb.Route(agent="writer", stable="agno")

    checked = (await ready.SetRoute(pb.SetRouteRequest(route=route, validate_only=True))).route

    assert checked.revision == 1
    assert not (await ready.GetRoute(pb.GetRouteRequest(agent="writer"))).routes


async def test_a_change_is_followed_once_every_watcher_says_so(ready: rpc.RegistryServiceStub) -> None:
    watch = ready.Watch(pb.RegistryServiceWatchRequest(watcher="slow"))
    first = await watch.read()
    await ready.Acknowledge(pb.AcknowledgeRequest(watcher="slow", position=first.position))
    request = pb.SetRouteRequest(
        route=pb.Route(agent="writer", stable="agno"), acknowledged_within=duration_pb2.Duration(seconds=30)
    )
    setting = ready.SetRoute(request)
    change = await watch.read()
    early = setting.done()

    await ready.Acknowledge(pb.AcknowledgeRequest(watcher="slow", position=change.position))
    (said,) = (await setting).acknowledgements

    watch.cancel()
    assert not early
    assert (said.watcher, said.acknowledged, said.connected) == ("slow", True, True)


async def test_a_watcher_that_was_lost_is_named_and_one_that_left_is_not(ready: rpc.RegistryServiceStub) -> None:
    watches = {name: ready.Watch(pb.RegistryServiceWatchRequest(watcher=name)) for name in ("lost", "gone")}
    for name, watch in watches.items():
        first = await watch.read()
        await ready.Acknowledge(pb.AcknowledgeRequest(watcher=name, position=first.position))
        watch.cancel()
    await ready.Acknowledge(pb.AcknowledgeRequest(watcher="gone"))
    within = duration_pb2.Duration(nanos=100_000_000)

    response = await ready.SetRoute(
        pb.SetRouteRequest(route=pb.Route(agent="writer", stable="agno"), acknowledged_within=within)
    )

    assert [(one.watcher, one.acknowledged) for one in response.acknowledgements] == [("lost", False)]
    assert response.route.revision == 1


async def test_a_new_life_at_the_same_place_ends_the_wait_for_the_one_before(ready: rpc.RegistryServiceStub) -> None:
    for name in ("here/one", "here/two"):
        watch = ready.Watch(pb.RegistryServiceWatchRequest(watcher=name))
        first = await watch.read()
        await ready.Acknowledge(pb.AcknowledgeRequest(watcher=name, position=first.position))
        watch.cancel()
    within = duration_pb2.Duration(nanos=100_000_000)

    response = await ready.SetRoute(
        pb.SetRouteRequest(route=pb.Route(agent="writer", stable="agno"), acknowledged_within=within)
    )

    assert [one.watcher for one in response.acknowledgements] == ["here/two"]


async def test_whoever_follows_goes_by_what_it_knew_while_the_registry_is_away(config: Config) -> None:
    async with AsyncExitStack() as stack:
        async with registry(config) as server:
            config = dataclasses.replace(config, address=server.address)
            stub = rpc.RegistryServiceStub(await stack.enter_async_context(channel(server.address)))
            await stub.RegisterRuntime(announcement())
            await set_route(stub, "agno", agent="")
            snapshot = await stack.enter_async_context(RegistrySnapshot(stub, "follower"))
            await snapshot.ready()
        kept = snapshot.routes_of("writer")
        async with registry(config):
            within = duration_pb2.Duration(seconds=20)
            await stub.RegisterRuntime(announcement(), wait_for_ready=True)
            request = pb.SetRouteRequest(route=pb.Route(stable="agno"), acknowledged_within=within)
            response = await stub.SetRoute(request)
            followed = snapshot.routes_of("writer")

    assert [route.revision for route in kept] == [1]
    assert [(one.watcher, one.acknowledged) for one in response.acknowledgements] == [("follower", True)]
    assert [route.revision for route in followed] == [2]


async def test_after_a_restart_a_change_is_followed_once_the_known_are_back_and_not_sooner(
    config: Config,
) -> None:
    # Whoever is known need not be waited for by the clock.
    config = dataclasses.replace(config, settling_seconds=600.0)
    async with registry(config) as server, channel(server.address) as opened:
        for name in ("there/1", "left/1"):
            watch = rpc.RegistryServiceStub(opened).Watch(pb.RegistryServiceWatchRequest(watcher=name))
            await watch.read()
        await rpc.RegistryServiceStub(opened).Acknowledge(pb.AcknowledgeRequest(watcher="left/1"))
    async with registry(config) as server, channel(server.address) as opened:
        stub = rpc.RegistryServiceStub(opened)
        await stub.RegisterRuntime(announcement())
        route = pb.Route(stable="agno")
        at_once = pb.SetRouteRequest(route=route, acknowledged_within=duration_pb2.Duration(nanos=50_000_000))
        alone = await stub.SetRoute(at_once)
        setting = stub.SetRoute(
            pb.SetRouteRequest(route=route, acknowledged_within=duration_pb2.Duration(seconds=30)), timeout=60
        )
        watch = stub.Watch(pb.RegistryServiceWatchRequest(watcher="there/1"))
        change = await watch.read()
        while [one.revision for one in change.routes] != [2]:
            change = await watch.read()
        early = setting.done()
        await stub.Acknowledge(pb.AcknowledgeRequest(watcher="there/1", position=change.position))
        back = await setting
        watch.cancel()

    assert not early
    assert [(one.watcher, one.acknowledged, one.connected) for one in alone.acknowledgements] == [
        ("there/1", False, False)
    ]
    assert [(one.watcher, one.acknowledged) for one in back.acknowledgements] == [("there/1", True)]


async def test_routes_outlive_a_restart(config: Config) -> None:
    async with registry(config) as server, channel(server.address) as opened:
        stub = rpc.RegistryServiceStub(opened)
        await stub.RegisterRuntime(announcement())
        written = [await set_route(stub, "agno", agent=""), await set_route(stub, "agno", agent="")]

    async with registry(config) as server, channel(server.address) as opened:
        found = (await rpc.RegistryServiceStub(opened).GetRoute(pb.GetRouteRequest())).routes

    assert list(found) == written[-1:]
