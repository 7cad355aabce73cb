"""A server with its edge: errors, cancellation, health, reflection, addresses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.channels import channel
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.server import Server, serving
from pal_rpc.status import from_rpc_error

NAME = "pal.service.v1.RouterService"
SECRET = "hunter2"


class Router(rpc.RouterServiceServicer):
    """Behaves badly on request."""

    async def GetRun(self, request: pb.GetRunRequest, context: Any) -> pb.GetRunResponse:
        match request.run_id:
            case "missing":
                raise MeshError(reasons.ERROR_REASON_RUN_NOT_FOUND, "no run missing", run_id="missing")
            case "bug":
                raise RuntimeError(SECRET)
            case "inner-cancel":
                raise asyncio.CancelledError
            case _:
                return pb.GetRunResponse()

    async def Watch(self, request: pb.WatchRequest, context: Any) -> AsyncIterator[pb.WatchResponse]:
        yield pb.WatchResponse()
        if request.run_id == "inner-cancel":
            raise asyncio.CancelledError
        raise MeshError(reasons.ERROR_REASON_RUN_NOT_FOUND, "gone", run_id=request.run_id)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Server]:
    async with serving(
        "127.0.0.1:0", [NAME], lambda target: rpc.add_RouterServiceServicer_to_server(Router(), target)
    ) as running:
        yield running


@pytest.fixture
async def stub(server: Server) -> AsyncIterator[rpc.RouterServiceStub]:
    async with channel(server.address) as opened:
        yield rpc.RouterServiceStub(opened)


async def failed(stub: rpc.RouterServiceStub, run_id: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stub.GetRun(pb.GetRunRequest(run_id=run_id), timeout=30)
    return error.value


async def test_a_domain_error_arrives_with_reason_and_values(stub: rpc.RouterServiceStub) -> None:
    error = await failed(stub, "missing")

    known = from_rpc_error(error)
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert known is not None
    assert (known.reason_name, known.metadata) == ("RUN_NOT_FOUND", {"run_id": "missing"})


async def test_a_bug_is_opaque_to_the_client_and_logged_under_its_id(
    stub: rpc.RouterServiceStub, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "pal.rpc"):
        error = await failed(stub, "bug")

    assert error.code() is grpc.StatusCode.INTERNAL
    assert SECRET not in (error.details() or "")
    assert any(getattr(record, "error_id", "?") in (error.details() or "") for record in caplog.records)


async def test_an_inner_cancellation_does_not_hang_the_client(stub: rpc.RouterServiceStub) -> None:
    assert (await failed(stub, "inner-cancel")).code() is grpc.StatusCode.ABORTED


@pytest.mark.parametrize(
    ("run_id", "code"), [("inner-cancel", grpc.StatusCode.ABORTED), ("r1", grpc.StatusCode.NOT_FOUND)]
)
async def test_a_stream_ends_with_a_status(stub: rpc.RouterServiceStub, run_id: str, code: grpc.StatusCode) -> None:
    call = stub.Watch(pb.WatchRequest(run_id=run_id), timeout=30)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        async for _ in call:
            pass

    assert error.value.code() is code


async def test_each_rpc_is_logged_once_with_its_run(
    stub: rpc.RouterServiceStub, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "pal.rpc"):
        await stub.GetRun(pb.GetRunRequest(run_id="r9"))

    (record,) = [record for record in caplog.records if record.message == "rpc"]
    assert (record.method, record.code, record.run_id) == (f"/{NAME}/GetRun", "OK", "r9")  # type: ignore[attr-defined]


async def test_health_is_reported_per_service(server: Server) -> None:
    async with channel(server.address) as opened:
        answer = await health_pb2_grpc.HealthStub(opened).Check(health_pb2.HealthCheckRequest(service=NAME))

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_the_service(server: Server, version: str) -> None:
    async with channel(server.address) as opened:
        call = opened.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        answer = await call.read()

    assert NAME in [service.name for service in answer.list_services_response.service]


async def test_a_second_server_on_the_port_does_not_start(server: Server) -> None:
    with pytest.raises(StartError, match="in use"):
        async with serving(server.address, [], lambda target: None):
            pass


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:0", "[::]:0", "nonsense"])
async def test_an_address_others_can_reach_is_refused(address: str) -> None:
    with pytest.raises(StartError, match="loopback"):
        async with serving(address, [], lambda target: None):
            pass
