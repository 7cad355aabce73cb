"""Runs through the router: what a client sees is what is recorded."""

from __future__ import annotations

import asyncio
import json
import uuid

import grpc
import pytest
from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from pal_log.payload import content_text
from pal_router.acceptance import run_id_of
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error
from tests.fakes.seams import Say
from tests.integration.router.conftest import Bench, ask

HELLO = Say(chunks=["Hel", "lo."])
BASICS = ["run.accepted", "run.routed", "run.started", "message.added", "run.finished"]


@pytest.fixture
def request_id() -> str:
    return str(uuid.uuid4())


async def refusal(bench: Bench, request: pb.RunRequest) -> tuple[grpc.StatusCode, MeshError]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in bench.router.Run(request):
            pass
    error = from_rpc_error(caught.value)
    assert error is not None, caught.value
    return caught.value.code(), error


async def test_a_run_is_seen_as_it_is_recorded(bench: Bench, request_id: str) -> None:
    bench.script(request_id, HELLO)

    seen = await bench.run(request_id)
    recorded = [event async for event in bench.record.log(seen[0].run_id)]

    assert seen == recorded
    assert [event.type for event in seen] == BASICS
    assert violations(seen) == []
    assert content_text(seen[-1].run_finished.output) == "Hello."
    assert seen[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED


async def test_an_agent_can_be_run_as_soon_as_it_is_published(bench: Bench) -> None:
    ended = []
    for number in range(20):
        request_id, name = str(uuid.uuid4()), f"new-{number}"
        bench.script(request_id, HELLO)
        agent = {"metadata": {"name": name, "version": "1.0.0"}, "spec": {"objective": "Answer."}}
        await bench.apply(json.dumps({"apiVersion": "pal/v1", "kind": "AgentSpec", **agent}))
        ended.append((await bench.run(request_id, agent=name))[-1].run_finished.outcome)

    assert ended == [events.RUN_OUTCOME_SUCCEEDED] * 20


async def test_live_text_comes_before_the_message(bench: Bench, request_id: str) -> None:
    bench.script(request_id, HELLO)

    frames = [frame async for frame in bench.frames(request_id)]
    live = [frame.live_output for frame in frames if frame.HasField("live_output")]
    message = next(frame.event for frame in frames if frame.event.type == "message.added")

    assert "".join(output.text for output in live) == "Hello."
    assert {output.message_id for output in live} == {message.message_added.message_id}


async def test_a_repeat_follows_the_first_run(bench: Bench, request_id: str) -> None:
    bench.script(request_id, HELLO)

    first = await bench.run(request_id)
    again = await bench.run(request_id)

    assert again == first


async def test_two_at_once_with_one_request_id_make_one_run(bench: Bench, request_id: str) -> None:
    script = bench.script(request_id, HELLO)

    both = await asyncio.gather(bench.run(request_id), bench.run(request_id))

    assert both[0] == both[1] and len(script.asked) == 1


async def test_a_request_id_belongs_to_its_content(bench: Bench, request_id: str) -> None:
    bench.script(request_id, HELLO)
    await bench.run(request_id)

    code, error = await refusal(bench, ask(request_id, text="something else"))

    assert (code, error.reason_name) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_watch_goes_on_after_a_position(bench: Bench, request_id: str) -> None:
    bench.script(request_id, HELLO)
    run = await bench.run(request_id)

    call = bench.router.Watch(pb.WatchRequest(run_id=run[0].run_id, after_seq=3, follow=True))
    seen = [frame.event.seq async for response in call for frame in response.frames]

    assert seen == [4, 5]


async def test_a_watch_of_a_going_run_sees_its_end(bench: Bench, request_id: str) -> None:
    hold = asyncio.Event()
    script = bench.script(request_id, Say(chunks=["Hello."], hold=hold))
    running = asyncio.create_task(bench.run(request_id))
    await script.reached.wait()

    call = bench.router.Watch(pb.WatchRequest(run_id=run_id_of(request_id, "default"), follow=True))
    responses = aiter(call)
    first = await anext(responses)
    hold.set()
    rest = [frame async for response in responses for frame in response.frames]
    await running

    assert [frame.event.type for frame in (*first.frames, *rest) if frame.HasField("event")] == BASICS


async def test_a_cancelled_run_ends_cancelled(bench: Bench, request_id: str) -> None:
    script = bench.script(request_id, Say(chunks=["Hello."], hold=asyncio.Event()))
    running = asyncio.create_task(bench.run(request_id))
    await script.reached.wait()

    run_id = run_id_of(request_id, "default")
    await bench.router.Cancel(pb.CancelRequest(run_id=run_id, reason="enough"))
    seen = await running
    await script.left.wait()

    assert seen[-1].run_finished.outcome == events.RUN_OUTCOME_CANCELLED
    assert "enough" in seen[-1].run_finished.failure.message
    assert violations(seen) == []


async def test_a_client_that_leaves_takes_its_run_with_it_when_asked_to(bench: Bench, request_id: str) -> None:
    script = bench.script(request_id, Say(chunks=["Hello."], hold=asyncio.Event()))
    call = bench.router.Run(ask(request_id, stop_on_disconnect=True))
    await call.read()
    await script.reached.wait()

    call.cancel()
    await script.left.wait()
    watch = bench.router.Watch(pb.WatchRequest(run_id=run_id_of(request_id, "default"), follow=True))
    seen = [frame.event async for response in watch for frame in response.frames if frame.HasField("event")]

    assert seen[-1].run_finished.outcome == events.RUN_OUTCOME_CANCELLED


async def test_a_run_goes_on_without_its_client(bench: Bench, request_id: str) -> None:
    hold = asyncio.Event()
    script = bench.script(request_id, Say(chunks=["Hello."], hold=hold))
    call = bench.router.Run(ask(request_id))
    await call.read()
    await script.reached.wait()

    call.cancel()
    hold.set()
    again = await bench.run(request_id)

    assert again[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED


async def test_a_deadline_ends_a_run_as_limited(bench: Bench, request_id: str) -> None:
    bench.script(request_id, Say(chunks=["Hello."], hold=asyncio.Event()))
    limits = common.RunLimits()
    limits.max_duration.FromMilliseconds(200)

    seen = await bench.run(request_id, limits=limits)

    assert seen[-1].run_finished.outcome == events.RUN_OUTCOME_LIMITED
    assert seen[-1].run_finished.failure.reason == "DEADLINE_EXCEEDED"


async def test_a_conversation_is_handed_on(bench: Bench) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    talk = str(uuid.uuid4())
    bench.script(first, HELLO)
    script = bench.script(second, HELLO)

    await bench.run(first, conversation_id=talk, text="one")
    await bench.run(second, conversation_id=talk, text="two")
    said = [content_text(part) for message in script.asked[0].messages for part in message.parts][-3:]

    assert said == ["one", "Hello.", "two"]


async def test_runs_are_listed_by_conversation(bench: Bench, request_id: str) -> None:
    bench.script(request_id, HELLO)
    await bench.run(request_id, conversation_id=request_id)

    page = await bench.router.ListRuns(pb.ListRunsRequest(query=shared.RunQuery(conversation_id=request_id)))

    assert [run.run_id for run in page.runs] == [run_id_of(request_id, "default")]


async def test_a_plan_names_the_runtime_and_starts_nothing(bench: Bench) -> None:
    plan = await bench.router.PlanRoute(pb.PlanRouteRequest(agent=common.SpecSelector(name="desk")))

    assert (plan.primary.runtime, plan.primary.reason) == ("echo", "the default runtime")


@pytest.mark.parametrize(
    ("fields", "code", "reason", "words"),
    [
        ({"agent": "desc"}, "NOT_FOUND", "AGENT_NOT_FOUND", "did you mean desk?"),
        ({"agent": ""}, "INVALID_ARGUMENT", "INVALID_FIELD", "agent.name"),
        ({"text": ""}, "INVALID_ARGUMENT", "INVALID_FIELD", "input: empty"),
        ({"text": "  \n "}, "INVALID_ARGUMENT", "INVALID_FIELD", "input: empty"),
        ({"text": "x" * 2_000_000}, "RESOURCE_EXHAUSTED", "TOO_LARGE", "2000000 bytes exceed"),
        ({"pinned_runtime": "ecko"}, "NOT_FOUND", "RUNTIME_NOT_FOUND", "did you mean echo?"),
    ],
)
async def test_a_wrong_request_is_refused_by_field(
    bench: Bench, request_id: str, fields: dict[str, str], code: str, reason: str, words: str
) -> None:
    status, error = await refusal(bench, ask(request_id, **fields))

    assert (status.name, error.reason_name) == (code, reason)
    assert words in error.message


async def test_an_unknown_version_is_refused_with_those_there_are(bench: Bench, request_id: str) -> None:
    request = ask(request_id)
    request.agent.version_range = ">=2"

    status, error = await refusal(bench, request)

    assert (status, error.reason_name) == (grpc.StatusCode.NOT_FOUND, "AGENT_NOT_FOUND")
    assert "1.0.0" in error.message


async def test_a_message_over_the_limit_of_grpc_is_refused(bench: Bench, request_id: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in bench.router.Run(ask(request_id, text="x" * (10 * 1024 * 1024))):
            pass

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_unmet_capability_is_named(bench: Bench, request_id: str) -> None:
    await bench.apply(DEMANDING)

    status, error = await refusal(bench, ask(request_id, agent="demanding"))

    assert (status, error.reason_name) == (grpc.StatusCode.FAILED_PRECONDITION, "CAPABILITY_MISSING")
    assert "multimodal, modes: team" in error.message


DEMANDING = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: demanding, version: 1.0.0}
spec:
  objective: Ask for much.
  requires: {multimodal: true, modes: [team]}
"""


async def test_a_policy_may_refuse_a_run_and_the_record_says_so(bench: Bench, request_id: str) -> None:
    await bench.apply(GUARDED)

    status, error = await refusal(bench, ask(request_id, agent="guarded"))
    run = await bench.record.run(error.metadata["run_id"])
    log = [event async for event in bench.record.log(run.run_id)]

    assert (status, error.reason_name) == (grpc.StatusCode.PERMISSION_DENIED, "POLICY_DENIED")
    assert run.outcome == events.RUN_OUTCOME_REJECTED
    assert [event.type for event in log] == ["run.accepted", "policy.decided", "run.finished"]


GUARDED = """
apiVersion: pal/v1
kind: PolicySpec
metadata: {name: nobody, version: 1.0.0}
spec:
  rules: [{id: no, verdict: DENY, match: {actions: [run.start]}}]
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: guarded, version: 1.0.0}
spec: {objective: Never run., policies: [nobody]}
"""


async def test_a_version_may_be_bound_to_a_runtime_of_its_own(bench: Bench, request_id: str) -> None:
    bench.script(request_id, HELLO)
    route = registry.Route(agent="desk", version_range=">=1", stable="echo", reason="tried")
    within = duration_pb2.Duration(seconds=30)
    await bench.registry.SetRoute(registry.SetRouteRequest(route=route, acknowledged_within=within))

    seen = await bench.run(request_id)

    assert seen[1].run_routed.reason == "revision 1 of the agent's route"


async def test_an_unknown_run_is_not_found(bench: Bench) -> None:
    for call in (
        bench.router.GetRun(pb.GetRunRequest(run_id="nobody")),
        bench.router.Cancel(pb.CancelRequest(run_id="nobody")),
        bench.router.Answer(pb.AnswerRequest(run_id="nobody")),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
