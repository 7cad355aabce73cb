"""Runtimes over gRPC: announced, renewed, drained, lost."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import runtime_capability_pb2 as capabilities
from tests.integration.registry.texts import DECLARATION, announcement, mesh_error

GREEDY = capabilities.RuntimeCapability(
    runtime="agno",
    version=">=3",
    capabilities=capabilities.RuntimeFeatures(modes=["conversational"]),
    limits=capabilities.RuntimeLimits(memory_mib=-1),
)

SOON = duration_pb2.Duration(seconds=1)


async def register(stub: rpc.RegistryServiceStub, **changes: Any) -> pb.RegisteredRuntime:
    return (await stub.RegisterRuntime(announcement(**changes))).runtime


async def renew(stub: rpc.RegistryServiceStub, registration_id: str) -> pb.RegisteredRuntime:
    request = pb.RenewRuntimeRequest(registration_id=registration_id, active_runs=2)
    return (await stub.RenewRuntime(request)).runtime


async def test_a_runtime_is_routed_to_by_its_own_name_unless_another_is_given(stub: rpc.RegistryServiceStub) -> None:
    await register(stub)
    await register(stub, name="agno-blue", instance_id="life-2")

    found = (await stub.ListRuntimes(pb.ListRuntimesRequest())).runtimes

    assert [runtime.name for runtime in found] == ["agno", "agno-blue"]
    assert all(runtime.state == pb.RUNTIME_STATE_SERVING and runtime.expires_at.seconds for runtime in found)


async def test_the_same_instance_again_keeps_its_registration(stub: rpc.RegistryServiceStub) -> None:
    first = await register(stub)
    second = await register(stub)

    assert second.registration_id == first.registration_id


async def test_a_new_instance_takes_the_place_of_the_old(stub: rpc.RegistryServiceStub) -> None:
    old = await register(stub)
    new = await register(stub, instance_id="life-2", endpoint="127.0.0.1:7411")

    with pytest.raises(grpc.aio.AioRpcError, match="register the runtime anew") as caught:
        await renew(stub, old.registration_id)

    assert mesh_error(caught.value).reason_name == "REGISTRATION_NOT_FOUND"
    assert list((await stub.ListRuntimes(pb.ListRuntimesRequest(name="agno"))).runtimes) == [new]


async def test_an_instance_that_was_replaced_cannot_come_back_while_the_newer_one_is_there(
    stub: rpc.RegistryServiceStub,
) -> None:
    await register(stub)
    new = await register(stub, instance_id="life-2", endpoint="127.0.0.1:7411")

    with pytest.raises(grpc.aio.AioRpcError, match="a newer adapter has the name agno") as caught:
        await register(stub)

    assert mesh_error(caught.value).metadata["field"] == "instance_id"
    assert list((await stub.ListRuntimes(pb.ListRuntimesRequest(name="agno"))).runtimes) == [new]


async def test_a_renewal_prolongs_and_counts(stub: rpc.RegistryServiceStub) -> None:
    announced = await register(stub)

    renewed = await renew(stub, announced.registration_id)

    assert renewed.active_runs == 2
    assert renewed.expires_at.ToNanoseconds() > announced.expires_at.ToNanoseconds()


async def test_a_drained_runtime_stays_drained(stub: rpc.RegistryServiceStub) -> None:
    announced = await register(stub)

    drained = await stub.DrainRuntime(pb.DrainRuntimeRequest(registration_id=announced.registration_id))

    assert drained.runtime.state == pb.RUNTIME_STATE_DRAINING
    assert (await register(stub)).state == pb.RUNTIME_STATE_DRAINING


async def test_why_a_runtime_was_drained_is_still_known_when_it_drains_itself(stub: rpc.RegistryServiceStub) -> None:
    announced = await register(stub)
    registration_id = announced.registration_id

    await stub.DrainRuntime(pb.DrainRuntimeRequest(registration_id=registration_id, reason="out of memory"))
    again = await stub.DrainRuntime(pb.DrainRuntimeRequest(registration_id=registration_id))

    assert again.runtime.reason == "out of memory"


async def test_a_silent_runtime_is_lost_and_everybody_is_told(stub: rpc.RegistryServiceStub) -> None:
    watch = stub.Watch(pb.RegistryServiceWatchRequest())
    await watch.read()
    announced = await register(stub, ttl=SOON)
    seen = []

    while not seen or seen[-1] != pb.RUNTIME_STATE_LOST:
        seen.extend(runtime.state for runtime in (await watch.read()).runtimes)

    watch.cancel()
    assert seen == [pb.RUNTIME_STATE_SERVING, pb.RUNTIME_STATE_LOST]
    with pytest.raises(grpc.aio.AioRpcError, match="has ended"):
        await renew(stub, announced.registration_id)


async def test_why_a_runtime_was_lost_can_be_told_later(stub: rpc.RegistryServiceStub) -> None:
    watch = stub.Watch(pb.RegistryServiceWatchRequest())
    await watch.read()
    announced = await register(stub, ttl=SOON)
    state = announced.state
    while state != pb.RUNTIME_STATE_LOST:
        state = next((runtime.state for runtime in (await watch.read()).runtimes), state)
    watch.cancel()

    request = pb.DrainRuntimeRequest(registration_id=announced.registration_id, reason="it spun")
    told = (await stub.DrainRuntime(request)).runtime

    assert (told.state, told.reason) == (pb.RUNTIME_STATE_LOST, "it spun")


async def test_a_published_declaration_narrows_a_runtime_at_once(stub: rpc.RegistryServiceStub) -> None:
    await register(stub)

    await stub.Apply(pb.ApplyRequest(text=DECLARATION))

    (runtime,) = (await stub.ListRuntimes(pb.ListRuntimesRequest())).runtimes
    assert runtime.capability.capabilities == capabilities.RuntimeFeatures(modes=["conversational"], tool_calling=True)


async def test_a_declaration_for_other_versions_does_not_narrow(stub: rpc.RegistryServiceStub) -> None:
    await stub.Apply(pb.ApplyRequest(text=DECLARATION.replace(">=3", "<3")))

    assert (await register(stub)).capability == announcement().capability


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"installed_version": "2.9.0"}, "installed_version"),
        ({"installed_version": ""}, "installed_version"),
        ({"installed_version": "three"}, "installed_version"),
        ({"endpoint": ""}, "endpoint"),
        ({"endpoint": "10.0.0.1:7410"}, "endpoint"),
        ({"endpoint": "127.0.0.1:99999"}, "endpoint"),
        ({"ttl": duration_pb2.Duration(seconds=0)}, "ttl"),
        ({"ttl": duration_pb2.Duration(seconds=4000)}, "ttl"),
        ({"instance_id": ""}, "instance_id"),
        ({"name": "Agno Blue"}, "name"),
        ({"capability": capabilities.RuntimeCapability()}, "capability.runtime"),
        ({"capability": capabilities.RuntimeCapability(runtime="agno", version="x y z")}, "capability.version"),
        ({"capability": GREEDY}, "capability.limits.memoryMib"),
    ],
)
async def test_a_wrong_announcement_names_its_field(
    stub: rpc.RegistryServiceStub, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await register(stub, **changes)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert mesh_error(caught.value).metadata["field"] == field


async def test_a_registration_of_an_earlier_registry_is_not_found(stub: rpc.RegistryServiceStub) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="register the runtime anew") as caught:
        await renew(stub, "of-the-registry-before")

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
