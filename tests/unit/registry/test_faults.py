"""Faults in the registry: taken only where drills are allowed, checked to the last field, and gone with their time."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import fault_pb2 as faults
from pal_registry.faults import MAX_FAULTS, Faults
from pal_registry.feed import Feed
from pal_registry.watchers import Watchers
from pal_rpc.errors import MeshError

ERROR = faults.FAULT_KIND_TOOL_ERROR


def order(**fields: object) -> faults.FaultOrder:
    return faults.FaultOrder(**{"kind": ERROR, **fields})  # type: ignore[arg-type]


def request(fault_id: str = "f", drill_id: str = "d", **fields: object) -> pb.PutFaultRequest:
    return pb.PutFaultRequest(fault_id=fault_id, drill_id=drill_id, order=order(**fields))


def skewed(**match: str) -> pb.PutFaultRequest:
    delay = duration_pb2.Duration(seconds=30)
    return request(kind=faults.FAULT_KIND_CLOCK_SKEW, delay=delay, match=faults.FaultMatch(**match))  # type: ignore[arg-type]


@pytest.fixture
def allowed(watchers: Watchers) -> Faults:
    return Faults(Feed(), watchers, allowed=True)


async def refusal(standing: Faults, asked: pb.PutFaultRequest) -> MeshError:
    with pytest.raises(MeshError) as refused:
        await standing.put(asked)
    return refused.value


async def test_a_mesh_without_drills_takes_no_fault(watchers: Watchers) -> None:
    refused = await refusal(Faults(Feed(), watchers, allowed=False), request())

    assert refused.reason_name == "DRILLS_FORBIDDEN"
    assert "pal up --drills" in refused.message


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("order.kind", request(kind=0)),
        ("order.kind", request(kind=999)),
        ("fault_id", request(fault_id="")),
        ("drill_id", request(drill_id="")),
        ("order.ttl", request(ttl=duration_pb2.Duration(seconds=3601))),
        ("order.ttl", request(ttl=duration_pb2.Duration())),
        ("order.delay", request(delay=duration_pb2.Duration(seconds=601))),
        ("order.delay", request(kind=faults.FAULT_KIND_CLOCK_SKEW)),
        ("order.backward", request(backward=True)),
        ("order.match.service", request(match=faults.FaultMatch(service="router"))),
        ("order.match.service", skewed(service="recorder")),
        ("order.match.first_call", request(match=faults.FaultMatch(first_call=-1))),
        ("order.match.calls", request(match=faults.FaultMatch(calls=-1))),
        ("order.match.probability_ppm", request(match=faults.FaultMatch(probability_ppm=1_000_001))),
    ],
)
async def test_a_wrong_field_is_named(allowed: Faults, field: str, asked: pb.PutFaultRequest) -> None:
    refused = await refusal(allowed, asked)

    assert (refused.reason_name, refused.metadata["field"]) == ("INVALID_FIELD", field)


async def test_there_is_an_end_to_what_stands(allowed: Faults) -> None:
    standing = allowed
    for number in range(MAX_FAULTS):
        await standing.put(request(f"f{number}"))

    refused = await refusal(standing, request("one-more"))

    assert refused.reason_name == "OVERLOADED"
    standing.close()


async def test_a_fault_ends_with_its_time_and_watchers_hear_of_it(watchers: Watchers) -> None:
    feed = Feed()
    standing = Faults(feed, watchers, allowed=True)
    heard: list[list[str]] = []

    def state() -> pb.RegistryServiceWatchResponse:
        return pb.RegistryServiceWatchResponse(snapshot=True, faults=standing.all())

    async with asyncio.timeout(10):
        async for change in feed.follow(state):
            heard.append([fault.fault_id for fault in change.faults.faults])
            if len(heard) == 1:
                await standing.put(request(ttl=duration_pb2.Duration(seconds=1)))
            if heard[-1] == [] and len(heard) > 1:
                break

    assert heard == [[], ["f"], []]
    assert standing.of("") == []


async def test_a_drill_heals_its_own_faults(allowed: Faults) -> None:
    standing = allowed
    for fault_id, drill_id in (("one", "d"), ("two", "d"), ("three", "other")):
        await standing.put(request(fault_id, drill_id))

    healed = await standing.heal(pb.HealFaultsRequest(drill_id="d"))
    again = await standing.heal(pb.HealFaultsRequest(drill_id="d"))

    assert [fault.fault_id for fault in healed.faults] == ["one", "two"]
    assert list(again.faults) == []
    assert [fault.fault_id for fault in standing.of("")] == ["three"]
    standing.close()
