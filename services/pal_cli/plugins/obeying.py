"""Waiting until the supervisor has done what a record wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from pal_cli.failures import TIMEOUT, CommandError
from pal_cli.home import Home
from pal_cli.plugins.records import Record
from pal_rpc.mesh_state import ProcessState

_SECONDS = 120.0
_LOOK_SECONDS = 0.05
_SETTLED = ("serving", "failed", "stopped")


async def obeyed(home: Home, record: Record) -> ProcessState | None:
    """Return the state of a runtime once the supervisor has carried out *record*; None when no mesh runs.

    Raises:
        CommandError: it takes too long.
    """

    def settled(state: ProcessState | None) -> bool:
        return state is not None and state.generation >= record.generation and state.state in _SETTLED

    return await _seen(home, record.name, settled)


async def gone(home: Home, name: str) -> None:
    """Return once no process of a runtime is left.

    Raises:
        CommandError: it takes too long.
    """
    await _seen(home, name, lambda state: state is None)


async def _seen(home: Home, name: str, wanted: Callable[[ProcessState | None], bool]) -> ProcessState | None:
    until = time.monotonic() + _SECONDS
    while (mesh := home.read_state()) is not None:
        state = mesh.processes.get(name)
        if wanted(state):
            return state
        if time.monotonic() > until:
            raise CommandError(f"runtime {name} is not as ordered after {_SECONDS:.0f} s; `pal runtime list`", TIMEOUT)
        # The state is a file of another process.
        await asyncio.sleep(_LOOK_SECONDS)
    return None
