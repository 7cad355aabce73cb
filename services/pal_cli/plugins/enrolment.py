"""Seeing to it that the registry knows of an adapter: that it takes runs, or why it takes none."""

from __future__ import annotations

import asyncio
import contextlib
import time

import grpc

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal.service.v1 import runtime_service_pb2 as runtime
from pal_cli.failures import explained
from pal_cli.plugins.description import announcement, described
from pal_log.events import new_id
from pal_rpc.config import StartError
from pal_rpc.status import from_rpc_error

# An adapter that has not announced itself by then does not mean to.
_OWN_SECONDS = 2.0
_POLL_SECONDS = 0.05
_CALL_SECONDS = 2.0
# What is drained may be eating the memory of the machine.
_DRAIN_SECONDS = 0.5


class Enrolment:
    """The announcement of one life of an adapter.

    Most adapters announce themselves. For one that serves RuntimeService and nothing else the supervisor does it.
    """

    def __init__(self, stub: rpc.RegistryServiceStub, name: str, address: str) -> None:
        """See to the adapter that is routed to as *name* at *address*."""
        self._stub = stub
        self._name = name
        self._address = address
        self._sponsored = ""
        self._instance_id = new_id()

    async def complete(self, answer: runtime.DescribeResponse) -> None:
        """Return once runs are routed to the adapter, which declared *answer*.

        Raises:
            StartError: the registry refuses it.
        """
        answered_at = 0.0
        while True:
            shown = await self._shown()
            answered_at = answered_at or (time.monotonic() if shown is not None else 0.0)
            if shown and shown.state == pb.RUNTIME_STATE_SERVING:
                return
            if answered_at and time.monotonic() - answered_at > _OWN_SECONDS:
                await self._sponsor(answer)
                return
            # The registry tells those who watch it whole; this is about one line of it.
            await asyncio.sleep(_POLL_SECONDS)

    async def renew(self, opened: grpc.aio.Channel) -> None:
        """Keep the announcement of an adapter alive that does not do it by itself; a registry that forgot is told.

        Raises:
            StartError: the adapter behind *opened* does not answer.
        """
        if not self._sponsored:
            return
        answer = await described(opened)
        request = pb.RenewRuntimeRequest(registration_id=self._sponsored, active_runs=answer.active_runs)
        try:
            await self._stub.RenewRuntime(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                await self._sponsor(answer)

    async def drain(self, reason: str) -> None:
        """Take the adapter out of routing and say why; silent when the registry is gone or knows of another."""
        with contextlib.suppress(grpc.aio.AioRpcError, TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                shown = await self._shown()
                if shown and shown.registration_id:
                    await self._stub.DrainRuntime(
                        pb.DrainRuntimeRequest(registration_id=shown.registration_id, reason=reason)
                    )

    async def _shown(self) -> pb.RegisteredRuntime | None:
        """Return the announcement, an empty one when there is none; None when the registry does not answer."""
        try:
            response = await self._stub.ListRuntimes(pb.ListRuntimesRequest(name=self._name), timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError:
            return None
        ours = (shown for shown in response.runtimes if shown.endpoint == self._address)
        return next(ours, pb.RegisteredRuntime())

    async def _sponsor(self, answer: runtime.DescribeResponse) -> None:
        request = announcement(self._name, self._address, answer, self._instance_id)
        try:
            response = await self._stub.RegisterRuntime(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            known = from_rpc_error(error)
            raise StartError(f"the registry refuses it: {explained(known)[0] if known else error.details()}") from None
        self._sponsored = response.runtime.registration_id
