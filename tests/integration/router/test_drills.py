"""A run is a drill only where drills are allowed."""

from __future__ import annotations

import grpc
import pytest

from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.v1 import fault_pb2 as faults
from pal_rpc.errors import MeshError
from pal_rpc.identity import OPERATOR, bearer, issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.status import from_rpc_error
from tests.integration.router.conftest import Bench


def refusal(error: grpc.aio.AioRpcError) -> MeshError:
    known = from_rpc_error(error)
    assert known is not None, error
    return known


async def test_a_router_without_drills_begins_none(bench: Bench) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await bench.run("a-drill", drill_id="d1")

    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert refusal(refused.value).reason_name == "DRILLS_FORBIDDEN"


async def test_a_registry_without_drills_takes_no_fault(bench: Bench) -> None:
    order = faults.FaultOrder(kind=faults.FAULT_KIND_TOOL_ERROR)
    request = registry_pb.PutFaultRequest(fault_id="f1", drill_id="d1", order=order)
    operator = bearer(issue_token(private_key(bench.keys, MESH), OPERATOR))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await bench.registry.PutFault(request, metadata=operator)

    assert refusal(refused.value).reason_name == "DRILLS_FORBIDDEN"
    assert not (await bench.registry.ListFaults(registry_pb.ListFaultsRequest())).faults
