"""Addresses on loopback that nobody has."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

# Which ports the kernel gives to whoever connects, or listens anywhere.
_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _ENOUGH = 20_000, 1_000


def free_addresses(count: int) -> list[str]:
    """Return *count* different addresses, of ports that the kernel gives to nobody by itself.

    One that it does give may go to a connection before whoever it is meant for listens, or while that is started again.
    """
    ports = _ports()
    with ExitStack() as stack:
        # All are held until the last is found, so that none is given twice.
        return [_held(stack.enter_context(socket.socket()), ports) for _ in range(count)]


def _held(free: socket.socket, ports: Iterator[int]) -> str:
    for port in ports:
        with suppress(OSError):
            free.bind(("127.0.0.1", port))
            return f"127.0.0.1:{port}"
    free.bind(("127.0.0.1", 0))
    return f"127.0.0.1:{free.getsockname()[1]}"


def _ports() -> Iterator[int]:
    try:
        lowest = int(_GIVEN.read_text().split()[0])
    except (OSError, ValueError):
        lowest = 0
    kept = range(_FIRST, lowest)
    # Where there are too few the kernel knows better.
    return iter(random.SystemRandom().sample(kept, len(kept)) if len(kept) > _ENOUGH else ())
