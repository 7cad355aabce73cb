"""The edge of every server: domain errors become statuses, surprises become opaque, each RPC is logged once."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, NoReturn

import grpc
from grpc_status import rpc_status

from pal.v1 import error_reason_pb2 as reasons
from pal_log.events import new_id
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error, is_lost, to_status

log = logging.getLogger("pal.rpc")
# What is told of every RPC that has ended: its method, its code, and the seconds it took.
_observers: list[Callable[[str, str, float], None]] = []
_fields: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("rpc_log_fields", default=None)


def observe(observer: Callable[[str, str, float], None]) -> None:
    """Call *observer* at the end of every RPC of this process."""
    _observers.append(observer)


def annotate(**fields: str) -> None:
    """Add *fields*, for example ``run_id``, to the log line of the RPC in progress."""
    if (known := _fields.get()) is not None:
        known.update(fields)


class EdgeServer:
    """A server as far as ``add_<Service>Servicer_to_server`` needs one; what is added gets an edge.

    Not an interceptor of gRPC: that would wrap each handler anew for every call.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        """Add to *server*."""
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Take handlers."""
        self._server.add_generic_rpc_handlers(tuple(map(_Edge, handlers)))

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Take nothing: these are the same handlers again."""


class _Edge(grpc.GenericRpcHandler):
    def __init__(self, handlers: grpc.GenericRpcHandler) -> None:
        self._handlers = handlers
        self._known: dict[str, Any] = {}

    def service(self, details: Any) -> Any:
        known = self._known.get(details.method)
        if known is None and (handler := self._handlers.service(details)) is not None:
            known = self._known[details.method] = _guarded(details.method, handler)
        return known


def _guarded(method: str, handler: Any) -> Any:
    if handler.unary_unary:
        return grpc.unary_unary_rpc_method_handler(_unary(method, handler.unary_unary), *_codecs(handler))
    if handler.stream_unary:
        return grpc.stream_unary_rpc_method_handler(_unary(method, handler.stream_unary), *_codecs(handler))
    if handler.unary_stream:
        return grpc.unary_stream_rpc_method_handler(_stream(method, handler.unary_stream), *_codecs(handler))
    return grpc.stream_stream_rpc_method_handler(_stream(method, handler.stream_stream), *_codecs(handler))


def _codecs(handler: Any) -> tuple[Any, Any]:
    return handler.request_deserializer, handler.response_serializer


def _unary(method: str, behavior: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def guarded(request: Any, context: Any) -> Any:
        with _logged(method, request) as outcome:
            try:
                return await behavior(request, context)
            except BaseException as error:  # noqa: BLE001  the boundary: every end becomes a status
                await _abort(error, context, outcome)

    return guarded


def _stream(method: str, behavior: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    # A real async generator function: grpc.aio takes a lambda that returns one for a synchronous handler.
    async def guarded(request: Any, context: Any) -> AsyncIterator[Any]:
        with _logged(method, request) as outcome:
            try:
                # A client that leaves reaches us as GeneratorExit; the inner generator has to be closed with us.
                async with contextlib.aclosing(behavior(request, context)) as responses:  # type: ignore[type-var]
                    async for response in responses:
                        yield response
            except GeneratorExit:
                outcome["code"] = "CANCELLED"
                raise
            except BaseException as error:  # noqa: BLE001  the boundary: every end becomes a status
                await _abort(error, context, outcome)

    return guarded


async def _abort(error: BaseException, context: Any, outcome: dict[str, str]) -> NoReturn:
    match error:
        case grpc.aio.AbortError():
            outcome["code"] = context.code().name if context.code() else "ABORTED"
            raise error
        case asyncio.CancelledError():
            task = asyncio.current_task()
            outcome["code"] = "CANCELLED"
            if task and task.cancelling():
                raise error
            # An inner cancellation would end the handler without any status, and the client would hang.
            outcome["code"] = "ABORTED"
            await context.abort(grpc.StatusCode.ABORTED, "an upstream call was cancelled")
        case MeshError():
            await _abort_with(error, context, outcome)
        case grpc.aio.AioRpcError() if (known := from_rpc_error(error)) is not None:
            await _abort_with(known, context, outcome)
        case grpc.aio.AioRpcError():
            code = grpc.StatusCode.UNAVAILABLE if is_lost(error) else error.code()
            outcome["code"] = code.name
            await context.abort(code, (error.details() or "")[:1024])
        case Exception():
            error_id = new_id()
            log.error("handler failed", extra={"error_id": error_id}, exc_info=error)
            message = f"internal error {error_id}; the service's log has the details under this id"
            await _abort_with(MeshError(reasons.ERROR_REASON_INTERNAL, message, error_id=error_id), context, outcome)
    raise error


async def _abort_with(error: MeshError, context: Any, outcome: dict[str, str]) -> NoReturn:
    status = rpc_status.to_status(to_status(error))
    outcome["code"] = status.code.name
    outcome["reason"] = error.reason_name
    await context.abort(status.code, status.details, tuple(status.trailing_metadata))
    raise AssertionError("abort returned")


@contextlib.contextmanager
def _logged(method: str, request: Any) -> Iterator[dict[str, str]]:
    fields = {"code": "OK"}
    if run_id := getattr(request, "run_id", "") or getattr(getattr(request, "lease", None), "run_id", ""):
        fields["run_id"] = run_id
    token = _fields.set(fields)
    started = time.perf_counter()
    try:
        yield fields
    finally:
        with contextlib.suppress(ValueError):
            # A generator that is closed by another task has another context.
            _fields.reset(token)
        seconds = time.perf_counter() - started
        for observer in _observers:
            observer(method, fields["code"], seconds)
        duration_ms = round(seconds * 1000, 3)
        log.info("rpc", extra={"method": method, "duration_ms": duration_ms, **fields})
