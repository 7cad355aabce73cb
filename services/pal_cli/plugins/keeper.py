"""One runtime, kept as its record wants it: started, stopped, given up, or moved to a new environment."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

from pal_cli.plugins.life import Adapter
from pal_cli.plugins.records import Record
from pal_rpc.config import StartError
from pal_rpc.mesh_state import ProcessState

REMOVED = "removed by an operator"
STOPPED = "stopped by an operator"
# What an adapter is still doing when another takes its place may take this long.
RETIRE_SECONDS = 300.0


class Keeper:
    """Does what the newest record says; whatever it does for an older one ends."""

    def __init__(
        self,
        name: str,
        make: Callable[[Record], Adapter],
        changed: Callable[[], None],
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Make adapters by *make*; tell *changed* about every change of state; let old adapters end in *tasks*."""
        self.name = name
        # Set once the first order was carried out, for better or worse.
        self.settled = asyncio.Event()
        self._make = make
        self._changed = changed
        self._tasks = tasks
        self._record: Record | None = None
        self._ordered = asyncio.Event()
        self._adapter: Adapter | None = None
        self._made_for: Record | None = None
        self._generation = 0
        self._trouble = ""

    @property
    def state(self) -> ProcessState:
        """The state of its adapter."""
        if self._adapter is None:
            state = ProcessState(pid=0, services={}, log="", started_at=0.0, state="stopped", adapter=True)
        else:
            state = self._adapter.state
        # What became of an order is told while there is nothing worse to tell.
        reason = self._trouble if self._trouble and state.state in ("serving", "stopped") else state.reason
        return dataclasses.replace(state, generation=self._generation, reason=reason)

    @property
    def alive(self) -> bool:
        """Whether its adapter is there."""
        return self._adapter is not None and self._adapter.alive

    @property
    def removed(self) -> bool:
        """Whether the runtime is gone for good."""
        return self.settled.is_set() and self._record is None and not self.alive

    def order(self, record: Record | None) -> None:
        """Have it do what *record* says; None removes the runtime."""
        if record != self._record:
            self._record = record
            self._ordered.set()

    async def run(self) -> None:
        """Carry out orders until the runtime is removed."""
        while True:
            await self._ordered.wait()
            self._ordered.clear()
            record = self._record
            work = asyncio.create_task(self._carry_out(record))
            interruption = asyncio.create_task(self._ordered.wait())
            try:
                await asyncio.wait([work, interruption], return_when=asyncio.FIRST_COMPLETED)
            finally:
                interruption.cancel()
                work.cancel()
                (outcome,) = await asyncio.gather(work, return_exceptions=True)
            if isinstance(outcome, Exception):
                raise outcome
            if record is None:
                return

    async def stop(self, reason: str = "") -> None:
        """End its adapter; a *reason* is told to those who route."""
        if self._adapter is not None:
            if reason and self._adapter.alive:
                await self._adapter.drain(reason)
            await self._adapter.stop()

    async def _carry_out(self, record: Record | None) -> None:
        if record is None or not record.running:
            await self.stop(STOPPED if record else REMOVED)
            self._settle(record, STOPPED if record else REMOVED)
            return
        if self._adapter is None or not self._fits(record) or not self._adapter.alive:
            await self._replace(record)
        else:
            self._trouble = ""
        self._settle(record, self._trouble)
        assert self._adapter is not None
        await self._adapter.keep()

    def refuse(self, trouble: str) -> None:
        """Leave the newest order at that, for a reason that people are told."""
        self._settle(self._record, trouble)

    def _fits(self, record: Record) -> bool:
        """Tell whether the adapter that is there is what *record* wants."""
        made = self._made_for
        return made is not None and dataclasses.replace(made, generation=record.generation) == record

    async def _replace(self, record: Record) -> None:
        """Start an adapter for *record*; the old one ends when the new one takes runs, and stays when it does not."""
        self._trouble = ""
        old, new = self._adapter, self._make(record)
        if old is None or not old.alive:
            self._adapter, self._made_for = new, record
        try:
            await new.start()
        except StartError as error:
            new.short_lives += 1
            if new is not self._adapter:
                self._trouble = f"the new one did not start, the old one stays: {error}"
            return
        self._adapter, self._made_for = new, record
        if old is not None and old is not new:
            self._tasks.create_task(old.stop(RETIRE_SECONDS))

    def _settle(self, record: Record | None, trouble: str) -> None:
        self._generation = record.generation if record else self._generation + 1
        self._trouble = trouble
        self.settled.set()
        self._changed()
