"""Releases are asked for at the index that is configured, and what it cannot tell is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from pal_cli.failures import UNAVAILABLE, CommandError
from pal_cli.release_list import release_list
from tests.unit.advice.test_sources import SIMPLE

JSON = "application/vnd.pypi.simple.v1+json"


@asynccontextmanager
async def index(status: str, kind: str, body: str, seen: Callable[[bytes], None]) -> AsyncIterator[str]:
    """Serve one answer to whatever is asked; the address is yielded."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen(await reader.readuntil(b"\r\n\r\n"))
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/simple/"


async def test_the_configured_index_is_asked_for_json(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    async with index("200 OK", JSON, json.dumps(SIMPLE), asked.append) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        file = await release_list("agno")

    assert asked[0].startswith(b"GET /simple/agno/ HTTP/1.1")
    assert JSON.encode() in asked[0]
    assert json.loads(file.text) == SIMPLE
    assert file.source == "the package index"


@pytest.mark.parametrize(
    ("status", "kind", "problem"),
    [
        ("404 Not Found", JSON, "answers 404 for agno; name a file with --releases"),
        ("200 OK", "text/html", "does not list releases as JSON"),
    ],
)
async def test_what_the_index_cannot_tell_is_said(
    monkeypatch: pytest.MonkeyPatch, status: str, kind: str, problem: str
) -> None:
    async with index(status, kind, "{}", lambda _: None) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        with pytest.raises(CommandError, match=problem) as error:
            await release_list("agno")

    assert error.value.exit_code == UNAVAILABLE


async def test_an_index_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")

    with pytest.raises(CommandError, match="cannot be reached"):
        await release_list("agno")
