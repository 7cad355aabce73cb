"""Stages through the router: in the order of the plan, and each that began is ended, whatever becomes of the run."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence

import pytest

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from pal_log.payload import text_payload
from pal_router.acceptance import run_id_of
from tests.fakes.bad_adapter import BadAdapter, bad_adapter
from tests.fakes.seams import Say, Script
from tests.integration.router.conftest import Bench, ask

PLANNER = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: planner, version: 1.0.0}
spec:
  objective: Plan.
  plan:
    stages:
      - {id: root, objective: Begin.}
      - {id: left, objective: Go left., after: [root]}
      - {id: right, objective: Go right., after: [root]}
      - {id: join, objective: Join., after: [left, right]}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: brittle, version: 1.0.0}
spec:
  objective: Plan.
  runtime: {onLoss: FAIL}
  plan: {stages: [{id: root, objective: Begin.}, {id: join, objective: Join., after: [root]}]}
"""
GOOD = events.RUN_OUTCOME_SUCCEEDED
DONE = rt.RunFrame(result=rt.RuntimeResult(outcome=GOOD, output=text_payload("done")))


@pytest.fixture(scope="module", autouse=True)
async def published(bench: Bench) -> None:
    """Publish the agents."""
    await bench.apply(PLANNER)


@pytest.fixture(scope="module")
async def bad(bench: Bench) -> AsyncIterator[BadAdapter]:
    async with bad_adapter(bench.registry) as adapter:
        while "bad" not in {known.name for known in (await _runtimes(bench)).runtimes}:
            pass
        yield adapter


async def _runtimes(bench: Bench) -> registry.ListRuntimesResponse:
    return await bench.registry.ListRuntimes(registry.ListRuntimesRequest())


def scripted(bench: Bench, request_id: str, **stages: Sequence[Say]) -> Script:
    script = bench.fakes.scripts[run_id_of(request_id, "default")] = Script(stages=stages)
    return script


def event(stage_id: str, **body: object) -> rt.RunFrame:
    (name,) = body
    sent = events.RunEvent(type=name.replace("_", "."), stage_id=stage_id, **body)  # type: ignore[arg-type]
    return rt.RunFrame(event=sent)


def began(stage_id: str) -> rt.RunFrame:
    return event(stage_id, stage_started=events.StageStarted(attempt=1))


def over(stage_id: str, outcome: events.RunOutcome = GOOD) -> rt.RunFrame:
    return event(stage_id, stage_finished=events.StageFinished(outcome=outcome, output=text_payload("x")))


def said(stage_id: str) -> rt.RunFrame:
    return event(stage_id, message_added=events.MessageAdded(message_id="m1", parts=[text_payload("x")]))


def steps(log: Sequence[events.RunEvent]) -> list[str]:
    return [f"{entry.type} {entry.stage_id}" for entry in log if entry.type.startswith("stage.")]


def ends(log: Sequence[events.RunEvent]) -> dict[str, tuple[int, str]]:
    finished = [(entry.stage_id, entry.stage_finished) for entry in log if entry.type == "stage.finished"]
    return {stage: (end.outcome, end.failure.reason) for stage, end in finished}


async def test_a_plan_goes_through_its_stages(bench: Bench) -> None:
    request_id = str(uuid.uuid4())
    names = ("root", "left", "right", "join")
    scripted(bench, request_id, **{name: [Say(chunks=[f"of {name}"])] for name in names})

    log = await bench.run(request_id, agent="planner")

    assert violations(log) == []
    assert steps(log)[:2] == ["stage.started root", "stage.finished root"]
    assert steps(log)[-2:] == ["stage.started join", "stage.finished join"]
    outputs = {e.stage_id: e.stage_finished.output.text for e in log if e.type == "stage.finished"}
    assert outputs == {name: f"of {name}" for name in names}
    assert {e.stage_id: e.message_added.parts[0].text for e in log if e.type == "message.added"} == outputs
    assert (log[-1].run_finished.outcome, log[-1].run_finished.output.text) == (GOOD, "of join")


