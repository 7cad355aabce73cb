"""The embedded stand-in: rules that compute an answer from what they are given. It is no language model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_llm_provider import generic, support_desk, testcase_review, testcase_writer
from pal_llm_provider.provider import Answering, Completion, Profile
from pal_llm_provider.reading import Reading, Reply, counted, read

NOTICE = "a rule-based stand-in, not a language model"
_CHUNK_CHARACTERS = 40

# The first rule that has something to say answers; the last one always has.
RULES: tuple[Callable[[Reading], Reply | None], ...] = (
    testcase_review.reply,
    testcase_writer.reply,
    support_desk.reply,
    generic.reply,
)


def reply(reading: Reading) -> Reply:
    """Return what the stand-in says to *reading*."""
    return next(answer for rule in RULES if (answer := rule(reading)) is not None)


class Scripted:
    """Serves the stand-in; option *chunk_characters* cuts its text, option *pause_ms* slows it down."""

    async def answer(self, profile: Profile, request: pb.ModelRequest) -> Answering:
        """Yield the answer of the rules, in chunks."""
        said = reply(read(request))
        size = max(1, int(profile.options.get("chunk_characters", _CHUNK_CHARACTERS)))
        for start in range(0, len(said.text), size):
            await asyncio.sleep(profile.options.get("pause_ms", 0) / 1000)
            yield said.text[start : start + size]
        stop = events.MODEL_STOP_REASON_TOOL_CALLS if said.asks else events.MODEL_STOP_REASON_COMPLETE
        yield Completion(stop_reason=stop, asks=said.asks, usage=counted(request, said), model=profile.model)

    def notice(self, profile: Profile) -> str:
        """Say what it is."""
        return NOTICE
