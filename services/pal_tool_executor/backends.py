"""Back ends of tools: Python callables, HTTP endpoints, MCP servers. Each takes JSON text and gives JSON text."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2

from pal_log.events import new_id
from pal_tool_executor import failing
from pal_tool_executor.tool_error import ToolError

log = logging.getLogger("pal.tool_executor")

# Calls of one synchronous tool at a time; those that hang count until they end.
MAX_THREADS = 64
MAX_RESULT_BYTES = 8 * 1024 * 1024
KEY_PARAMETER, KEY_HEADER = "idempotency_key", "Idempotency-Key"


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One attempt: the tool, its arguments as values and as the text they came in, and the key of the call."""

    tool: str
    arguments: Mapping[str, Any]
    text: str
    key: str


class Backend(Protocol):
    """Carries out calls of one tool."""

    async def call(self, invocation: Invocation) -> str:
        """Return the result as JSON text.

        Raises:
            CallFailed: the tool reported a failure, or its back end is not there.
        """


class PythonBackend:
    """A Python callable, given the arguments by name; synchronous ones run in a thread that may be left behind."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Call *function*."""
        self._function = function
        self._asynchronous = inspect.iscoroutinefunction(function)
        self._takes_key = KEY_PARAMETER in inspect.signature(function).parameters
        self._threads = 0

    async def call(self, invocation: Invocation) -> str:
        """Call the function and return its result as JSON."""
        arguments = dict(invocation.arguments)
        if self._takes_key and KEY_PARAMETER not in arguments:
            arguments[KEY_PARAMETER] = invocation.key
        try:
            if self._asynchronous:
                return _dumped(invocation.tool, await self._function(**arguments))
            return await self._in_thread(invocation.tool, arguments)
        except ToolError as error:
            raise failing.reported(invocation.tool, error.message, retryable=error.retryable) from None
        except failing.CallFailed:
            raise
        except Exception as error:
            error_id = new_id()
            log.error("tool raised", extra={"tool": invocation.tool, "error_id": error_id}, exc_info=error)
            raise failing.broken(invocation.tool, error_id) from None

    async def _in_thread(self, tool: str, arguments: dict[str, Any]) -> str:
        if self._threads >= MAX_THREADS:
            raise failing.unavailable(tool)
        loop = asyncio.get_running_loop()
        result: asyncio.Future[str] = loop.create_future()
        context = contextvars.copy_context()

        def work() -> None:
            try:
                text = context.run(lambda: _dumped(tool, self._function(**arguments)))
            except BaseException as error:  # noqa: BLE001  handed over to whoever waits
                _hand_over(loop, ended, error, None)
            else:
                _hand_over(loop, ended, None, text)

        def ended(error: BaseException | None, text: str | None) -> None:
            self._threads -= 1
            if result.done():
                return
            if error is not None:
                result.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))
            else:
                result.set_result(text or "null")

        self._threads += 1
        # Not the default executor: its threads are joined at exit, and one that hangs would hold the process up.
        threading.Thread(target=work, daemon=True, name=f"tool-{tool}").start()
        return await result


class PersonBackend:
    """A person: the call is a question, and whoever answers it gives its result."""

    async def call(self, invocation: Invocation) -> str:
        """Refuse: an executor has the run wait instead of calling."""
        raise failing.not_bound(invocation.tool)


class HttpBackend:
    """An HTTP endpoint: arguments are posted as they came, the answer's body is the result."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        """Post to *url* with *headers*."""
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}
        # Neither redirects nor proxies of the environment: credentials go to this address alone.
        self._client = httpx2.AsyncClient(follow_redirects=False, trust_env=False, timeout=None)

    async def call(self, invocation: Invocation) -> str:
        """Post the arguments."""
        headers = {**self._headers, KEY_HEADER: invocation.key}
        try:
            async with self._client.stream(
                "POST", self._url, content=invocation.text.encode(), headers=headers
            ) as response:
                body = await _bounded(invocation.tool, response)
        except httpx2.ConnectError:
            raise failing.unavailable(invocation.tool) from None
        except httpx2.HTTPError:
            # The request may have arrived.
            raise failing.unavailable(invocation.tool, unknown=True) from None
        if response.status_code >= 500:
            raise failing.unavailable(invocation.tool, unknown=response.status_code != 503)
        if response.status_code >= 300:
            raise failing.reported(invocation.tool, f"it answered {response.status_code}", retryable=False)
        return body.decode(errors="replace")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _bounded(tool: str, response: httpx2.Response) -> bytes:
    pieces, size_bytes = [], 0
    async for piece in response.aiter_bytes():
        size_bytes += len(piece)
        if size_bytes > MAX_RESULT_BYTES:
            raise failing.too_large(tool, size_bytes, MAX_RESULT_BYTES)
        pieces.append(piece)
    return b"".join(pieces)


def _dumped(tool: str, result: Any) -> str:
    try:
        return json.dumps(result, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise failing.bad_result(tool, "", f"{type(result).__name__} is no JSON") from None


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    ended: Callable[[BaseException | None, str | None], None],
    error: BaseException | None,
    text: str | None,
) -> None:
    try:
        loop.call_soon_threadsafe(ended, error, text)
    except RuntimeError:
        # The loop is closed: the process ends, and nobody waits.
        return
