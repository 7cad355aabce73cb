"""The attempts of one call: how long each may take, and what may be tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from google.protobuf import duration_pb2

from pal.v1 import tool_spec_pb2 as tools
from pal_log import clock
from pal_rpc.lease import Lease
from pal_tool_executor import failing
from pal_tool_executor.backends import Backend, Invocation
from pal_tool_executor.contents import check_result
from pal_tool_executor.effects import harmless
from pal_tool_executor.failing import CallFailed

DEFAULT_TIMEOUT_SECONDS = 30.0
_DEFAULT_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.2, 10.0


async def attempt(
    lease: Lease,
    tool: tools.ToolSpec,
    backend: Backend,
    invocation: Invocation,
    before_repeat: Callable[[int], Awaitable[None]],
) -> tuple[str, int]:
    """Return the result as JSON text, and the number of attempts.

    *before_repeat* is called with the number of each attempt after the first, and may forbid it.

    Raises:
        CallFailed: the last attempt failed; its ``attempts`` says how many there were.
    """
    allowed = attempts_allowed(tool)
    number = 1
    while True:
        try:
            text = await _once(lease, tool, backend, invocation)
            check_result(invocation.tool, tool.spec, text)
            return text, number
        except CallFailed as error:
            error.attempts = number
            if not error.retryable or number >= allowed or lease.expires_at <= clock.now():
                raise
        await asyncio.sleep(_backoff_seconds(tool, number))
        number += 1
        await before_repeat(number)


def attempts_allowed(tool: tools.ToolSpec) -> int:
    """Return how often *tool* may be tried: once for a WRITE that happens twice when sent twice."""
    repeatable = tool.spec.effect.idempotency in (tools.IDEMPOTENCY_KIND_NATURAL, tools.IDEMPOTENCY_KIND_KEYED)
    return max(tool.spec.timing.max_attempts, 1) if harmless(tool) or repeatable else 1


async def _once(lease: Lease, tool: tools.ToolSpec, backend: Backend, invocation: Invocation) -> str:
    seconds = min(_timeout_seconds(tool), max(lease.expires_at - clock.now(), 0.0))
    try:
        async with asyncio.timeout(seconds):
            return await backend.call(invocation)
    except TimeoutError:
        not_done = tool.spec.timing.timeout_means == tools.TIMEOUT_MEANING_NOT_DONE
        raise failing.timed_out(invocation.tool, seconds, unknown=not (harmless(tool) or not_done)) from None
    except CallFailed as error:
        if error.outcome == failing.UNKNOWN and harmless(tool):
            # Whatever became of it, nothing was changed.
            raise failing.unavailable(invocation.tool) from None
        raise


def _timeout_seconds(tool: tools.ToolSpec) -> float:
    return _seconds(tool.spec.timing.timeout) or DEFAULT_TIMEOUT_SECONDS


def _backoff_seconds(tool: tools.ToolSpec, attempts: int) -> float:
    first = _seconds(tool.spec.timing.initial_backoff) or _DEFAULT_BACKOFF_SECONDS
    return float(min(first * 2 ** (attempts - 1), _MAX_BACKOFF_SECONDS) * random.uniform(0.8, 1.2))


def _seconds(duration: duration_pb2.Duration) -> float:
    return float(duration.seconds) + duration.nanos / 1e9
