"""Fake tools for tests of the executor: each misbehaves in its own way and remembers how it was called."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from pal_tool_executor.tool_error import ToolError

CALLS: list[dict[str, Any]] = []
KEYS: list[str] = []
HANG = threading.Event()
GO_ON = asyncio.Event()
REACHED = asyncio.Event()
LEFT = asyncio.Event()
DONE = asyncio.Event()
SECRET = "/etc/secret-path"


def remember(**arguments: Any) -> dict[str, Any]:
    """Return the arguments."""
    CALLS.append(arguments)
    return {"got": arguments}


async def remember_async(**arguments: Any) -> dict[str, Any]:
    """Return the arguments, without a thread."""
    return remember(**arguments)


def keyed(idempotency_key: str, **arguments: Any) -> dict[str, Any]:
    """Fail once, then succeed; remember the key of each attempt."""
    KEYS.append(idempotency_key)
    if len(KEYS) == 1:
        raise ToolError("not yet", retryable=True)
    return {"got": arguments}


def reports(**arguments: Any) -> None:
    """Fail as tools should."""
    raise ToolError("the shelf is empty")


def raises(**arguments: Any) -> None:
    """Fail as tools should not."""
    raise RuntimeError(SECRET)


def hangs(**arguments: Any) -> None:
    """Hold a thread until the test lets it go."""
    HANG.wait()


async def waits(**arguments: Any) -> str:
    """Wait until the test says so, and notice being cut."""
    REACHED.set()
    try:
        await GO_ON.wait()
    except BaseException:
        LEFT.set()
        raise
    DONE.set()
    return "done"


def wrong_shape(**arguments: Any) -> list[int]:
    """Return something that the ToolSpec does not promise."""
    return [1]


def unspeakable(**arguments: Any) -> object:
    """Return something that is no JSON."""
    return object()


def huge(**arguments: Any) -> dict[str, str]:
    """Return 50 MB."""
    return {"got": "x" * 50_000_000}


def look_up(idempotency_key: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell whether a call has taken effect: those that remember has seen have."""
    return {"done": arguments in CALLS, "result": {"found": arguments}}


def large(**arguments: Any) -> dict[str, str]:
    """Return more than fits into an event."""
    return {"got": "y" * 100_000}
