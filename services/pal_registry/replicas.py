"""Several registries on one database: one leads, and the others pass on to it whatever they are asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.v1 import error_reason_pb2 as reasons
from pal_registry.postgres import PostgresStore
from pal_registry.registry import Registry
from pal_rpc.channels import channel
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError
from pal_rpc.identity import HEADER
from pal_rpc.status import from_rpc_error

LOOK_SECONDS, _BEGINNING_SECONDS = 0.5, 0.05
_METHODS = pb.DESCRIPTOR.services_by_name["RegistryService"].methods
Servicer = rpc.RegistryServiceServicer


class RegistryUnavailable(MeshError):
    """No registry leads, or the one that does cannot be reached."""

    def __init__(self, address: str) -> None:
        """Name the *address* that was tried."""
        super().__init__(
            reasons.ERROR_REASON_REGISTRY_UNAVAILABLE,
            f"the registry that leads ({address or 'none yet'}) cannot be reached; another one takes over in a moment",
            address=address,
        )


class Front:
    """RegistryService as it is answered now: by this registry, or by the one that leads."""

    def __init__(self) -> None:
        """Begin without anybody who leads."""
        self.answering: Servicer | Forwarding = Forwarding(None, "")


class Forwarding:
    """RegistryService of another registry."""

    def __init__(self, stub: rpc.RegistryServiceStub | None, address: str) -> None:
        """Ask through *stub*; there may be none."""
        self.stub = stub
        self.address = address

    def asked(self, name: str, request: Any, context: Any) -> Any:
        """Return the call of a method."""
        if self.stub is None:
            raise RegistryUnavailable(self.address)
        metadata = tuple(pair for pair in context.invocation_metadata() or () if pair[0] == HEADER)
        left = context.time_remaining() if hasattr(context, "time_remaining") else None
        return getattr(self.stub, name)(request, metadata=metadata, timeout=left)

    def meaning(self, error: grpc.aio.AioRpcError) -> MeshError:
        """Return what the other registry said, or that it is gone."""
        return from_rpc_error(error) or RegistryUnavailable(self.address)


def _answered(name: str) -> Callable[[Front, Any, Any], Awaitable[Any]]:
    async def call(self: Front, request: Any, context: Any) -> Any:
        return await getattr(self.answering, name)(request, context)

    return call


def _streamed(name: str) -> Callable[[Front, Any, Any], AsyncIterator[Any]]:
    async def call(self: Front, request: Any, context: Any) -> AsyncIterator[Any]:
        async with contextlib.aclosing(getattr(self.answering, name)(request, context)) as frames:
            async for frame in frames:
                yield frame

    return call


def _forwarded(name: str) -> Callable[[Forwarding, Any, Any], Awaitable[Any]]:
    async def call(self: Forwarding, request: Any, context: Any) -> Any:
        try:
            return await self.asked(name, request, context)
        except grpc.aio.AioRpcError as error:
            raise self.meaning(error) from None

    return call


def _relayed(name: str) -> Callable[[Forwarding, Any, Any], AsyncIterator[Any]]:
    async def call(self: Forwarding, request: Any, context: Any) -> AsyncIterator[Any]:
        asked = self.asked(name, request, context)
        try:
            async for frame in asked:
                yield frame
        except grpc.aio.AioRpcError as error:
            raise self.meaning(error) from None
        finally:
            asked.cancel()

    return call


for _method in _METHODS:
    setattr(Front, _method.name, (_streamed if _method.server_streaming else _answered)(_method.name))
    setattr(Forwarding, _method.name, (_relayed if _method.server_streaming else _forwarded)(_method.name))


class Replica:
    """One of several registries: leads when nobody does, and steps back when another has led meanwhile."""

    def __init__(
        self, store: PostgresStore, front: Front, made: Callable[[], tuple[Registry, Servicer]], address: str
    ) -> None:
        """Answer at *address* through *front*; a registry is *made* from what *store* has whenever this one leads."""
        self._store = store
        self._front = front
        self._made = made
        self._address = address
        self._registry: Registry | None = None
        self._channel: grpc.aio.Channel | None = None

    async def look(self) -> None:
        """Find out who leads, and answer accordingly.

        Raises:
            StartError: the database cannot be used.
        """
        term = self._store.term
        leader = await self._store.lead(self._address)
        if leader != self._address:
            self._step_back()
            await self._follow(leader)
        elif self._registry is None or self._store.term != term:
            self._step_back()
            self._registry, self._front.answering = self._made()

    async def begin(self) -> None:
        """Return once somebody leads.

        Raises:
            StartError: the database cannot be used.
        """
        await self.look()
        while isinstance(self._front.answering, Forwarding) and not self._front.answering.address:
            await asyncio.sleep(_BEGINNING_SECONDS)
            await self.look()

    async def keep_looking(self) -> None:
        """Go on finding out who leads, for ever; who led when the database went away goes on answering."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(StartError):
                await self.look()

    async def close(self) -> None:
        """End every watch."""
        self._step_back()
        await self._follow("")

    def _step_back(self) -> None:
        if self._registry is not None:
            # Who watches comes again, and is passed on.
            self._registry.close()
            self._registry = None

    async def _follow(self, leader: str) -> None:
        answering = self._front.answering
        if isinstance(answering, Forwarding) and answering.address == leader:
            return
        before, self._channel = self._channel, channel(leader) if leader else None
        stub = rpc.RegistryServiceStub(self._channel) if self._channel is not None else None
        self._front.answering = Forwarding(stub, leader)
        if before is not None:
            await before.close()
