"""The chunks of a streamed chat completion, put together."""

from __future__ import annotations

from typing import Any

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_llm_provider import prices
from pal_llm_provider.provider import Completion, Profile, ToolAsk
from pal_llm_provider.transcript import request_text
from pal_rpc.errors import MeshError

_STOPS = {
    "stop": events.MODEL_STOP_REASON_COMPLETE,
    "tool_calls": events.MODEL_STOP_REASON_TOOL_CALLS,
    "function_call": events.MODEL_STOP_REASON_TOOL_CALLS,
    "length": events.MODEL_STOP_REASON_LENGTH,
    "content_filter": events.MODEL_STOP_REASON_FILTERED,
}
_CHARACTERS_PER_TOKEN = 4


class Gathered:
    """A streamed answer in the making."""

    def __init__(self, profile: Profile) -> None:
        """Begin with nothing."""
        self._profile = profile
        self._calls: dict[int, list[str]] = {}
        self._finish = ""
        self._refused = False
        self._usage: common.TokenUsage | None = None
        self._model = profile.model
        self._characters = 0

    @property
    def ended(self) -> bool:
        """Whether the model said why it stopped."""
        return bool(self._finish)

    def take(self, chunk: Any) -> list[str]:
        """Take in *chunk* and return its text."""
        self._model = chunk.model or self._model
        if chunk.usage:
            self._usage = _reported(chunk.usage)
        pieces = [piece for choice in chunk.choices or () for piece in self._choice(choice)]
        self._characters += sum(map(len, pieces))
        return pieces

    def completion(self, request: pb.ModelRequest) -> Completion:
        """Return the end of the answer to *request*.

        Raises:
            MeshError: MODEL_UNAVAILABLE, the stream was cut.
        """
        if not self.ended:
            raise MeshError(
                reasons.ERROR_REASON_MODEL_UNAVAILABLE,
                f"the endpoint of profile {self._profile.name} cut the stream before the answer was complete",
                provider=self._profile.provider,
                model=self._profile.model,
            )
        asks = [ToolAsk(name, arguments) for _, (name, arguments) in sorted(self._calls.items())]
        usage = self._usage or self._estimated(request)
        cost = prices.cost(self._model, self._profile.base_url, usage)
        return Completion(
            stop_reason=self._stop_reason(asks),
            asks=asks,
            usage=usage,
            model=self._model,
            cost=cost,
            price_list=prices.PRICE_LIST if cost is not None else "",
        )

    def _choice(self, choice: Any) -> list[str]:
        self._finish = choice.finish_reason or self._finish
        delta = choice.delta
        if delta is None:
            return []
        for call in delta.tool_calls or ():
            self._add(call)
        refusal = getattr(delta, "refusal", None)
        self._refused = self._refused or bool(refusal)
        return [piece for piece in (refusal, delta.content) if piece]

    def _add(self, call: Any) -> None:
        known = self._calls.setdefault(call.index or 0, ["", ""])
        if call.function:
            known[0] += call.function.name or ""
            known[1] += call.function.arguments or ""
            self._characters += len(call.function.arguments or "")

    def _stop_reason(self, asks: list[ToolAsk]) -> events.ModelStopReason:
        if self._refused:
            return events.MODEL_STOP_REASON_REFUSED
        reason = _STOPS.get(self._finish, events.MODEL_STOP_REASON_UNSPECIFIED)
        # Some endpoints say "stop" when they ask for tools.
        return events.MODEL_STOP_REASON_TOOL_CALLS if asks and reason == events.MODEL_STOP_REASON_COMPLETE else reason

    def _estimated(self, request: pb.ModelRequest) -> common.TokenUsage:
        asked = len(request_text(request, self._profile.name))
        return common.TokenUsage(
            input_tokens=-(-asked // _CHARACTERS_PER_TOKEN),
            output_tokens=-(-self._characters // _CHARACTERS_PER_TOKEN),
            source=common.MEASUREMENT_SOURCE_ESTIMATED,
        )


def _reported(usage: Any) -> common.TokenUsage:
    prompt, output = usage.prompt_tokens_details, usage.completion_tokens_details
    return common.TokenUsage(
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        cached_input_tokens=(prompt.cached_tokens or 0) if prompt else 0,
        reasoning_output_tokens=(output.reasoning_tokens or 0) if output else 0,
        source=common.MEASUREMENT_SOURCE_REPORTED,
    )
