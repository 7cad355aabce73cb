"""How long a channel takes for a peer that is slow to answer."""

from __future__ import annotations

import grpc
import pytest

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal_rpc.channels import channel
from pal_rpc.server import serving
from tests.fakes.cut_proxy import cut_proxy

NAME = "pal.service.v1.RouterService"
# Longer than an attempt of the impatient may take.
SLOW_SECONDS = 0.3


class Router(rpc.RouterServiceServicer):
    async def GetRun(self, request: pb.GetRunRequest, context: object) -> pb.GetRunResponse:
        return pb.GetRunResponse()


async def test_whoever_calls_once_waits_for_a_peer_that_is_slow_to_connect() -> None:
    added = [NAME], lambda target: rpc.add_RouterServiceServicer_to_server(Router(), target)
    async with serving("127.0.0.1:0", *added) as running, cut_proxy(running.address, SLOW_SECONDS) as slow:
        async with channel(slow.address, patient=True) as opened:
            found = await rpc.RouterServiceStub(opened).GetRun(pb.GetRunRequest())
        async with channel(slow.address) as opened:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await rpc.RouterServiceStub(opened).GetRun(pb.GetRunRequest())

    assert found == pb.GetRunResponse()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
