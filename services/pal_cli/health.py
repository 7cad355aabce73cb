"""Whether services serve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal_rpc.channels import channel
from pal_rpc.config import StartError
from pal_rpc.snapshot import RegistrySnapshot

SERVING, UNREACHABLE = "SERVING", "UNREACHABLE"
_CHECK_SECONDS = 2.0
_RETRY_SECONDS = 0.05


async def health(address: str) -> str:
    """Return SERVING, NOT_SERVING or UNREACHABLE."""
    async with channel(address) as opened:
        try:
            stub: Any = health_pb2_grpc.HealthStub(opened)
            response = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_CHECK_SECONDS)
        except grpc.aio.AioRpcError:
            return UNREACHABLE
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(response.status))


async def wait_ready(addresses: Mapping[str, str], runtimes: Sequence[str], timeout_seconds: float) -> None:
    """Wait until the router takes runs and *runtimes* take part.

    Raises:
        StartError: not within *timeout_seconds*.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            await _router_serves(addresses["router"])
            await _registered(addresses["registry"], runtimes)
    except TimeoutError:
        raise StartError(f"the mesh is not ready after {timeout_seconds:.0f} s; `pal logs` shows why") from None


async def _router_serves(address: str) -> None:
    async with channel(address) as opened:
        while True:
            stub: Any = health_pb2_grpc.HealthStub(opened)
            call = stub.Watch(health_pb2.HealthCheckRequest(), wait_for_ready=True)
            with suppress(grpc.aio.AioRpcError):
                async for response in call:
                    if response.status == health_pb2.HealthCheckResponse.SERVING:
                        call.cancel()
                        return
            await asyncio.sleep(_RETRY_SECONDS)


async def _registered(address: str, runtimes: Sequence[str]) -> None:
    async with channel(address) as opened, RegistrySnapshot(registry_rpc.RegistryServiceStub(opened)) as snapshot:
        await snapshot.ready()
        while not all(_serving(snapshot, name) for name in runtimes):
            await snapshot.wait_change(1.0)


def _serving(snapshot: RegistrySnapshot, name: str) -> bool:
    known = snapshot.runtimes.get(name)
    return known is not None and known.state == registry.RUNTIME_STATE_SERVING
