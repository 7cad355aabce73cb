"""Addresses on loopback that nobody has."""

from __future__ import annotations

import socket


def free_addresses(count: int) -> list[str]:
    """Return *count* different addresses."""
    # All are held until the last is found, so that none is given twice.
    sockets = [socket.socket() for _ in range(count)]
    for held in sockets:
        held.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{held.getsockname()[1]}" for held in sockets]
    for held in sockets:
        held.close()
    return addresses
