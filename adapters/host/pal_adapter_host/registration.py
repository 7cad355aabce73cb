"""Being known to the registry for as long as the process serves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import grpc
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import registry_service_pb2_grpc as rpc
from pal_log.events import new_id

log = logging.getLogger("pal.adapter")

RETRY_SECONDS = 0.5
_CALL_SECONDS = 2.0


class Registration:
    """Announces a runtime, keeps the announcement alive and takes it back."""

    def __init__(
        self,
        stub: rpc.RegistryServiceStub,
        request: pb.RegisterRuntimeRequest,
        ttl_seconds: int,
        active_runs: Callable[[], int],
    ) -> None:
        """Announce what *request* says for *ttl_seconds* at a time, under an identifier of this process life."""
        self._stub = stub
        self._request = pb.RegisterRuntimeRequest()
        self._request.CopyFrom(request)
        self._request.instance_id = new_id()
        self._request.ttl.CopyFrom(duration_pb2.Duration(seconds=ttl_seconds))
        self._renew_seconds = ttl_seconds / 3
        self._active_runs = active_runs
        self._registration_id = ""
        self._reached = True

    async def keep(self) -> None:
        """Register, and renew for ever; a registry that forgot, was restarted or is gone is told again."""
        while True:
            try:
                await self._renew()
                self._reached = True
                pause = self._renew_seconds
            except grpc.aio.AioRpcError as error:
                pause = self._lost(error)
            await asyncio.sleep(pause)

    async def drain(self) -> None:
        """Take the runtime out of routing; silent when the registry is gone, which then notices by itself."""
        if self._registration_id:
            with contextlib.suppress(grpc.aio.AioRpcError):
                await self._stub.DrainRuntime(
                    pb.DrainRuntimeRequest(registration_id=self._registration_id), timeout=_CALL_SECONDS
                )

    async def _renew(self) -> None:
        if self._registration_id:
            renewal = pb.RenewRuntimeRequest(registration_id=self._registration_id, active_runs=self._active_runs())
            await self._stub.RenewRuntime(renewal, timeout=_CALL_SECONDS)
        else:
            response = await self._stub.RegisterRuntime(self._request, timeout=_CALL_SECONDS)
            self._registration_id = response.runtime.registration_id
            log.info("registered", extra={"registration_id": self._registration_id})

    def _lost(self, error: grpc.aio.AioRpcError) -> float:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            self._registration_id = ""
            return 0.0
        if self._reached:
            # Once, not at every try.
            self._reached = False
            log.warning("not registered", extra={"code": error.code().name, "details": error.details()})
        return RETRY_SECONDS
