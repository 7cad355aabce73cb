"""A fake model for tests, drills and benchmarks: its profile says how it misbehaves."""

from __future__ import annotations

import asyncio
import json

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.provider import Answering, Completion, Profile, ToolAsk
from pal_rpc.config import StartError
from pal_rpc.errors import MeshError

_ERRORS = {
    "error_400": reasons.ERROR_REASON_MODEL_REQUEST_REFUSED,
    "error_401": reasons.ERROR_REASON_MODEL_CREDENTIALS,
    "error_429": reasons.ERROR_REASON_MODEL_RATE_LIMITED,
    "error_500": reasons.ERROR_REASON_MODEL_UNAVAILABLE,
}
_ENDS = {
    "length": events.MODEL_STOP_REASON_LENGTH,
    "refusal": events.MODEL_STOP_REASON_REFUSED,
    "filtered": events.MODEL_STOP_REASON_FILTERED,
}
BEHAVIOURS = ("chunks", "stall", "cut", "malformed_tool_json", "empty", "loop_tool", *_ERRORS, *_ENDS)


class FaultyProvider:
    """Misbehaves as told."""

    def check(self, profile: Profile) -> None:
        """Refuse a profile whose behaviour is unknown.

        Raises:
            StartError: it is.
        """
        if profile.model not in BEHAVIOURS:
            known = ", ".join(BEHAVIOURS)
            raise StartError(f"PAL_PROFILES_FILE: profiles.{profile.name}.model: {profile.model}: one of: {known}")

    async def answer(self, profile: Profile, request: pb.ModelRequest) -> Answering:
        """Yield what the profile says, or fail."""
        if profile.model in _ERRORS:
            facts = {"provider": "faulty", "model": profile.model}
            raise MeshError(_ERRORS[profile.model], "the fake model fails as told", **facts)
        count = int(profile.options.get("chunks", 3)) if profile.model != "empty" else 0
        for _ in range(count):
            yield str(profile.options.get("text", "token "))
            if pause := profile.options.get("pause_ms"):
                await asyncio.sleep(float(pause) / 1000)
        if profile.model == "stall":
            await asyncio.Event().wait()
        if profile.model == "cut":
            raise MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, "the fake model cut its stream", provider="faulty")
        yield _completion(profile, count)

    def notice(self, profile: Profile) -> str:
        """Say what it is."""
        return "a fake for tests, drills and benchmarks"


def _completion(profile: Profile, count: int) -> Completion:
    usage = common.TokenUsage(input_tokens=10, output_tokens=count, source=common.MEASUREMENT_SOURCE_MEASURED)
    asks: list[ToolAsk] = []
    tool = str(profile.options.get("tool", "lookup"))
    if profile.model == "malformed_tool_json":
        asks = [ToolAsk(tool, '{"unfinished": ')]
    if profile.model == "loop_tool":
        asks = [ToolAsk(tool, json.dumps(profile.options.get("arguments", {})))]
    end = _ENDS.get(profile.model, events.MODEL_STOP_REASON_COMPLETE)
    reason = events.MODEL_STOP_REASON_TOOL_CALLS if asks else end
    return Completion(stop_reason=reason, asks=asks, usage=usage, model=profile.model)
