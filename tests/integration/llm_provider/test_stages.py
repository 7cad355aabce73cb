"""Calls of a stage: they name it in the record, and come after its start."""

from __future__ import annotations

import asyncio

from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from tests.integration.llm_provider.conftest import Bench, apply

POLICY = """\
apiVersion: pal/v1
kind: PolicySpec
metadata: {name: stage-rules, version: 1.0.0}
spec:
  defaultVerdict: ALLOW
  rules: [{id: none, verdict: DENY, match: {actions: [child.start]}}]
"""


async def begin(bench: Bench, lease: shared.RunLease, stage_id: str) -> None:
    writer = EventWriter(ROUTER)
    started = writer.event(lease.run_id, lease.mode, 1, stage_id=stage_id, stage_started=events.StageStarted(attempt=1))
    await bench.router.append(lease.run_id, [started])


async def stages(bench: Bench, lease: shared.RunLease) -> list[tuple[str, str]]:
    return [(event.type, event.stage_id) for event in await bench.events(lease)][1:]


async def test_what_a_stage_asks_is_recorded_as_its_own(bench: Bench) -> None:
    lease = await bench.run(policies=[await apply(bench, POLICY)])
    await begin(bench, lease, "draft")

    await bench.ask(lease, "hello", stage_id="draft", call_id="draft.model-1")

    assert await stages(bench, lease) == [
        ("stage.started", "draft"),
        ("policy.decided", "draft"),
        ("model.call.started", "draft"),
        ("model.call.finished", "draft"),
    ]


async def test_a_question_waits_for_the_start_of_its_stage(bench: Bench) -> None:
    lease = await bench.run()
    asking = asyncio.ensure_future(bench.ask(lease, "hello", stage_id="draft", call_id="draft.model-1"))
    await asyncio.wait([asking], timeout=0.3)
    waited = not asking.done()

    await begin(bench, lease, "another")
    await begin(bench, lease, "draft")
    await asking

    assert waited
    assert [stage for _, stage in await stages(bench, lease)] == ["another", "draft", "draft", "draft"]


async def test_a_stage_that_does_not_begin_asks_nothing(bench: Bench) -> None:
    lease = await bench.run()

    error = await bench.refusal(lease, "hello", stage_id="ghost")

    assert (error.reason_name, error.metadata["field"]) == ("INVALID_FIELD", "request.stage_id")
    assert "stage ghost" in error.message
    assert "has not begun" in error.message
    assert await stages(bench, lease) == []


async def test_a_ceiling_that_is_reached_names_the_stage(bench: Bench) -> None:
    lease = await bench.run(limits=common.RunLimits(max_model_calls=1))
    await begin(bench, lease, "draft")
    await bench.ask(lease, "hello", stage_id="draft", call_id="draft.model-1")

    error = await bench.refusal(lease, "hello again", stage_id="draft", call_id="draft.model-2")

    assert error.reason_name == "LIMIT_REACHED"
    assert (await stages(bench, lease))[-1] == ("run.limit.reached", "draft")
