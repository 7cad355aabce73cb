"""A wire that can be cut: passes bytes on to an address until it is told to drop everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress


class CutProxy:
    """Connections through it go on until they are cut; new ones are taken all the same."""

    def __init__(self, target: str) -> None:
        """Lead to *target*, host and port."""
        self._host, _, self._port = target.rpartition(":")
        self._open: set[asyncio.StreamWriter] = set()
        self.address = ""
        self.connections = 0
        # Told of what the target answers; True cuts everything before it arrives.
        self.swallow: Callable[[bytes], bool] | None = None

    def cut(self) -> None:
        """Drop every connection at once, whatever is on its way."""
        for writer in self._open:
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection(self._host, int(self._port))
        both = {writer, there_writer}
        self._open |= both
        try:
            await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer, self._passes))
        finally:
            self._open -= both
            for end in both:
                end.close()

    def _passes(self, answer: bytes) -> bool:
        if self.swallow is None or not self.swallow(answer):
            return True
        self.cut()
        return False


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool] = lambda _: True
) -> None:
    with suppress(ConnectionError):
        while (some := await reader.read(65536)) and passes(some):
            writer.write(some)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def cut_proxy(target: str) -> AsyncIterator[CutProxy]:
    """Serve a proxy to *target*."""
    proxy = CutProxy(target)
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    proxy.address = f"{host}:{port}"
    async with server:
        yield proxy
        proxy.cut()
