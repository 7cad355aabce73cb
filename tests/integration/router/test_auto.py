"""An agent that leaves the choice of its runtime to the router."""

from __future__ import annotations

import uuid

from google.protobuf import duration_pb2

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from tests.fakes.seams import Say
from tests.integration.router.conftest import Bench
from tests.integration.router.counted import CountedRuntime, counted

AGENT = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: chooser, version: 1.0.0}
spec: {objective: Answer., runtime: {selector: auto, minSuccessPercent: 90}}
"""


async def chosen(bench: Bench, conversation: str) -> events.RunRouted:
    request_id = str(uuid.uuid4())
    bench.script(request_id, Say(chunks=["Hello."]))
    log = await bench.run(request_id, agent="chooser", conversation_id=conversation)
    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
    return next(event.run_routed for event in log if event.type == "run.routed")


async def test_the_choice_is_recorded_with_what_was_known_and_a_conversation_stays(bench: Bench) -> None:
    await bench.apply(AGENT)
    async with counted(bench, CountedRuntime(), limit=8):
        first = await chosen(bench, "c1")
        second = await chosen(bench, "c1")
        plan = await bench.router.PlanRoute(pb.PlanRouteRequest(agent=common.SpecSelector(name="chooser")))

    assert first.rule_id in ("auto.unproven", "auto.explore")
    assert {one.runtime for one in first.considered} == {"echo", "counted"}
    assert {one.verdict for one in first.considered} <= {"CHOSEN", "EXPLORED", "TOO_FEW_RUNS"}
    assert (second.runtime, second.rule_id) == (first.runtime, "auto.sticky")
    assert plan.primary.rule.startswith("auto")


async def test_a_rollout_holds_the_choice_so_that_runs_follow_the_route(bench: Bench) -> None:
    await bench.apply(AGENT)
    held = registry.Route(agent="chooser", stable="counted", hold=True)
    async with counted(bench, CountedRuntime(), limit=8):
        await set_route(bench, held)
        during = await chosen(bench, "held")
        held.hold = False
        await set_route(bench, held)
        after = await chosen(bench, "free")

    assert (during.runtime, during.rule_id) == ("counted", "route")
    assert after.rule_id.startswith("auto")


async def set_route(bench: Bench, route: registry.Route) -> None:
    within = duration_pb2.Duration(seconds=5)
    answer = await bench.registry.SetRoute(registry.SetRouteRequest(route=route, acknowledged_within=within))
    assert all(one.acknowledged for one in answer.acknowledgements)
