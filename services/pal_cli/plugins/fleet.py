"""The adapters of a running mesh, kept as the records of its home want them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal_cli.bundled import BUNDLED
from pal_cli.home import Home
from pal_cli.plugins.adapters import adapter
from pal_cli.plugins.cgroups import Groups
from pal_cli.plugins.keeper import Keeper
from pal_cli.plugins.life import Adapter
from pal_cli.plugins.records import Record, Records
from pal_cli.plugins.watching import Census
from pal_cli.ports import free_addresses
from pal_rpc.config import StartError
from pal_rpc.mesh_state import ProcessState

log = logging.getLogger("pal.supervisor")

# A mesh is ready without a runtime that was added and takes longer than this.
ADDED_SECONDS = 30.0
# How soon a change of a record is noticed.
LOOK_SECONDS = 0.2


class Fleet:
    """Every adapter of the mesh; they end with the block."""

    def __init__(
        self,
        home: Home,
        addresses: Mapping[str, str],
        chosen: Sequence[str],
        changed: Callable[[], None],
        registry: registry_rpc.RegistryServiceStub,
        groups: Groups | None,
    ) -> None:
        """Keep the runtimes of *home*, whose services and bundled adapters have *addresses*.

        At first only those that are *chosen* start; any other does once somebody orders it.
        """
        self._home = home
        self._records = Records(home.path)
        self._addresses = addresses
        self._changed = changed
        self._registry = registry
        self._groups = groups
        self._census = Census()
        self._chosen = chosen
        # What was there at the start and not chosen, with the order that was in force.
        self._passed_over = {name: self._records.read(name) for name in self._records.names() if name not in chosen}
        self._keepers: dict[str, Keeper] = {}
        self._running: asyncio.Task[None] | None = None
        self._tasks = asyncio.TaskGroup()
        self._looked = asyncio.Event()

    @property
    def states(self) -> dict[str, ProcessState]:
        """The state of every adapter by name."""
        return {name: keeper.state for name, keeper in self._keepers.items()}

    async def __aenter__(self) -> Self:
        """Begin to start what is chosen."""
        # Not a TaskGroup here: leaving the block is what ends it, and not the end of all work.
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every adapter."""
        assert self._running is not None
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers.values()))

    async def started(self) -> None:
        """Return once everything that is chosen serves, or has not started; what was added is not waited for long.

        Raises:
            StartError: one that comes with PAL has not started.
        """
        await self._looked.wait()
        for name, keeper in list(self._keepers.items()):
            if name in BUNDLED:
                await keeper.settled.wait()
                if keeper.state.state == "restarting":
                    raise StartError(keeper.state.reason)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ADDED_SECONDS):
                        await keeper.settled.wait()

    async def _run(self) -> None:
        async with self._tasks:
            while True:
                self._look()
                self._looked.set()
                # A file of another process: a look costs less than a watch on folders that come and go.
                await asyncio.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        recorded = set(self._records.names())
        for name in {*recorded, *self._keepers, *self._chosen}:
            record = self._records.read(name) if name in recorded else None
            if record is None and name in BUNDLED and name in self._chosen:
                record = Record(name=name)
            if name not in self._passed_over or record != self._passed_over[name]:
                self._order(name, record)

    def _order(self, name: str, record: Record | None) -> None:
        self._passed_over.pop(name, None)
        if name not in self._keepers and record is not None:
            keeper = self._keepers[name] = Keeper(name, self._made, self._changed, self._tasks)
            self._tasks.create_task(self._kept(keeper))
        if name in self._keepers:
            self._keepers[name].order(record)

    async def _kept(self, keeper: Keeper) -> None:
        while not keeper.removed:
            try:
                await keeper.run()
            except Exception as error:
                # The others go on, and so does this one with the next order.
                log.error("an order was not carried out", extra={"runtime": keeper.name}, exc_info=error)
                keeper.refuse(f"{type(error).__name__}: {error}; `pal logs supervisor` has the details")
        del self._keepers[keeper.name]
        self._changed()

    def _made(self, record: Record) -> Adapter:
        name = record.name
        (free,) = free_addresses(1)
        # Two adapters are there at once while one takes the place of the other.
        beside = name in self._keepers and self._keepers[name].alive
        address = free if beside else self._addresses.get(name, free)
        command = record.command or BUNDLED[name].command
        program = adapter(record, command, self._home, address, self._addresses)
        log_path = self._home.logs / f"{name}.log"
        return Adapter(program, log_path, self._changed, self._census, self._registry, self._groups)
