"""Attempts of drills: the faults that come between an adapter and its run.

An adapter of an old version is one of the first revision of the contract. Of a request it skips what came later, as any
reader of protobuf does with fields that it does not know: earlier messages of the conversation, the plan, the time for
answers of people. Of a run it sends no stages.
"""

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

KINDS = frozenset(
    {
        faults.FAULT_KIND_ADAPTER_CRASH,
        faults.FAULT_KIND_ADAPTER_HANG,
        faults.FAULT_KIND_ADAPTER_SLOW,
        faults.FAULT_KIND_ADAPTER_OLD,
    }
)
Frames = Sequence[rt.RunFrame]
Opened = Callable[[rt.RuntimeServiceRunRequest], AsyncGenerator[Frames, None]]


async def drilled(
    opened: Opened,
    request: rt.RuntimeServiceRunRequest,
    standing: Faults,
    grant: shared.RunGrant,
    receipt: Callable[[events.FaultInjected], Awaitable[object]],
) -> AsyncGenerator[Frames, None]:
    """Yield what an adapter sends when it is *opened* with *request*, unless a fault comes in between.

    Raises:
        AdapterLost: a fault has the stream end.
    """
    lease = request.lease
    met = standing.met(lease.run_id, grant, KINDS, f"attempt {lease.epoch}")
    if met is not None:
        await receipt(met[1])
    kind = met[0].order.kind if met else faults.FAULT_KIND_UNSPECIFIED
    old = kind == faults.FAULT_KIND_ADAPTER_OLD
    async with aclosing(opened(_known_to_old(request) if old else request)) as messages:
        async for frames in messages:
            if met is not None and kind == faults.FAULT_KIND_ADAPTER_SLOW:
                await asyncio.sleep(delay_seconds(met[0]))
            yield [frame for frame in frames if not _too_new(frame)] if old else frames
            if kind == faults.FAULT_KIND_ADAPTER_CRASH:
                raise AdapterLost(grant.runtime, "a drill cut its stream")
            if kind == faults.FAULT_KIND_ADAPTER_HANG:
                # Whoever listens gives it up after its time of silence.
                await asyncio.Event().wait()


def _known_to_old(request: rt.RuntimeServiceRunRequest) -> rt.RuntimeServiceRunRequest:
    known = rt.RuntimeServiceRunRequest()
    known.CopyFrom(request)
    known.ClearField("conversation")
    known.limits.ClearField("max_input_wait")
    for later in ("plan", "comparison"):
        known.agent.spec.ClearField(later)
    return known


def _too_new(frame: rt.RunFrame) -> bool:
    return frame.event.type.startswith("stage.") or bool(frame.event.stage_id)
