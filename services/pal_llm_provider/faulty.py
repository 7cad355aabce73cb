"""A fake for tests, drills and benchmarks: it misbehaves in the one way that the profile's model names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.provider import Answering, Completion, Profile, ToolAsk
from pal_rpc.errors import MeshError

NOTICE = "a fake for tests and benchmarks"
_COMPLETE = events.MODEL_STOP_REASON_COMPLETE
_TOOL_CALLS = events.MODEL_STOP_REASON_TOOL_CALLS
_ERRORS = {
    "cut": (reasons.ERROR_REASON_MODEL_UNAVAILABLE, "cut the stream"),
    "error_400": (reasons.ERROR_REASON_MODEL_REQUEST_REFUSED, "refused the request"),
    "error_401": (reasons.ERROR_REASON_MODEL_CREDENTIALS, "refused the credentials"),
    "error_429": (reasons.ERROR_REASON_MODEL_RATE_LIMITED, "limits the rate"),
    "error_500": (reasons.ERROR_REASON_MODEL_UNAVAILABLE, "is broken"),
}


class Faulty:
    """Serves the fake; see BEHAVIOURS for what *model* can be."""

    async def answer(self, profile: Profile, request: pb.ModelRequest) -> Answering:
        """Misbehave."""
        async for piece in BEHAVIOURS[profile.model](profile):
            yield piece

    def notice(self, profile: Profile) -> str:
        """Say what it is."""
        return NOTICE


async def _chunks(profile: Profile) -> Answering:
    count, pause_ms = int(profile.options.get("chunks", 5)), float(profile.options.get("pause_ms", 0))
    for _ in range(count):
        await asyncio.sleep(pause_ms / 1000)
        yield "token "
    yield _completion(_COMPLETE, output_tokens=count)


async def _stall(profile: Profile) -> Answering:
    yield "it "
    await asyncio.Event().wait()


async def _error(profile: Profile) -> Answering:
    reason, what = _ERRORS[profile.model]
    if profile.model == "cut":
        yield "it is "
    retry = {"retry_after_seconds": 1} if profile.model == "error_429" else {}
    message = f"the faulty model {what}, as its profile {profile.name} says"
    raise MeshError(reason, message, provider=profile.provider, model=profile.model, **retry)


async def _malformed_tool_json(profile: Profile) -> Answering:
    yield _completion(_TOOL_CALLS, asks=(ToolAsk(_tool(profile), '{"order_id": "A-10'),))


async def _loop_tool(profile: Profile) -> Answering:
    yield _completion(_TOOL_CALLS, asks=(ToolAsk(_tool(profile), str(profile.options.get("arguments", "{}"))),))


async def _empty(profile: Profile) -> Answering:
    yield _completion(_COMPLETE, output_tokens=0)


async def _length(profile: Profile) -> Answering:
    yield "It would be far too much to"
    yield _completion(events.MODEL_STOP_REASON_LENGTH)


async def _filtered(profile: Profile) -> Answering:
    yield _completion(events.MODEL_STOP_REASON_FILTERED, output_tokens=0)


async def _refusal(profile: Profile) -> Answering:
    yield "I will not do that."
    yield _completion(events.MODEL_STOP_REASON_REFUSED)


def _completion(
    stop_reason: events.ModelStopReason, *, output_tokens: int = 6, asks: tuple[ToolAsk, ...] = ()
) -> Completion:
    usage = common.TokenUsage(input_tokens=10, output_tokens=output_tokens, source=common.MEASUREMENT_SOURCE_MEASURED)
    return Completion(stop_reason=stop_reason, usage=usage, asks=asks)


def _tool(profile: Profile) -> str:
    return str(profile.options.get("tool", "lookup_order"))


BEHAVIOURS: dict[str, Callable[[Profile], Answering]] = {
    "chunks": _chunks,
    "stall": _stall,
    **dict.fromkeys(_ERRORS, _error),
    "malformed_tool_json": _malformed_tool_json,
    "loop_tool": _loop_tool,
    "empty": _empty,
    "length": _length,
    "refusal": _refusal,
    "filtered": _filtered,
}
