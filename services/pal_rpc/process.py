"""The life of a service process: event loop, signals, readiness, exit codes."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import uvloop

from pal_rpc import kill_points, logs
from pal_rpc.config import StartError
from pal_rpc.metrics import metrics_served

EXIT_BAD_CONFIGURATION = 2
_PR_SET_PDEATHSIG = 1
_GC_ALLOCATIONS = 10_000


def run(service: str, main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run *main* until SIGTERM or SIGINT sets the event it is given, then exit.

    Exits with 0 after an orderly stop and with 2, after one line on stderr, when the process cannot start.
    """
    kill_points.arm(service, os.environ.get("PAL_KILL_POINTS", ""))
    logs.configure(service, os.environ.get("PAL_LOG_LEVEL", "INFO"))
    if os.environ.get("PAL_DIE_WITH_PARENT"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        with ExitStack() as stack:
            if address := os.environ.get("PAL_METRICS_ADDRESS"):
                stack.enter_context(metrics_served(service, address))
            uvloop.run(_until_stopped(main))
    except StartError as error:
        print(f"{service}: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_CONFIGURATION)


async def _until_stopped(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    # What was imported lives as long as the process; looking through it again and again finds nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_ALLOCATIONS)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await main(stop)
    except* StartError as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[StartError]) -> BaseException:
    # Groups of tasks nest.
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def announce(**facts: str) -> None:
    """Tell the supervisor that this process serves, by one JSON line on the file descriptor ``PAL_READY_FD``."""
    if descriptor := os.environ.pop("PAL_READY_FD", ""):
        with os.fdopen(int(descriptor), "w") as ready:
            ready.write(json.dumps(facts) + "\n")
