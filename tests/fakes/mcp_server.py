"""A fake MCP server over stdio, made with the official SDK."""

from __future__ import annotations

import os
from typing import Any

from mcp.server import MCPServer

server = MCPServer("fake")


@server.tool()
def add(first: int, second: int) -> dict[str, Any]:
    """Add two numbers."""
    return {"sum": first + second}


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("the shelf is empty")


@server.tool()
def die() -> str:
    """End the process."""
    os._exit(3)


if __name__ == "__main__":
    server.run("stdio")
