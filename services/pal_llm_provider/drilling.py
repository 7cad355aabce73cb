"""Model calls of drills: the faults that come between a provider and whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import fault_pb2 as faults
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.admission import Call
from pal_llm_provider.assembling import timed_out
from pal_llm_provider.provider import Answering, Completion, Profile, ToolAsk
from pal_llm_provider.recording import Recording
from pal_rpc.errors import MeshError
from pal_rpc.faults import Faults, delay_seconds
from pal_rpc.lease import Lease
from pal_rpc.quota_refusal import QuotaExceeded, Shortage

_ON_CALL = frozenset(
    {
        faults.FAULT_KIND_MODEL_ERROR,
        faults.FAULT_KIND_MODEL_STALL,
        faults.FAULT_KIND_MODEL_CUT,
        faults.FAULT_KIND_QUOTA_GONE,
    }
)
_ON_QUOTA = frozenset({faults.FAULT_KIND_QUOTA_EXCEEDED})
_ON_ASKS = frozenset({faults.FAULT_KIND_MODEL_ARGUMENTS})
_RETRY_SECONDS = 1


class Drilling:
    """Has the calls of drills meet the faults that stand."""

    def __init__(self, faults: Faults, recording: Recording) -> None:
        """Meet *faults*; each is recorded by *recording* before it acts."""
        self._faults = faults
        self._recording = recording

    async def answering(self, call: Call, answering: Answering) -> AsyncGenerator[str | Completion, None]:
        """Yield what *answering* yields, unless a fault comes in between.

        Raises:
            MeshError: the provider failed, or a fault has it fail.
        """
        fault = await self._met(call, _ON_CALL)
        async with contextlib.aclosing(answering) as pieces:
            if fault is not None and fault.order.kind in _REFUSALS:
                raise _refusal(fault, call.profile)
            async for piece in pieces:
                if fault is not None:
                    if isinstance(piece, str):
                        yield piece[: len(piece) // 2]
                    await _broken_off(fault, call.profile)
                yield await self._cut_arguments(call, piece)

    async def refuse(self, call: Call, asked_tokens: int) -> None:
        """Have *call*, which asks its quotas for *asked_tokens*, meet a quota that has no room.

        Raises:
            QuotaExceeded: a fault says so.
        """
        if (fault := await self._met(call, _ON_QUOTA)) is not None:
            raise _exceeded(fault, asked_tokens)

    async def skew(self, lease: Lease, request: pb.ModelRequest) -> None:
        """Have this call of a drill go by the clock that a fault gives it."""

        async def receipt(injected: events.FaultInjected) -> None:
            await self._recording.append(lease, request.stage_id, fault_injected=injected)

        await self._faults.skew(lease.run_id, lease.grant, request.call_id or "model call", receipt)

    async def _cut_arguments(self, call: Call, piece: str | Completion) -> str | Completion:
        if isinstance(piece, str):
            return piece
        asks = []
        for ask in piece.asks:
            met = await self._met(call, _ON_ASKS, ask.name)
            asks.append(ToolAsk(ask.name, ask.arguments[:-1]) if met else ask)
        return dataclasses.replace(piece, asks=asks)

    async def _met(self, call: Call, kinds: frozenset[faults.FaultKind], tool: str = "") -> registry.Fault | None:
        met = self._faults.met(call.lease.run_id, call.lease.grant, kinds, call.call_id, tool)
        if met is None:
            return None
        fault, receipt = met
        await self._recording.append(call.lease, call.request.stage_id, fault_injected=receipt)
        return fault


_REFUSALS = {
    faults.FAULT_KIND_MODEL_ERROR: (reasons.ERROR_REASON_MODEL_UNAVAILABLE, "is broken"),
    faults.FAULT_KIND_QUOTA_GONE: (reasons.ERROR_REASON_MODEL_RATE_LIMITED, "says that the quota is used up"),
}


def _refusal(fault: registry.Fault, profile: Profile) -> MeshError:
    reason, what = _REFUSALS[fault.order.kind]
    retry = {"retry_after_seconds": _RETRY_SECONDS} if reason == reasons.ERROR_REASON_MODEL_RATE_LIMITED else {}
    return _failed(reason, what, profile, **retry)


def _exceeded(fault: registry.Fault, asked_tokens: int) -> QuotaExceeded:
    used = max(asked_tokens, 1)
    lack = Shortage(
        quota=fault.fault_id,
        pool="drill",
        limit="tokens per 1m",
        used=used,
        reserved=0,
        asked=asked_tokens,
        allowed=used,
        currency="",
        retry_seconds=delay_seconds(fault),
    )
    return QuotaExceeded(lack)


async def _broken_off(fault: registry.Fault, profile: Profile) -> None:
    if fault.order.kind == faults.FAULT_KIND_MODEL_STALL:
        waited = delay_seconds(fault, profile.stall_seconds)
        await asyncio.sleep(waited)
        raise timed_out(profile, waited)
    raise _failed(reasons.ERROR_REASON_MODEL_UNAVAILABLE, "cut the stream", profile)


def _failed(reason: reasons.ErrorReason, what: str, profile: Profile, **values: object) -> MeshError:
    message = f"a drill: the endpoint of profile {profile.name} {what}"
    return MeshError(reason, message, provider=profile.provider, model=profile.model, **values)
