"""A runtime behind the adapter host in this process, with the conformance kit as its router and its peers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pal_adapter_host.host import Config, adapter
from pal_adapter_host.runtime import Runtime
from pal_conformance.bench import Bench
from pal_conformance.case import Case
from pal_conformance.kit import kit
from pal_conformance.run import Run
from pal_conformance.script import Script
from pal_conformance.target import connected


class Gate(asyncio.Event):
    """Tells when somebody waits for it."""

    def __init__(self) -> None:
        """Be closed."""
        super().__init__()
        self.reached = asyncio.Event()

    async def wait(self) -> bool:  # type: ignore[override]
        """Wait, and say so."""
        self.reached.set()
        return await super().wait()


@asynccontextmanager
async def driven(runtime: Runtime, **config: object) -> AsyncIterator[Bench]:
    """Serve *runtime*, configured with *config*; yield what runs are made with."""
    async with kit() as served:
        peers = {f"{name}_address": address for name, address in served.addresses.items()}
        settings = Config(**{"address": "127.0.0.1:0", "drain_seconds": 0, **peers, **config})  # type: ignore[arg-type]
        async with (
            adapter(settings, runtime) as server,
            connected(server.address) as target,
            asyncio.TaskGroup() as tasks,
        ):
            bench = Bench(target, served, Case(id="test", claim="", test=_nothing, outcome=None), tasks)
            try:
                yield bench
            finally:
                bench.close()


async def ran(bench: Bench, script: Script, **given: Any) -> Run:
    """Return the run of *script* at its end."""
    return await bench.ended(bench.start(script, **given))


async def _nothing(bench: Bench) -> None:
    return
