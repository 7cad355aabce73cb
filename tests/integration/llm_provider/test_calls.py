"""A call that goes well: what is answered and what is recorded."""

from __future__ import annotations

import json

from pal.service.v1 import llm_provider_service_pb2 as pb
from pal.service.v1 import recorder_service_pb2 as recorder_pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal.v1 import trace_span_pb2 as traces
from pal_log.payload import artifact_digest
from tests.integration.llm_provider.conftest import Bench, question, tool


async def test_an_answer_is_durable_before_it_arrives(bench: Bench) -> None:
    lease = await bench.run()

    answer = await bench.ask(lease, "hello")

    recorded = await bench.events(lease)
    assert answer.message.parts[0].text == "You said: hello"
    assert (answer.call_id, answer.provider, answer.model) == ("m1", "scripted", "scripted")
    assert [event.type for event in recorded[1:]] == ["model.call.started", "model.call.finished"]
    finished = recorded[2].model_call_finished
    assert json.loads(finished.response.json) == {"text": "You said: hello", "stop_reason": "complete"}
    assert finished.usage == answer.usage
    assert finished.usage.source == common.MEASUREMENT_SOURCE_MEASURED
    assert not finished.HasField("cost")
    assert finished.price_list == ""


async def test_the_same_question_has_the_same_digest_in_every_run(bench: Bench) -> None:
    first, second = await bench.run(), await bench.run()

    await bench.ask(first, call_id="one")
    await bench.ask(second, call_id="two")

    started = [(await bench.events(lease))[1].model_call_started for lease in (first, second)]
    assert started[0].request_digest == started[1].request_digest
    assert json.loads(started[0].request.json)["messages"] == [{"role": "user", "text": "hello"}]


async def test_text_arrives_in_pieces_and_the_whole_answer_last(bench: Bench) -> None:
    lease = await bench.run()

    request = pb.StreamCompleteRequest(request=question(lease, profile="slow"))
    messages = [list(response.frames) async for response in bench.models.StreamComplete(request)]

    frames = [frame for message in messages for frame in message]
    texts = [frame.text for frame in frames if frame.HasField("text")]
    assert [frame.WhichOneof("frame") for frame in frames][-1] == "answer"
    assert texts[0].text == "token "
    # Twelve pieces in 120 ms: they leave together, in windows of 40 ms.
    assert 2 <= len(texts) < 12
    assert "".join(chunk.text for chunk in texts) == frames[-1].answer.message.parts[0].text == "token " * 12
    assert [chunk.offset for chunk in texts] == [sum(len(t.text) for t in texts[:n]) for n in range(len(texts))]


async def test_tool_calls_get_identifiers_of_their_own(bench: Bench) -> None:
    lease = await bench.run()

    answer = await bench.ask(lease, 'call a {"x": 5.0}\ncall b {}', call_id="model-1", tools=[tool("a"), tool("b")])

    assert answer.stop_reason == events.MODEL_STOP_REASON_TOOL_CALLS
    calls = [(call.call_id, call.name, call.arguments_json) for call in answer.message.tool_calls]
    assert calls == [("model-1.t1", "a", '{"x": 5.0}'), ("model-1.t2", "b", "{}")]


async def test_the_same_call_again_gets_the_same_answer_and_is_recorded_once(bench: Bench) -> None:
    lease = await bench.run()
    first = await bench.ask(lease, call_id="model-1")

    again = await bench.ask(lease, call_id="model-1")

    assert again == first
    assert await bench.types(lease) == ["model.call.started", "model.call.finished"]


async def test_a_large_request_and_answer_are_kept_as_artifacts(bench: Bench) -> None:
    lease = await bench.run()
    text = "wide " * 20_000

    await bench.ask(lease, text)

    _, started, finished = await bench.events(lease)
    request, response = started.model_call_started.request, finished.model_call_finished.response
    assert artifact_digest(request) == request.digest
    assert artifact_digest(response) == response.digest
    asked = recorder_pb.GetArtifactRequest(digest=response.digest)
    content = b"".join([frame.chunk async for frame in bench.recorder.GetArtifact(asked)])
    assert json.loads(content)["text"] == f"You said: {text}"


async def test_profiles_say_what_they_are(bench: Bench) -> None:
    listed = (await bench.models.ListProfiles(pb.ListProfilesRequest())).profiles

    notices = {profile.name: profile.notice for profile in listed}
    assert notices["default"] == "a rule-based stand-in, not a language model"
    assert notices["chunks"] == "a fake for tests and benchmarks"
    assert notices["gpt-answer"] == ""
    assert notices["gpt-keyless"] == "NOBODY_SET_THIS is not set, so every call fails"


async def test_a_call_is_measured_within_the_trace_of_its_run(bench: Bench) -> None:
    lease = await bench.run()

    answer = await bench.ask(lease)

    spans: list[traces.TraceSpan] = []
    # Spans are written about once a second; each question waits for the recorder, not for the clock.
    while not spans:
        spans = list((await bench.recorder.ListSpans(recorder_pb.ListSpansRequest(run_id=lease.run_id))).spans)
    assert spans[0].kind == traces.SPAN_KIND_MODEL_CALL
    assert spans[0].trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert (spans[0].call_id, spans[0].usage) == (answer.call_id, answer.usage)
