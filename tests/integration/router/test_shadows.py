"""A live run is shadowed by whoever may, on the runtime that is named, and by nobody else."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import grpc
import pytest

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from pal_log.payload import content_text
from pal_router.acceptance import run_id_of
from pal_rpc.errors import MeshError
from pal_rpc.identity import bearer, issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.status import from_rpc_error
from tests.fakes.bad_adapter import BadAdapter, bad_adapter
from tests.fakes.seams import Say, Script
from tests.integration.router.conftest import Bench

SHADOW = common.EXECUTION_MODE_SHADOW
NO_SHADOWS = """
apiVersion: pal/v1
kind: PolicySpec
metadata: {name: no-shadows, version: 1.0.0}
spec:
  rules:
    - id: shadows
      verdict: DENY
      match: {actions: [run.start], modes: [SHADOW]}
    - {id: rest, verdict: ALLOW}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: private, version: 1.0.0}
spec: {objective: Answer., policies: [no-shadows]}
"""


async def shadowed(bench: Bench, caller: str = "migration", **fields: object) -> list[events.RunEvent]:
    """Shadow a run and return the events of the shadow."""
    fields = {"pinned_runtime": "echo", "request_id": str(uuid.uuid4()), **fields}
    token = issue_token(private_key(bench.keys, MESH), caller) if caller else ""
    bench.fakes.scripts.setdefault(
        run_id_of(str(fields["request_id"]), "default"), Script(says=[Say(chunks=["Also."])])
    )
    request = pb.ShadowRequest(**fields)  # type: ignore[arg-type]
    responses = bench.router.Shadow(request, metadata=bearer(token))
    return [frame.event async for answer in responses for frame in answer.frames if frame.HasField("event")]


async def refusal(bench: Bench, caller: str = "migration", **fields: object) -> MeshError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await shadowed(bench, caller, **fields)
    error = from_rpc_error(refused.value)
    assert error is not None, refused.value
    return error


async def live(bench: Bench, **fields: object) -> events.RunEvent:
    request_id = str(uuid.uuid4())
    bench.script(request_id, Say(chunks=["Hello."]))
    return (await bench.run(request_id, **fields))[0]


async def test_a_shadow_is_the_same_work_in_another_mode(bench: Bench) -> None:
    first = await live(bench, conversation_id="c-shadow", labels={"team": "a"})

    seen = await shadowed(bench, source_run_id=first.run_id, labels={"pal.shadow": "s1"})

    accepted = seen[0].run_accepted
    assert {event.mode for event in seen} == {SHADOW} and violations(seen) == []
    assert content_text(seen[-1].run_finished.output) == "Also."
    assert accepted.source_run_id == first.run_id and accepted.input == first.run_accepted.input
    assert accepted.agent == first.run_accepted.agent and accepted.requester == first.run_accepted.requester
    assert dict(accepted.labels) == {"team": "a", "pal.shadow": "s1"}


async def test_a_conversation_knows_nothing_of_its_shadows(bench: Bench) -> None:
    first = await live(bench, conversation_id="c-copy")
    await shadowed(bench, source_run_id=first.run_id)
    request_id = str(uuid.uuid4())
    script = bench.script(request_id, Say(chunks=["Again."]))

    await bench.run(request_id, conversation_id="c-copy")

    said = [content_text(part) for message in script.asked[0].messages for part in message.parts]
    assert "Hello." in said and "Also." not in said


async def test_the_same_request_is_one_shadow(bench: Bench) -> None:
    first = await live(bench)
    once = await shadowed(bench, source_run_id=first.run_id, request_id="shadow-once")

    again = await shadowed(bench, source_run_id=first.run_id, request_id="shadow-once")

    assert again == once


@pytest.fixture(scope="module")
async def bad(bench: Bench) -> AsyncIterator[BadAdapter]:
    async with bad_adapter(bench.registry) as adapter:
        yield adapter


LIVE_EVENT = rt.RunFrame(
    event=events.RunEvent(
        type="note.added", mode=common.EXECUTION_MODE_LIVE, note_added=events.NoteAdded(name="adapter.bad.note")
    )
)
ASKS = rt.RunFrame(event=events.RunEvent(type="input.requested", input_requested=events.InputRequested(input_id="i1")))
WAITS = rt.RunFrame(
    result=rt.RuntimeResult(suspended=events.RunSuspended(reason=events.SUSPEND_REASON_INPUT, input_ids=["i1"]))
)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ((LIVE_EVENT,), "events have the mode of the run"),
        ((ASKS, WAITS), "waits for nobody"),
        ((WAITS,), "waits for nobody"),
    ],
)
async def test_an_adapter_that_plays_a_live_run_is_refused_and_that_is_recorded(
    bench: Bench, bad: BadAdapter, frames: tuple[rt.RunFrame, ...], words: str
) -> None:
    first = await live(bench)
    bad.says(*frames)

    seen = await shadowed(bench, source_run_id=first.run_id, pinned_runtime="bad")

    finished = seen[-1].run_finished
    assert (finished.outcome, finished.failure.reason) == (events.RUN_OUTCOME_FAILED, "ADAPTER_PROTOCOL")
    assert words in finished.failure.message
    assert {event.mode for event in seen} == {SHADOW}


async def test_a_policy_can_forbid_shadows(bench: Bench) -> None:
    await bench.apply(NO_SHADOWS)
    first = await live(bench, agent="private")

    error = await refusal(bench, source_run_id=first.run_id)

    assert error.reason_name == "POLICY_DENIED"


@pytest.mark.parametrize(
    ("caller", "reason"), [("", "UNAUTHENTICATED"), ("router", "PERMISSION_DENIED"), ("agno", "PERMISSION_DENIED")]
)
async def test_only_the_migration_service_and_operators_may_shadow(bench: Bench, caller: str, reason: str) -> None:
    first = await live(bench)

    error = await refusal(bench, caller, source_run_id=first.run_id)

    assert error.reason_name == reason


async def test_a_shadow_has_no_shadow(bench: Bench) -> None:
    first = await live(bench)
    seen = await shadowed(bench, source_run_id=first.run_id)

    error = await refusal(bench, source_run_id=seen[0].run_id)

    assert error.reason_name == "NOT_LIVE" and first.run_id in error.message


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"source_run_id": ""}, "INVALID_FIELD"),
        ({"source_run_id": "nobody"}, "RUN_NOT_FOUND"),
        ({"source_run_id": "nobody", "pinned_runtime": ""}, "INVALID_FIELD"),
        ({"source_run_id": "nobody", "pinned_runtime": "ecco"}, "RUNTIME_NOT_FOUND"),
    ],
)
async def test_a_wrong_request_is_refused(bench: Bench, fields: dict[str, object], reason: str) -> None:
    assert (await refusal(bench, **fields)).reason_name == reason
