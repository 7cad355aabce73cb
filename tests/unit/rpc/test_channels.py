"""How long a channel takes for a peer that is slow to answer."""

from __future__ import annotations

import grpc
import pytest

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal_cli.ports import free_addresses
from pal_rpc.channels import channel
from pal_rpc.server import serving
from tests.fakes.cut_proxy import cut_proxy

NAME = "pal.service.v1.RouterService"
# Much longer than a machine with nothing else to do takes.
SLOW_SECONDS = 0.3


class Router(rpc.RouterServiceServicer):
    async def GetRun(self, request: pb.GetRunRequest, context: object) -> pb.GetRunResponse:
        return pb.GetRunResponse()


async def test_whoever_calls_waits_for_a_peer_that_is_slow_to_connect() -> None:
    added = [NAME], lambda target: rpc.add_RouterServiceServicer_to_server(Router(), target)
    async with (
        serving("127.0.0.1:0", *added) as running,
        cut_proxy(running.address, SLOW_SECONDS) as slow,
        channel(slow.address) as opened,
    ):
        found = await rpc.RouterServiceStub(opened).GetRun(pb.GetRunRequest())

    assert found == pb.GetRunResponse()


async def test_who_comes_back_is_found_at_once_and_nobody_is_missed_at_once() -> None:
    added = [NAME], lambda target: rpc.add_RouterServiceServicer_to_server(Router(), target)
    (address,) = free_addresses(1)
    async with channel(address) as opened:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await rpc.RouterServiceStub(opened).GetRun(pb.GetRunRequest())
        async with serving(address, *added):
            found = await rpc.RouterServiceStub(opened).GetRun(pb.GetRunRequest(), wait_for_ready=True, timeout=60)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert found == pb.GetRunResponse()
