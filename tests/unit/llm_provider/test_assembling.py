"""Text in pieces, tool calls whole."""

from __future__ import annotations

import asyncio

import pytest

from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_llm_provider.assembling import MAX_ANSWER_BYTES, OutputMalformed, Pump, tool_calls
from pal_llm_provider.provider import Answering, Completion, Profile, ToolAsk
from pal_rpc.errors import MeshError, TooLarge

PROFILE = Profile(name="default", provider="scripted", model="scripted")
END = Completion(stop_reason=events.MODEL_STOP_REASON_COMPLETE, usage=common.TokenUsage())


async def test_the_first_piece_does_not_wait_for_the_others_and_those_leave_together() -> None:
    more, read = asyncio.Event(), asyncio.Event()

    async def answering() -> Answering:
        yield "grüße "
        await more.wait()
        yield "an "
        yield "alle"
        yield END
        read.set()

    async with Pump(answering(), PROFILE, None) as pump:
        frames = []
        async for frame in pump.chunks():
            frames.append(frame.text)
            more.set()
            await read.wait()
        rest = [frame.text for frame in pump.rest()]

    assert [(chunk.offset, chunk.text) for chunk in frames] == [(0, "grüße ")]
    # Offsets count bytes of UTF-8.
    assert [(chunk.offset, chunk.text) for chunk in rest] == [(8, "an alle")]
    assert (pump.text, pump.completion()) == ("grüße an alle", END)


async def test_an_answer_that_comes_at_once_leaves_whole() -> None:
    async def answering() -> Answering:
        yield "all "
        yield "of it"
        yield END

    async with Pump(answering(), PROFILE, None) as pump:
        pieces = [frame async for frame in pump.chunks()]
        rest = [frame.text.text for frame in pump.rest()]

    assert (pieces, rest) == ([], ["all of it"])


async def test_the_error_of_a_provider_reaches_whoever_waits() -> None:
    async def answering() -> Answering:
        yield "half"
        raise MeshError(reasons.ERROR_REASON_MODEL_UNAVAILABLE, "cut")

    async with Pump(answering(), PROFILE, None) as pump:
        async for _ in pump.chunks():
            pass

    with pytest.raises(MeshError, match="cut"):
        pump.completion()


async def test_an_answer_without_an_end_is_malformed() -> None:
    async def answering() -> Answering:
        yield "half"

    async with Pump(answering(), PROFILE, None) as pump:
        async for _ in pump.chunks():
            pass

    with pytest.raises(OutputMalformed, match="without saying why"):
        pump.completion()


async def test_an_endless_answer_is_too_large() -> None:
    async def answering() -> Answering:
        while True:
            yield "x" * (MAX_ANSWER_BYTES // 4)

    async with Pump(answering(), PROFILE, None) as pump:
        async for _ in pump.chunks():
            pass

    with pytest.raises(TooLarge):
        pump.completion()


async def test_leaving_ends_the_provider() -> None:
    ended = asyncio.Event()

    async def answering() -> Answering:
        try:
            yield "half"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Pump(answering(), PROFILE, None) as pump:
        await anext(pump.chunks())

    assert ended.is_set()


def test_arguments_stay_as_the_model_wrote_them() -> None:
    (call,) = tool_calls([ToolAsk("a", ' {"n":5.0, "b" : 1e400}')], "m1", PROFILE)

    assert (call.call_id, call.arguments_json) == ("m1.t1", ' {"n":5.0, "b" : 1e400}')


def test_no_arguments_at_all_are_an_empty_object() -> None:
    (call,) = tool_calls([ToolAsk("a", "")], "m1", PROFILE)

    assert call.arguments_json == "{}"


@pytest.mark.parametrize(
    ("name", "arguments", "detail"),
    [
        ("a", '{"n": 5', "the arguments of tool a are not JSON"),
        ("a", "[1]", "are JSON but no object"),
        ("a", '{"n": NaN}', "NaN is not JSON"),
        ("a", "[" * 100_000, "are not JSON"),
        ("", "{}", "without the name of a tool"),
    ],
)
def test_anything_but_a_complete_object_is_malformed(name: str, arguments: str, detail: str) -> None:
    with pytest.raises(OutputMalformed) as refused:
        tool_calls([ToolAsk(name, arguments)], "m1", PROFILE)

    assert detail in refused.value.metadata["detail"]
    assert (refused.value.metadata["provider"], refused.value.metadata["model"]) == ("scripted", "scripted")
