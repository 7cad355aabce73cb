"""Quotas over gRPC: many at once, on both stores, and with two recorders on one of them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import grpc
import pytest
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pal.service.v1 import quota_service_pb2 as pb
from pal.service.v1 import quota_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import quota_pb2 as quotas
from pal_recorder.__main__ import Config, recorder
from pal_rpc.channels import channel
from pal_rpc.identity import bearer, issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.status import from_rpc_error

LIVE = common.EXECUTION_MODE_LIVE
ALLOWED, ASKED = 7, 50
HOUR, TTL = duration_pb2.Duration(seconds=3600), duration_pb2.Duration(seconds=60)
BY_TENANT = pb.QuotaClaim(
    key=pb.QuotaKey(quota="day", pool=LIVE, tenant="acme"), limits=[quotas.QuotaLimit(window=HOUR, runs=ALLOWED)]
)
ALTOGETHER = pb.QuotaClaim(key=pb.QuotaKey(quota="all", pool=LIVE), concurrent_runs=ALLOWED + 3)
Metadata = tuple[tuple[str, str], ...]


@pytest.fixture
def token(config: Config) -> Metadata:
    return bearer(issue_token(private_key(config.keys_dir, MESH), "router"))


@pytest.fixture(params=["sqlite", pytest.param("two recorders on PostgreSQL", marks=pytest.mark.drill)])
async def recorders(
    config: Config, database: Callable[[], Awaitable[str]], request: pytest.FixtureRequest
) -> AsyncIterator[list[rpc.QuotaServiceStub]]:
    configs = [config]
    if request.param != "sqlite":
        url = await database()
        configs = [
            dataclasses.replace(config, store_url=url, data_dir=config.data_dir / name) for name in ("one", "two")
        ]
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(recorder(one)) for one in configs]
        channels = [await stack.enter_async_context(channel(server.address)) for server in servers]
        yield [rpc.QuotaServiceStub(opened) for opened in channels]


def reservation(name: str, *claims: pb.QuotaClaim) -> pb.ReserveRequest:
    return pb.ReserveRequest(
        reservation_id=name, claims=claims, amounts=pb.QuotaAmounts(runs=1, concurrent_runs=1), ttl=TTL
    )


async def reserved(stub: rpc.QuotaServiceStub, request: pb.ReserveRequest, token: Metadata) -> str:
    """Return what became of a reservation: "taken", "repeated", or the reason it was refused for."""
    try:
        return "repeated" if (await stub.Reserve(request, metadata=token)).repeated else "taken"
    except grpc.aio.AioRpcError as error:
        known = from_rpc_error(error)
        assert known is not None
        return known.reason_name


async def stands(stub: rpc.QuotaServiceStub) -> dict[str, list[tuple[int, int]]]:
    page = await stub.ListUsage(pb.ListUsageRequest())
    return {counter.key.quota: [(one.used, one.reserved) for one in counter.usage] for counter in page.counters}


async def test_fifty_at_once_never_exceed_a_quota(recorders: Sequence[rpc.QuotaServiceStub], token: Metadata) -> None:
    asked = [
        reserved(recorders[number % len(recorders)], reservation(f"r{number}", BY_TENANT, ALTOGETHER), token)
        for number in range(ASKED)
    ]
    became = await asyncio.gather(*asked)

    assert (became.count("taken"), became.count("QUOTA_EXCEEDED")) == (ALLOWED, ASKED - ALLOWED)
    for stub in recorders:
        assert await stands(stub) == {"all": [(0, ALLOWED)], "day": [(ALLOWED, 0)]}


async def test_a_reservation_is_repeated_and_settled_at_any_recorder(
    recorders: Sequence[rpc.QuotaServiceStub], token: Metadata
) -> None:
    request = reservation("r1", BY_TENANT, ALTOGETHER)
    became = [await reserved(stub, request, token) for stub in (*recorders, *recorders)]
    ended = pb.QuotaSettlement(reservation_id="r1", keys=[BY_TENANT.key, ALTOGETHER.key])
    settled = pb.SettleRequest(settlements=[ended])
    for stub in recorders:
        await stub.Settle(settled, metadata=token)

    assert became == ["taken", *["repeated"] * (len(became) - 1)]
    assert await stands(recorders[-1]) == {"all": [(0, 0)], "day": [(1, 0)]}


async def test_a_refusal_carries_the_standard_details(config: Config, token: Metadata) -> None:
    one = pb.QuotaClaim(key=BY_TENANT.key, limits=[quotas.QuotaLimit(window=HOUR, runs=1)])
    async with recorder(config) as server, channel(server.address) as opened:
        stub = rpc.QuotaServiceStub(opened)
        await stub.Reserve(reservation("r1", one), metadata=token)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Reserve(reservation("r2", one), metadata=token)

    failure, retry = error_details_pb2.QuotaFailure(), error_details_pb2.RetryInfo()
    status = rpc_status.from_call(caught.value)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert [any(detail.Unpack(kind) for detail in status.details) for kind in (failure, retry)] == [True, True]
    violation = failure.violations[0]
    assert (violation.subject, violation.quota_metric, violation.quota_value) == ("quota:day", "runs per 1h", 1)
    assert dict(violation.quota_dimensions) == {"pool": "live"}
    assert 1 <= retry.retry_delay.seconds <= 3600


async def test_what_was_used_is_used_after_a_new_start(config: Config, token: Metadata) -> None:
    async with recorder(config) as server, channel(server.address) as opened:
        await rpc.QuotaServiceStub(opened).Reserve(reservation("r1", BY_TENANT, ALTOGETHER), metadata=token)

    async with recorder(config) as server, channel(server.address) as opened:
        stub = rpc.QuotaServiceStub(opened)
        again = await reserved(stub, reservation("r1", BY_TENANT, ALTOGETHER), token)

        assert again == "repeated"
        assert await stands(stub) == {"all": [(0, 1)], "day": [(1, 0)]}


async def test_only_a_service_of_the_mesh_reserves(config: Config) -> None:
    async with recorder(config) as server, channel(server.address) as opened:
        became = await reserved(rpc.QuotaServiceStub(opened), reservation("r1", BY_TENANT), ())

    assert became == "UNAUTHENTICATED"
