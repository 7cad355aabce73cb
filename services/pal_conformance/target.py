"""The adapter that is held to the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_rpc.channels import channel
from pal_rpc.status import from_rpc_error, is_lost

# The newest level of the contract that this kit speaks.
CONTRACT_LEVEL = 1
_ANSWER_SECONDS = 5.0
_CONNECT_SECONDS = 3.0


class Unusable(Exception):
    """The target cannot be held to the contract; the message says why and what to do."""


class BadAddress(Unusable):
    """It is no address."""


class NothingThere(Unusable):
    """Nothing listens on the address."""


class NoAnswer(Unusable):
    """It does not answer."""


class NotAnAdapter(Unusable):
    """It answers, but not as an adapter."""


class Unreached(Unusable):
    """It does not reach the kit."""


class TooNew(Unusable):
    """It needs a newer contract than this kit speaks."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """An adapter, and what it says of itself."""

    address: str
    stub: rpc.RuntimeServiceStub
    described: rt.DescribeResponse

    @property
    def declared(self) -> capabilities.RuntimeCapability:
        """The declaration."""
        return self.described.capability

    @property
    def name(self) -> str:
        """The runtime and its version, for people."""
        return f"{self.declared.runtime} {self.described.installed_version}".strip() or self.address


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Target]:
    """Connect to the adapter on *address*.

    Raises:
        Unusable: there is none, it does not answer, or it is too new.
    """
    await _listening(address)
    async with channel(address) as opened:
        stub = rpc.RuntimeServiceStub(opened)
        described = await _described(address, stub)
        if described.contract_level > CONTRACT_LEVEL:
            raise TooNew(
                f"the adapter on {address} needs level {described.contract_level} of the contract and this kit speaks "
                f"level {CONTRACT_LEVEL}; use the kit of a newer PAL, or an older adapter"
            )
        yield Target(address=address, stub=stub, described=described)


async def _listening(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadAddress(f"{address}: write HOST:PORT, for example 127.0.0.1:7410")
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError):
        raise NothingThere(f"nothing listens on {address}; start the adapter, then try again") from None
    writer.close()


async def _described(address: str, stub: rpc.RuntimeServiceStub) -> rt.DescribeResponse:
    try:
        found = await _describe(stub, wait_for_ready=False)
    except grpc.aio.AioRpcError as error:
        if not is_lost(error):
            raise _unusable(address, error) from None
        try:
            # A busy machine may be too slow for the first handshake.
            found = await _describe(stub, wait_for_ready=True)
        except grpc.aio.AioRpcError:
            raise _unusable(address, error) from None
    if found is None or not found.capability.runtime:
        raise NotAnAdapter(f"{address} is no adapter: what it answers to Describe names no runtime")
    return found


async def _describe(stub: rpc.RuntimeServiceStub, *, wait_for_ready: bool) -> rt.DescribeResponse | None:
    # None for a message that cannot be read, whatever the types say.
    return await stub.Describe(rt.DescribeRequest(), timeout=_ANSWER_SECONDS, wait_for_ready=wait_for_ready)


def _unusable(address: str, error: grpc.aio.AioRpcError) -> Unusable:
    details = error.details() or ""
    if known := from_rpc_error(error):
        details = f"{known.message} [{known.reason_name}]"
    match error.code():
        case grpc.StatusCode.UNIMPLEMENTED:
            return NotAnAdapter(f"{address} speaks gRPC and is no adapter: it serves no pal.service.v1.RuntimeService")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return NoAnswer(f"{address} does not answer Describe within {_ANSWER_SECONDS:g} s: it hangs")
        case grpc.StatusCode.UNAVAILABLE if "timed out" in details:
            return NoAnswer(f"{address} accepts connections and says nothing: it hangs, or it speaks no gRPC")
        case grpc.StatusCode.UNAVAILABLE:
            return NotAnAdapter(f"{address} is no adapter: it speaks no gRPC ({details})")
        case code:
            return NotAnAdapter(f"{address} answers Describe with {code.name}: {details}")
