"""The scripted stand-in: rules, not a language model. It computes its answer from what it is given, the same each time.

The rules, the first that fits: test cases from requirements, an order desk, ``call TOOL {json}`` lines, an echo.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_llm_provider import scripted_desk, scripted_testcases
from pal_llm_provider.provider import Answering, Completion, Profile, ToolAsk
from pal_llm_provider.reading import Reading
from pal_llm_provider.transcript import request_text

_CHUNK_CHARACTERS = 48
_CALL = re.compile(r"^\s*call\s+(?P<tool>[\w.-]+)\s+(?P<arguments>\{.*\})\s*$", re.MULTILINE)


class ScriptedProvider:
    """Answers by rules."""

    async def answer(self, profile: Profile, request: pb.ModelRequest) -> Answering:
        """Yield the text in pieces, then the end."""
        reading = Reading(request)
        text, asks = _answer(reading)
        for piece in _pieces(text, int(profile.options.get("chunk_characters", _CHUNK_CHARACTERS))):
            yield piece
        reason = events.MODEL_STOP_REASON_TOOL_CALLS if asks else events.MODEL_STOP_REASON_COMPLETE
        said = text + "".join(ask.arguments for ask in asks)
        usage = common.TokenUsage(
            input_tokens=_tokens(request_text(request, profile.name)),
            output_tokens=_tokens(said),
            source=common.MEASUREMENT_SOURCE_MEASURED,
        )
        yield Completion(stop_reason=reason, asks=asks, usage=usage, model=profile.model)

    def notice(self, profile: Profile) -> str:
        """Say what it is."""
        return "a scripted stand-in: rules, not a language model"


def _answer(reading: Reading) -> tuple[str, list[ToolAsk]]:
    if scripted_testcases.fits(reading):
        return scripted_testcases.answer(reading)
    if scripted_desk.fits(reading):
        return scripted_desk.answer(reading)
    if reading.results:
        return "\n".join(_returned(reading)), []
    if asks := [ToolAsk(match["tool"], match["arguments"]) for match in _calls(reading.newest)]:
        return "", asks
    return f"You said: {reading.newest}", []


def _returned(reading: Reading) -> Iterator[str]:
    for result in reading.results:
        yield f"{result.tool} {'failed' if result.is_failure else 'returned'}: {result.text}"


def _calls(text: str) -> Iterator[re.Match[str]]:
    for match in _CALL.finditer(text):
        try:
            json.loads(match["arguments"])
        except ValueError:
            continue
        yield match


def _pieces(text: str, length: int) -> Iterable[str]:
    return (text[start : start + length] for start in range(0, len(text), max(length, 1)))


def _tokens(text: str) -> int:
    """Count words and marks: the rule this stand-in measures by."""
    return len(re.findall(r"\w+|[^\w\s]", text))
