"""Tools of MCP servers, through the official SDK: one session for each server, opened when first needed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CONNECTION_CLOSED

from pal_tool_executor import failing
from pal_tool_executor.backends import Invocation

log = logging.getLogger("pal.tool_executor")
_OPEN_SECONDS = 15.0


@dataclass(eq=False)
class McpServer:
    """One server; a session that breaks is opened again at the next call."""

    command: Sequence[str] = ()
    url: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    _session: ClientSession | None = None
    _holder: asyncio.Task[None] | None = None
    _leave: asyncio.Event = field(default_factory=asyncio.Event)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def session(self) -> ClientSession:
        """Return the session, opened if need be.

        Raises:
            OSError: the server cannot be reached or does not speak MCP.
        """
        async with self._opening:
            if self._session is None or self._holder is None or self._holder.done():
                await self._open()
            assert self._session is not None
            return self._session

    async def close(self) -> None:
        """End the session."""
        if self._holder is not None and not self._holder.done():
            self._leave.set()
            await asyncio.wait([self._holder], timeout=_OPEN_SECONDS)

    async def _open(self) -> None:
        opened: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
        self._leave.clear()
        # The SDK's contexts have to be left by the task that entered them, so one task holds them.
        self._holder = asyncio.create_task(self._hold(opened))
        either = asyncio.FIRST_COMPLETED
        waiting: list[asyncio.Future[Any]] = [opened, self._holder]
        await asyncio.wait(waiting, timeout=_OPEN_SECONDS, return_when=either)
        if not opened.done():
            self._holder.cancel()
            raise OSError("the MCP server cannot be reached")
        self._session = opened.result()

    async def _hold(self, opened: asyncio.Future[ClientSession]) -> None:
        try:
            async with AsyncExitStack() as stack:
                read, write = (await self._transport(stack))[:2]
                session = await stack.enter_async_context(ClientSession(read, write))
                await session.initialize()
                opened.set_result(session)
                await self._leave.wait()
        except Exception as error:  # noqa: BLE001  foreign code: a lost server is found out by the next call
            log.warning("mcp session ended", extra={"server": self.url or " ".join(self.command), "error": repr(error)})

    async def _transport(self, stack: AsyncExitStack) -> Any:
        if self.url:
            client = await stack.enter_async_context(httpx2.AsyncClient(trust_env=False))
            return await stack.enter_async_context(streamable_http_client(self.url, http_client=client))
        parameters = StdioServerParameters(command=self.command[0], args=list(self.command[1:]), env=dict(self.env))
        return await stack.enter_async_context(stdio_client(parameters))


class McpBackend:
    """One tool of an MCP server."""

    def __init__(self, server: McpServer, tool: str) -> None:
        """Call *tool*, as the server names it."""
        self._server = server
        self._tool = tool

    async def call(self, invocation: Invocation) -> str:
        """Call the tool; its structured content, or else its text, is the result."""
        try:
            session = await self._server.session()
        except OSError:
            raise failing.unavailable(invocation.tool) from None
        try:
            result: Any = await session.call_tool(self._tool, dict(invocation.arguments))
        except Exception as error:  # noqa: BLE001  foreign code: a broken session says so in many ways
            if isinstance(error, MCPError) and error.error.code != CONNECTION_CLOSED:
                raise failing.reported(invocation.tool, str(error)[:500], retryable=False) from None
            await self._server.close()
            raise failing.unavailable(invocation.tool, unknown=True) from None
        text = "".join(getattr(part, "text", "") for part in result.content)
        if result.is_error:
            raise failing.reported(invocation.tool, text[:500] or "no reason given", retryable=False)
        if result.structured_content is not None:
            return json.dumps(result.structured_content, ensure_ascii=False)
        return text if _is_json(text) else json.dumps(text, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
