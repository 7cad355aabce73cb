"""Channels to other services: one per peer and process, with the options that avoid the known traps."""

from __future__ import annotations

import grpc

from pal_rpc import telemetry
from pal_rpc.options import CLIENT, PATIENT


def channel(address: str, *, patient: bool = False) -> grpc.aio.Channel:
    """Return a channel to *address*; close it, best by ``async with``.

    Whoever calls once and does not try again is *patient*: a machine that is busy takes its time to connect.
    """
    options = PATIENT if patient else CLIENT
    return grpc.aio.insecure_channel(address, options=options, interceptors=telemetry.client_interceptors())