async def test_large_outputs_of_a_stage_are_kept_as_artifacts(bench: Bench) -> None:
    request_id, large = str(uuid.uuid4()), "x" * 200_000
    stages = {name: [Say(chunks=["fine"])] for name in ("left", "right", "join")}
    script = scripted(bench, request_id, root=[Say(chunks=[large])], **stages)

    log = await bench.run(request_id, agent="planner")

    output = next(e.stage_finished.output for e in log if e.type == "stage.finished" and e.stage_id == "root")
    assert output.WhichOneof("content") == "ref"
    assert output.size_bytes == len(large)
    given = next(request for request in script.asked if request.stage_id == "left").messages[-1]
    assert given.parts[0].text.endswith(large)


async def test_a_run_that_is_cancelled_ends_its_open_stages(bench: Bench) -> None:
    request_id = str(uuid.uuid4())
    script = scripted(bench, request_id, root=[Say(hold=asyncio.Event())])
    following = asyncio.ensure_future(bench.run(request_id, agent="planner"))
    await script.reached.wait()

    await bench.router.Cancel(pb.CancelRequest(run_id=run_id_of(request_id, "default"), reason="enough"))
    log = await following

    assert ends(log) == {"root": (events.RUN_OUTCOME_CANCELLED, "RUN_CANCELLED")}
    assert violations(log) == []


async def test_an_attempt_that_is_lost_ends_its_open_stages_with_the_run(bench: Bench, bad: BadAdapter) -> None:
    bad.says(began("root"), said("root"))

    log = await bench.run(str(uuid.uuid4()), agent="brittle", pinned_runtime="bad")

    assert ends(log) == {"root": (events.RUN_OUTCOME_FAILED, "ADAPTER_LOST")}
    assert log[-1].run_finished.failure.reason == "ADAPTER_LOST"
    assert violations(log) == []


async def test_a_later_attempt_adds_no_stage_twice(bench: Bench, bad: BadAdapter) -> None:
    bad.says(began("root"), over("root"), began("left"))

    log = await bench.run(str(uuid.uuid4()), agent="planner", pinned_runtime="bad")

    assert [e.type for e in log].count("run.started") == 3
    left = (events.RUN_OUTCOME_FAILED, "ADAPTER_LOST")
    assert ends(log) == {"root": (GOOD, ""), "left": left}
    assert violations(log) == []


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([began("")], "stage.started names no stage"),
        ([began("ghost")], "names ghost, which is no stage of the plan"),
        ([began("root"), began("root")], "stage root began twice"),
        ([began("root"), over("root"), began("root")], "stage root began twice"),
        ([began("left")], "stage left began before root was over"),
        ([began("root"), over("root", events.RUN_OUTCOME_FAILED), began("left")], "left began before root was over"),
        ([over("root")], "stage.finished belongs to stage root, which is not going on"),
        ([began("root"), over("root"), said("root")], "message.added belongs to stage root, which is not going on"),
        ([began("root"), over("root"), DONE], "it succeeded without stage left"),
        ([began("root"), DONE], "it succeeded without stage root"),
        ([DONE], "it succeeded without stage root"),
    ],
)
async def test_an_adapter_that_leaves_the_plan_fails_the_run(
    bench: Bench, bad: BadAdapter, frames: list[rt.RunFrame], words: str
) -> None:
    bad.says(*frames)

    log = await bench.run(str(uuid.uuid4()), agent="planner", pinned_runtime="bad")

    failure = log[-1].run_finished.failure
    assert (failure.reason, failure.metadata["rule"]) == ("ADAPTER_PROTOCOL", "stages keep to the plan")
    assert words in failure.message
    assert violations(log) == []


async def test_a_runtime_without_the_mode_gets_no_plan(bench: Bench) -> None:
    plain = PLANNER.partition("---")[0].replace("name: planner", "name: misplaced")
    await bench.apply(plain)
    await bench.registry.RegisterRuntime(_announcement("plain"))
    while "plain" not in {known.name for known in (await _runtimes(bench)).runtimes}:
        pass

    refused = bench.router.Run(ask(str(uuid.uuid4()), agent="misplaced", pinned_runtime="plain"))

    with pytest.raises(Exception, match=r"modes: workflow, for spec\.plan"):
        async for _ in refused:
            pass


def _announcement(name: str) -> registry.RegisterRuntimeRequest:
    declared = {"runtime": name, "version": ">=1", "capabilities": {"modes": ["conversational"]}}
    return registry.RegisterRuntimeRequest(
        capability=declared,  # type: ignore[arg-type]
        installed_version="1.0.0",
        endpoint="127.0.0.1:1",
        instance_id=str(uuid.uuid4()),
    )
