"""A wire that can be cut: passes bytes on to an address until it is told to drop everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress


class CutProxy:
    """Connections through it go on until they are cut; new ones are taken all the same."""

    def __init__(self, target: str, delay_seconds: float = 0.0) -> None:
        """Lead to *target*, host and port; a connection is taken further only after *delay_seconds*."""
        self._delay_seconds = delay_seconds
        self._closing = False
        self._carrying: set[asyncio.Task[None]] = set()
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
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        ends = {writer}
        self._open |= ends
        try:
            await asyncio.sleep(self._delay_seconds)
            there_reader, there_writer = await asyncio.open_connection(self._host, int(self._port))
            ends.add(there_writer)
            self._open |= ends
            await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer, self._passes))
        except asyncio.CancelledError:
            # The streams of Python 3.11 take a task that was cancelled for one that has failed.
            if not self._closing:
                raise
        finally:
            self._carrying.discard(task)
            self._open -= ends
            for end in ends:
                end.close()

    async def close(self) -> None:
        """Drop every connection, and return once nothing of them is left."""
        self._closing = True
        self.cut()
        carrying = list(self._carrying)
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

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
async def cut_proxy(target: str, delay_seconds: float = 0.0) -> AsyncIterator[CutProxy]:
    """Serve a proxy to *target*, which takes connections further after *delay_seconds*."""
    proxy = CutProxy(target, delay_seconds)
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    proxy.address = f"{host}:{port}"
    async with server:
        try:
            yield proxy
        finally:
            await proxy.close()
