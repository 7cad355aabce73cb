"""Attempts of drills: the faults that come between an adapter and its run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from pal.service.v1 import runtime_service_pb2 as rt
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import fault_pb2 as faults
from pal.v1 import run_event_pb2 as events
from pal_rpc.adapter_client import AdapterLost
from pal_rpc.faults import Faults, delay_seconds

KINDS = frozenset({faults.FAULT_KIND_ADAPTER_CRASH, faults.FAULT_KIND_ADAPTER_HANG, faults.FAULT_KIND_ADAPTER_SLOW})
Frames = Sequence[rt.RunFrame]


async def drilled(
    stream: AsyncGenerator[Frames, None],
    standing: Faults,
    lease: shared.RunLease,
    grant: shared.RunGrant,
    receipt: Callable[[events.FaultInjected], Awaitable[object]],
) -> AsyncGenerator[Frames, None]:
    """Yield what an adapter sends in the attempt of *lease*, unless a fault comes in between.

    Raises:
        AdapterLost: a fault has the stream end.
    """
    met = standing.met(lease.run_id, grant, KINDS, f"attempt {lease.epoch}")
    if met is not None:
        await receipt(met[1])
    kind = met[0].order.kind if met else faults.FAULT_KIND_UNSPECIFIED
    async with aclosing(stream) as messages:
        async for frames in messages:
            if met is not None and kind == faults.FAULT_KIND_ADAPTER_SLOW:
                await asyncio.sleep(delay_seconds(met[0]))
            yield frames
            if kind == faults.FAULT_KIND_ADAPTER_CRASH:
                raise AdapterLost(grant.runtime, "a drill cut its stream")
            if kind == faults.FAULT_KIND_ADAPTER_HANG:
                # Whoever listens gives it up after its time of silence.
                await asyncio.Event().wait()
