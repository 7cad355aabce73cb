"""A fake of an OpenAI-compatible endpoint: real HTTP, scripted answers, one misbehaviour per model name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Write = Callable[[str], Awaitable[None]]
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 10,
    "total_tokens": 1010,
    "prompt_tokens_details": {"cached_tokens": 200},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


@dataclass
class Endpoint:
    """What was asked, and where."""

    base_url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    # Clients that went away while an answer was held back.
    left: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    """Serve the fake on a free port."""
    fake = Endpoint()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _serve(fake, reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        fake.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield fake


async def _serve(fake: Endpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    asked = json.loads(await reader.readexactly(int(headers["content-length"])))
    fake.asked.append(asked)
    fake.keys.append(headers.get("authorization", ""))
    mode = asked["model"]
    if mode == "flaky":
        mode = "500" if sum(known["model"] == "flaky" for known in fake.asked) == 1 else "answer"
    if mode.isdigit():
        await _refuse(writer, int(mode), headers.get("authorization", ""))
        return
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    await writer.drain()
    if mode == "silent":
        await _held(fake, reader)
        return
    for chunk in _chunks(mode):
        writer.write(f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n".encode())
        await writer.drain()
    if mode == "stall":
        await _held(fake, reader)


async def _refuse(writer: asyncio.StreamWriter, status: int, key: str) -> None:
    # Endpoints repeat the key they were given, which must go no further.
    body = json.dumps({"error": {"message": f"no: bad thing with {key.removeprefix('bearer ')}", "type": "bad"}})
    retry = "retry-after: 7\r\n" if status == 429 else ""
    head = f"HTTP/1.1 {status} Bad\r\ncontent-type: application/json\r\n{retry}connection: close\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
    await writer.drain()


async def _held(fake: Endpoint, reader: asyncio.StreamReader) -> None:
    await reader.read()
    fake.left.set()


def _chunks(mode: str) -> list[Any]:
    match mode:
        case "tools":
            calls = [
                _call(0, id="same", name="lookup_order", arguments=""),
                _call(0, arguments='{"order_id": '),
                _call(1, id="same", name="list_orders", arguments=""),
                _call(0, arguments='"A-1001", "n": 5.0}'),
            ]
            return [*calls, _delta({}, "tool_calls"), _usage(), "[DONE]"]
        case "broken":
            return [_call(0, id="x", name="lookup_order", arguments='{"order_id": "A'), _delta({}, "tool_calls")]
        case "stall" | "cut":
            return [_delta({"content": "half an "})]
        case "garbage":
            return ["{not json"]
        case "length" | "content_filter":
            return [_delta({"content": "so far"}), _delta({}, mode), _usage(), "[DONE]"]
        case "refusal":
            return [_delta({"refusal": "I will not."}), _delta({}, "stop"), _usage(), "[DONE]"]
        case "uncounted":
            return [_delta({"content": "Hello there"}), _delta({}, "stop"), "[DONE]"]
        case _:
            return [_delta({"content": "Hel"}), _delta({"content": "lo"}), _delta({}, "stop"), _usage(), "[DONE]"]


def _delta(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return _chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish_reason}])


def _call(index: int, *, arguments: str, name: str = "", id: str = "") -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    call = {"index": index, "function": function} | ({"id": id, "type": "function"} if id else {})
    return _delta({"tool_calls": [call]})


def _usage() -> dict[str, Any]:
    return _chunk(choices=[], usage=USAGE)


def _chunk(**fields: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini-2024-07-18", **fields}
