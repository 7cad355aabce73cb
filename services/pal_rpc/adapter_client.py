"""Calling adapters: one channel an endpoint, losses told apart from answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

import grpc
from google.protobuf import duration_pb2

from pal.service.v1 import runtime_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2_grpc as rpc
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error

_CANCEL_SECONDS = 2.0
_CONNECT_SECONDS = 3.0


class AdapterLost(MeshError):
    """The adapter went away before it gave a result."""

    def __init__(self, runtime: str, detail: str) -> None:
        """Name the *runtime* and, in *detail*, how it was noticed."""
        super().__init__(
            reasons.ERROR_REASON_ADAPTER_LOST,
            f"the adapter of runtime {runtime} went away before it gave a result ({detail})",
            runtime=runtime,
        )


class AdapterClient:
    """Runs attempts on adapters."""

    def __init__(self) -> None:
        """Hold no channel yet."""
        self._stubs: dict[str, rpc.RuntimeServiceStub] = {}
        self._opened: dict[str, grpc.aio.Channel] = {}
        self._channels = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every channel."""
        await self._channels.aclose()

    async def run(
        self, runtime: str, endpoint: str, request: pb.RuntimeServiceRunRequest, timeout_seconds: float
    ) -> AsyncGenerator[Sequence[pb.RunFrame], None]:
        """Yield the frames of one attempt as they come, several at a time under load.

        Raises:
            AdapterLost: the stream ended without a status of the adapter's own.
            MeshError: the adapter refused the run, or time was up.
        """
        stub = await self._stub(endpoint)
        if not await _ready(self._opened[endpoint]):
            raise AdapterLost(runtime, f"{endpoint} cannot be reached")
        call = stub.Run(request, timeout=timeout_seconds)
        try:
            async for response in call:
                if response is None:
                    # grpc.aio hands out None for a message that it cannot read.
                    raise _garbage(runtime)
                yield response.frames
        except grpc.aio.AioRpcError as error:
            raise _translate(error, runtime) from None
        finally:
            # Leaving the loop does not cancel the call.
            call.cancel()

    async def cancel(self, endpoint: str, lease: shared.RunLease, reason: str, grace_seconds: float) -> None:
        """Ask the adapter at *endpoint* to take the run away from its runtime; silent when it is gone."""
        seconds = int(grace_seconds)
        grace = duration_pb2.Duration(seconds=seconds, nanos=int((grace_seconds - seconds) * 1e9))
        request = pb.RuntimeServiceCancelRequest(lease=lease, reason=reason, grace=grace)
        try:
            await (await self._stub(endpoint)).Cancel(request, timeout=_CANCEL_SECONDS + grace_seconds)
        except grpc.aio.AioRpcError:
            # The run ends by its stream then.
            return

    async def _stub(self, endpoint: str) -> rpc.RuntimeServiceStub:
        if endpoint not in self._stubs:
            opened = await self._channels.enter_async_context(channel(endpoint))
            self._opened[endpoint] = opened
            self._stubs[endpoint] = rpc.RuntimeServiceStub(opened)
        return self._stubs[endpoint]


async def _ready(opened: grpc.aio.Channel) -> bool:
    """Wait until the adapter is connected; an adapter that was just started again gets a moment."""
    state = opened.get_state(try_to_connect=True)
    with suppress(TimeoutError):
        async with asyncio.timeout(_CONNECT_SECONDS):
            while state is not grpc.ChannelConnectivity.READY:
                await opened.wait_for_state_change(state)
                state = opened.get_state(try_to_connect=True)
    return state is grpc.ChannelConnectivity.READY


def _translate(error: grpc.aio.AioRpcError, runtime: str) -> MeshError:
    if known := from_rpc_error(error):
        return known
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return MeshError(reasons.ERROR_REASON_DEADLINE_EXCEEDED, "the run's time was up")
    details = error.details() or ""
    if "deserializ" in details:
        return _garbage(runtime)
    return AdapterLost(runtime, error.code().name)


def _garbage(runtime: str) -> MeshError:
    return MeshError(
        reasons.ERROR_REASON_ADAPTER_PROTOCOL,
        f"the adapter of runtime {runtime} sent bytes that are no RuntimeServiceRunResponse",
        runtime=runtime,
        rule="frames decode",
    )
