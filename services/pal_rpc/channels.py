"""Channels to other services: one per peer and process, with the options that avoid the known traps."""

from __future__ import annotations

import grpc

from pal_rpc import telemetry
from pal_rpc.options import CLIENT


def channel(address: str) -> grpc.aio.Channel:
    """Return a channel to *address*; close it, best by ``async with``."""
    return grpc.aio.insecure_channel(address, options=CLIENT, interceptors=telemetry.client_interceptors())
