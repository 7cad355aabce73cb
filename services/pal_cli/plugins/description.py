"""What an adapter says of itself, and whether a mesh can work with that."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import runtime_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_registry.names import lies_in
from pal_registry.problems import Problems
from pal_rpc.config import StartError

DESCRIBE_SECONDS = 10.0
_RETRY_SECONDS = 0.05
_NO_ADAPTER = {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNKNOWN}


async def listens(address: str) -> None:
    """Return once something accepts connections at *address*."""
    host, _, port = address.rpartition(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            # Nothing tells us that another process has begun to listen.
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        writer.close()
        return


async def described(opened: grpc.aio.Channel) -> pb.DescribeResponse:
    """Return what the adapter behind a channel declares.

    Raises:
        StartError: it gives no answer, or one that is none.
    """
    # A port may be open a moment before there is anybody behind it.
    stub = rpc.RuntimeServiceStub(opened)
    call = stub.Describe(pb.DescribeRequest(), timeout=DESCRIBE_SECONDS, wait_for_ready=True)
    try:
        answer: pb.DescribeResponse | None = await call
    except grpc.aio.AioRpcError as error:
        raise StartError(_silent(error)) from None
    if answer is None:
        raise StartError("it answers Describe with bytes that are no DescribeResponse")
    return answer


async def answers(opened: grpc.aio.Channel) -> bool:
    """Tell whether there is somebody behind a channel; to refuse is an answer too."""
    stub: Any = health_pb2_grpc.HealthStub(opened)
    try:
        await stub.Check(health_pb2.HealthCheckRequest(), timeout=DESCRIBE_SECONDS, wait_for_ready=True)
    except grpc.aio.AioRpcError as error:
        return error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    return True


def check(answer: pb.DescribeResponse) -> None:
    """Check that a mesh of this version can work with what an adapter declares.

    Raises:
        StartError: it cannot; the message names the field.
    """
    # With the checks comes the language of conditions, which no other command should wait for.
    from pal_registry.checks import check_runtime
    from pal_registry.runtimes import CONTRACT_LEVEL

    problems = Problems("", 1)
    check_runtime(answer.capability, problems)
    for problem in problems.found:
        raise StartError(f"its declaration does not hold: capability.{problem.path}: {problem.text}")
    version, supported = answer.installed_version, answer.capability.version
    if not version:
        raise StartError("its declaration does not hold: installed_version: missing; state the exact version in use")
    if not lies_in(version, supported):
        name = answer.capability.runtime
        raise StartError(f"{name} {version} is installed and the adapter works with {supported}; install one of those")
    if answer.contract_level > CONTRACT_LEVEL:
        raise StartError(
            f"it needs level {answer.contract_level} of the contract and this mesh speaks level {CONTRACT_LEVEL}; "
            "upgrade PAL, or install an older adapter"
        )


def announcement(
    name: str, address: str, answer: pb.DescribeResponse, instance_id: str
) -> registry.RegisterRuntimeRequest:
    """Return what announces an adapter that does not do it by itself."""
    declared = capabilities.RuntimeCapability()
    declared.CopyFrom(answer.capability)
    return registry.RegisterRuntimeRequest(
        capability=declared,
        installed_version=answer.installed_version,
        endpoint=address,
        instance_id=instance_id,
        name=name,
        contract_level=answer.contract_level,
    )


def _silent(error: grpc.aio.AioRpcError) -> str:
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"it listens and does not answer Describe within {DESCRIBE_SECONDS:.0f} s; does it speak gRPC?"
    details = error.details() or error.code().name
    if "deserializ" in details:
        return "it answers Describe with bytes that are no DescribeResponse"
    if error.code() in _NO_ADAPTER:
        return f"it serves no pal.service.v1.RuntimeService ({error.code().name}: {details})"
    return f"it does not answer Describe ({error.code().name}: {details})"
