"""A channel to services of the same process: the same stubs and the same errors, without a socket in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import grpc
from grpc_status import rpc_status

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError
from pal_rpc.status import to_status

Metadata = Iterable[tuple[str, str | bytes]]
# Messages that wait for whoever reads them; the rest waits with whoever writes.
_OPEN_MESSAGES = 64
_END = object()


class InProcessChannel:
    """Calls the handlers that ``add_<Service>Servicer_to_server`` adds to it.

    It is both sides: a server as far as that function needs one, and a channel as far as our stubs need one. Messages
    are passed on as they are; neither side may change one that it has handed over.
    """

    def __init__(self) -> None:
        """Know no handler yet."""
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Take nothing: the registered handlers below are the same ones, by name."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        """Take the handlers of *service*."""
        self._handlers.update((f"/{service}/{method}", handler) for method, handler in handlers.items())

    async def __aenter__(self) -> Self:
        """Return the channel."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: calls end with whoever made them."""

    def unary_unary(self, method: str, *_: object, **__: object) -> Callable[..., Awaitable[Any]]:
        """Return a callable for *method*."""
        return self._unary(method, "unary_unary")

    def stream_unary(self, method: str, *_: object, **__: object) -> Callable[..., Awaitable[Any]]:
        """Return a callable for *method*."""
        behavior = self._unary(method, "stream_unary")
        return lambda requests, **options: behavior(_iterated(requests), **options)

    def unary_stream(self, method: str, *_: object, **__: object) -> Callable[..., StreamCall]:
        """Return a callable for *method*."""
        return lambda request, **options: StreamCall(self._handler(method).unary_stream, request, **options)

    def stream_stream(self, method: str, *_: object, **__: object) -> Callable[..., StreamCall]:
        """Return a callable for *method*."""
        return lambda **options: StreamCall(self._handler(method).stream_stream, None, **options)

    def _unary(self, method: str, kind: str) -> Callable[..., Awaitable[Any]]:
        async def call(request: Any, *, metadata: Metadata = (), timeout: float | None = None, **_: object) -> Any:
            try:
                async with asyncio.timeout(timeout):
                    return await getattr(self._handler(method), kind)(request, _Context(metadata))
            except (MeshError, TimeoutError) as error:
                raise _as_rpc_error(error) from None

        return call

    def _handler(self, method: str) -> Any:
        return self._handlers[method]


class StreamCall:
    """A call whose responses are a stream; the handler runs in a task of its own, as it would in a server."""

    def __init__(
        self,
        behavior: Callable[[Any, Any], AsyncIterator[Any]],
        request: Any,
        *,
        metadata: Metadata = (),
        timeout: float | None = None,
        **_: object,
    ) -> None:
        """Begin the call; without a *request* they are written one by one."""
        self._context = _Context(metadata)
        self._requests: asyncio.Queue[Any] = asyncio.Queue(_OPEN_MESSAGES)
        self._responses: asyncio.Queue[Any] = asyncio.Queue(_OPEN_MESSAGES)
        self._error: Exception | None = None
        incoming = self._written() if request is None else request
        # Not a TaskGroup: the call ends by itself, or with `cancel`, as a call over a socket does.
        self._serving = asyncio.create_task(self._serve(behavior, incoming, timeout))

    async def initial_metadata(self) -> tuple[()]:
        """Return once the handler has sent its metadata, or has ended."""
        await self._context.sent.wait()
        return ()

    def done(self) -> bool:
        """Tell whether the handler has ended."""
        return self._serving.done()

    def cancel(self) -> bool:
        """End the call."""
        return self._serving.cancel()

    async def write(self, request: Any) -> None:
        """Hand the handler another request."""
        if self._serving.done():
            raise asyncio.InvalidStateError("the call has ended")
        await self._requests.put(request)

    async def read(self) -> Any:
        """Return the next response; `grpc.aio.EOF` after the last."""
        response = await self._responses.get()
        if response is not _END:
            return response
        # For whoever reads again.
        self._responses.put_nowait(_END)
        if self._error is not None:
            raise _as_rpc_error(self._error)
        return grpc.aio.EOF

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Yield the responses."""
        while (response := await self.read()) is not grpc.aio.EOF:
            yield response

    async def _serve(
        self, behavior: Callable[[Any, Any], AsyncIterator[Any]], incoming: Any, timeout_seconds: float | None
    ) -> None:
        responses = behavior(incoming, self._context)
        try:
            async with asyncio.timeout(timeout_seconds):
                async for response in responses:
                    await self._responses.put(response)
        except (MeshError, TimeoutError) as error:
            self._error = error
        finally:
            self._context.sent.set()
            await responses.aclose()  # type: ignore[attr-defined]  # an async generator
        await self._responses.put(_END)

    async def _written(self) -> AsyncIterator[Any]:
        while True:
            yield await self._requests.get()


class _Context:
    """What our servicers use of a ServicerContext."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = tuple(metadata or ())
        self.sent = asyncio.Event()

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        return self._metadata

    async def send_initial_metadata(self, _: object) -> None:
        self.sent.set()


async def _iterated(requests: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request


def _as_rpc_error(error: Exception) -> grpc.aio.AioRpcError:
    if not isinstance(error, MeshError):
        error = MeshError(reasons.ERROR_REASON_DEADLINE_EXCEEDED, "the call took too long")
    status = rpc_status.to_status(to_status(error))
    return grpc.aio.AioRpcError(
        status.code,
        initial_metadata=grpc.aio.Metadata(),
        trailing_metadata=grpc.aio.Metadata(*status.trailing_metadata),
        details=status.details,
    )
