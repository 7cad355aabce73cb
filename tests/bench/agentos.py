"""Starts the AgentOS peer and runs agents on it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BOUNDARY = "pal-bench"
_BODY = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="message"\r\n\r\nhello\r\n'
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n--{_BOUNDARY}--\r\n'
).encode()
_START_SECONDS = 60


@asynccontextmanager
async def agentos(port: int, database: Path, chunks: int) -> AsyncIterator[int]:
    """Run the server until the block ends; yield its process id."""
    python = ROOT / ".venvs" / "agentos" / "bin" / "python"
    script = Path(__file__).parent / "agentos_server.py"
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(script),
        str(port),
        str(database),
        str(chunks),
        env={**os.environ, "AGNO_TELEMETRY": "false"},
        stdout=sys.stderr,
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await _up(port):  # noqa: ASYNC110  the peer has no readiness signal
                await asyncio.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


async def run_once(port: int) -> int:
    """Run the agent once over HTTP and return the number of content events that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /agents/bench/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(_BODY)}\r\n\r\n"
    )
    writer.write(head.encode() + _BODY)
    body = await reader.read(-1)
    writer.close()
    if b"event: RunCompleted" not in body:
        raise RuntimeError(f"AgentOS did not complete the run: {body[:300]!r}")
    return body.count(b"event: RunContent\n")


async def _up(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
