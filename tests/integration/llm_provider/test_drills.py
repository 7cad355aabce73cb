"""A drill meets the faults of models that were put; whatever they do is a fact like any other."""

from __future__ import annotations

import json

import pytest

from pal.v1 import fault_pb2 as faults
from pal.v1 import run_event_pb2 as events
from tests.fakes.cut_proxy import cut_proxy
from tests.integration.llm_provider.conftest import Bench, started, tool

CALL = ["model.call.started", "fault.injected", "model.call.finished"]
ORDER = "Where is order A-1001?"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (faults.FAULT_KIND_MODEL_ERROR, "MODEL_UNAVAILABLE"),
        (faults.FAULT_KIND_MODEL_STALL, "MODEL_TIMEOUT"),
        (faults.FAULT_KIND_MODEL_CUT, "MODEL_UNAVAILABLE"),
        (faults.FAULT_KIND_QUOTA_GONE, "MODEL_RATE_LIMITED"),
        (faults.FAULT_KIND_MODEL_ARGUMENTS, "MODEL_OUTPUT_MALFORMED"),
    ],
)
async def test_a_fault_comes_between_the_model_and_whoever_asks(
    bench: Bench, kind: faults.FaultKind, reason: str
) -> None:
    fault = await bench.drills.put(kind, delay_seconds=0.05)
    lease = await bench.run(drill_id=fault.drill_id)

    refused = await bench.refusal(lease, ORDER, tools=[tool("lookup_order")])

    recorded = (await bench.events(lease))[1:]
    assert refused.reason_name == reason
    assert [event.type for event in recorded] == CALL
    assert recorded[1].fault_injected == events.FaultInjected(
        drill_id=fault.drill_id, fault_id=fault.fault_id, kind=kind, target="m1", call=1
    )
    assert recorded[2].model_call_finished.failure.reason == reason


async def test_a_quota_of_pal_without_room_is_a_limit_of_the_run_and_says_when_to_try_again(bench: Bench) -> None:
    fault = await bench.drills.put(faults.FAULT_KIND_QUOTA_EXCEEDED, delay_seconds=20)
    drill, live = await bench.run(drill_id=fault.drill_id), await bench.run()

    refused = await bench.refusal(drill, ORDER)
    answer = await bench.ask(live, "hello")

    met, reached = (await bench.events(drill))[1:]
    assert (refused.reason_name, refused.metadata["retry_after_seconds"]) == ("QUOTA_EXCEEDED", "20")
    assert met.fault_injected.fault_id == fault.fault_id
    assert (reached.run_limit_reached.quota, reached.run_limit_reached.pool) == (fault.fault_id, "drill")
    assert reached.run_limit_reached.retry_after.seconds == 20
    assert answer.message.parts[0].text == "You said: hello"


async def test_a_provider_that_serves_knows_the_faults_however_slow_its_way_to_the_registry(bench: Bench) -> None:
    await bench.drills.put(faults.FAULT_KIND_MODEL_ERROR)
    async with (
        cut_proxy(bench.settings["PAL_REGISTRY_ADDRESS"], 0.5) as slow,
        started(**{**bench.settings, "PAL_REGISTRY_ADDRESS": slow.address}),
    ):
        await bench.drills.put(faults.FAULT_KIND_MODEL_ERROR)

    assert len(bench.drills.aware) == 2


async def test_a_provider_that_was_killed_is_not_waited_for_once_another_has_its_place(bench: Bench) -> None:
    async with started(**bench.settings) as (_, process):
        process.kill()
        await process.wait()
    async with started(**bench.settings):
        await bench.drills.put(faults.FAULT_KIND_MODEL_ERROR)

    assert len(bench.drills.aware) == 2


async def test_a_live_run_meets_nothing(bench: Bench) -> None:
    fault = await bench.drills.put(faults.FAULT_KIND_MODEL_ERROR)
    drill, live = await bench.run(drill_id=fault.drill_id), await bench.run()

    answer = await bench.ask(live, "hello")

    assert answer.message.parts[0].text == "You said: hello"
    assert (await bench.refusal(drill, "hello")).reason_name == "MODEL_UNAVAILABLE"


async def test_only_the_tool_that_is_named_gets_broken_arguments(bench: Bench) -> None:
    fault = await bench.drills.put(faults.FAULT_KIND_MODEL_ARGUMENTS, tool="another")
    lease = await bench.run(drill_id=fault.drill_id)

    answer = await bench.ask(lease, ORDER, tools=[tool("lookup_order")])

    assert [json.loads(call.arguments_json) for call in answer.message.tool_calls] == [{"order_id": "A-1001"}]


async def test_a_clock_that_is_off_has_a_lease_end_early_by_as_much_and_no_more(bench: Bench) -> None:
    fault = await bench.drills.put(faults.FAULT_KIND_CLOCK_SKEW, delay_seconds=90, service="llm_provider")
    short, long = await bench.run(drill_id=fault.drill_id), await bench.run(drill_id=fault.drill_id, seconds=120)

    answer = await bench.ask(long, "hello")
    refused = await bench.refusal(short, "hello")

    assert answer.message.parts[0].text == "You said: hello"
    assert refused.reason_name == "LEASE_EXPIRED"
    assert [event.type for event in await bench.events(short)] == ["run.accepted", "fault.injected"]
