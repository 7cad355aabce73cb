"""How long a channel takes for a peer that is slow to answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal_rpc.channels import channel
from pal_rpc.server import serving

NAME = "pal.service.v1.RouterService"
# Longer than an attempt of the impatient may take.
SLOW_SECONDS = 0.3


class Router(rpc.RouterServiceServicer):
    async def GetRun(self, request: pb.GetRunRequest, context: object) -> pb.GetRunResponse:
        return pb.GetRunResponse()


@asynccontextmanager
async def slow(address: str) -> AsyncIterator[str]:
    """Pass connections on to *address* as a machine does that has better things to do first."""

    async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(SLOW_SECONDS)
        host, _, port = address.rpartition(":")
        from_peer, to_peer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copied(reader, to_peer), copied(from_peer, writer), return_exceptions=True)

    server = await asyncio.start_server(passed_on, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_whoever_calls_once_waits_for_a_peer_that_is_slow_to_connect() -> None:
    added = [NAME], lambda target: rpc.add_RouterServiceServicer_to_server(Router(), target)
    async with serving("127.0.0.1:0", *added) as running, slow(running.address) as address:
        async with channel(address, patient=True) as opened:
            found = await rpc.RouterServiceStub(opened).GetRun(pb.GetRunRequest())
        async with channel(address) as opened:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await rpc.RouterServiceStub(opened).GetRun(pb.GetRunRequest())

    assert found == pb.GetRunResponse()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
