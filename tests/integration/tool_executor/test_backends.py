"""The back ends against real peers: an HTTP endpoint and an MCP server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pal_tool_executor.backends import HttpBackend, Invocation
from pal_tool_executor.failing import FAILED, UNKNOWN, CallFailed
from pal_tool_executor.mcp_backend import McpBackend, McpServer

SERVER = Path(__file__).parents[2] / "fakes" / "mcp_server.py"


def invocation(text: str = "{}") -> Invocation:
    return Invocation(tool="t", arguments=json.loads(text), text=text, key="key-1")


@asynccontextmanager
async def endpoint(status: int, body: bytes, *, cut: bool = False) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve one answer over HTTP; yield the URL and the requests that came."""
    came: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-le")
        )
        came.append(head + await reader.readexactly(length))
        size = len(body) + (10 if cut else 0)
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, size) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tool", came


async def test_arguments_are_posted_as_they_came_with_the_key_of_the_call() -> None:
    text = '{"id": 9007199254740993, "share": 5.0}'
    async with endpoint(200, b'{"ok": true}') as (url, came):
        backend = HttpBackend(url, {"Authorization": "Bearer x"})
        result = await backend.call(invocation(text))
        await backend.close()

    assert result == '{"ok": true}'
    assert came[0].endswith(text.encode())
    assert b"idempotency-key: key-1" in came[0].lower() and b"authorization: bearer x" in came[0].lower()


@pytest.mark.parametrize(
    ("status", "cut", "reason", "outcome", "retryable"),
    [
        (404, False, "TOOL_FAILED", FAILED, False),
        (302, False, "TOOL_FAILED", FAILED, False),
        (503, False, "TOOL_UNAVAILABLE", FAILED, True),
        (500, False, "TOOL_UNAVAILABLE", UNKNOWN, False),
        (200, True, "TOOL_UNAVAILABLE", UNKNOWN, False),
    ],
)
async def test_an_answer_that_is_no_result_is_a_failure(
    status: int, cut: bool, reason: str, outcome: int, retryable: bool
) -> None:
    async with endpoint(status, b"{}", cut=cut) as (url, _):
        backend = HttpBackend(url, {})
        with pytest.raises(CallFailed) as failed:
            await backend.call(invocation())
        await backend.close()

    assert (failed.value.error.reason_name, failed.value.outcome, failed.value.retryable) == (
        reason,
        outcome,
        retryable,
    )


async def test_an_answer_without_bound_is_cut_off() -> None:
    async with endpoint(200, b"x" * 50_000_000) as (url, _):
        backend = HttpBackend(url, {})
        with pytest.raises(CallFailed) as failed:
            await backend.call(invocation())
        await backend.close()

    assert failed.value.error.reason_name == "TOOL_OUTPUT_TOO_LARGE"


async def test_an_endpoint_that_is_down_may_be_tried_again() -> None:
    backend = HttpBackend("http://127.0.0.1:1/tool", {})

    with pytest.raises(CallFailed) as failed:
        await backend.call(invocation())
    await backend.close()

    assert (failed.value.outcome, failed.value.retryable) == (FAILED, True)


@asynccontextmanager
async def mcp_server() -> AsyncIterator[McpServer]:
    server = McpServer(command=(sys.executable, str(SERVER)))
    yield server
    await server.close()


async def test_an_mcp_tool_gives_its_structured_result() -> None:
    async with mcp_server() as server:
        result = await McpBackend(server, "add").call(invocation('{"first": 2, "second": 3}'))

    assert json.loads(result) == {"sum": 5}


async def test_an_mcp_tool_that_fails_says_why() -> None:
    async with mcp_server() as server:
        with pytest.raises(CallFailed) as failed:
            await McpBackend(server, "fail").call(invocation())

    assert failed.value.error.reason_name == "TOOL_FAILED"


async def test_an_mcp_server_that_died_is_started_again() -> None:
    async with mcp_server() as server:
        with pytest.raises(CallFailed) as failed:
            async with asyncio.timeout(60):
                await McpBackend(server, "die").call(invocation())
        result = await McpBackend(server, "add").call(invocation('{"first": 1, "second": 1}'))

    assert failed.value.outcome == UNKNOWN
    assert json.loads(result) == {"sum": 2}


async def test_an_mcp_server_that_cannot_be_started_is_unavailable() -> None:
    server = McpServer(command=("/no/such/program",))

    with pytest.raises(CallFailed) as failed:
        await McpBackend(server, "add").call(invocation())

    assert failed.value.error.reason_name == "TOOL_UNAVAILABLE"
