"""Model calls against quotas: as much as a call may use is held, and what it has used is counted."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from pal.service.v1 import quota_service_pb2 as quota_pb
from pal.service.v1 import quota_service_pb2_grpc as rpc
from pal.service.v1 import registry_service_pb2 as registry_pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import run_event_pb2 as events
from pal_log.events import ROUTER, EventWriter
from pal_rpc.channels import channel
from tests.integration.llm_provider.conftest import LIVE, Bench

# Room for the request and an answer of 10 tokens, and not for one of 1024, as long as it may be by default.
QUOTA = """
apiVersion: pal/v1
kind: Quota
metadata: {{name: {name}, version: 1.0.0}}
spec: {{match: {{agent: {name}}}, limits: [{{window: 1h, tokens: 900}}]}}
"""


@pytest.fixture
async def usage(bench: Bench) -> AsyncIterator[rpc.QuotaServiceStub]:
    async with channel(bench.settings["PAL_RECORDER_ADDRESS"]) as opened:
        yield rpc.QuotaServiceStub(opened)


async def run(bench: Bench, agent: str) -> shared.RunLease:
    """Accept a run of an agent that has a quota of its own."""
    accepted = events.RunAccepted(agent=common.SpecRef(name=agent, version="1.0.0"))
    run_id = f"run-{uuid.uuid4()}"
    await bench.router.append(run_id, [EventWriter(ROUTER).event(run_id, LIVE, 1, run_accepted=accepted)])
    return bench.lease(run_id, accepted)


async def stands(usage: rpc.QuotaServiceStub, quota: str) -> tuple[int, int]:
    page = await usage.ListUsage(quota_pb.ListUsageRequest(quota=quota))
    return next(((one.used, one.reserved) for counter in page.counters for one in counter.usage), (0, 0))


async def counted(usage: rpc.QuotaServiceStub, quota: str) -> int:
    """Return what is used once nothing is reserved; what was used is counted without being waited for."""
    async with asyncio.timeout(30):
        while True:
            used, reserved = await stands(usage, quota)
            if not reserved:
                return used
            await asyncio.sleep(0.01)


async def published(bench: Bench, usage: rpc.QuotaServiceStub) -> tuple[str, int]:
    """Publish a quota; return its name, and what was used of it by the time the provider had heard of it."""
    name = f"q{uuid.uuid4().hex[:8]}"
    await bench.registry.Apply(registry_pb.ApplyRequest(text=QUOTA.format(name=name)))
    lease = await run(bench, name)
    async with asyncio.timeout(30):
        while not (used := await counted(usage, name)):
            answer = await bench.ask(lease, max_output_tokens=10)
    assert used == answer.usage.input_tokens + answer.usage.output_tokens
    return name, used


async def test_a_call_beyond_the_tokens_of_a_quota_ends_the_run(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    agent, used = await published(bench, usage)
    lease = await run(bench, agent)

    refused = [await bench.refusal(lease) for _ in range(2)]

    assert [error.reason for error in refused] == [reasons.ERROR_REASON_QUOTA_EXCEEDED] * 2
    assert await stands(usage, agent) == (used, 0)
    log = await bench.events(lease)
    assert [event.type for event in log] == ["run.accepted", "run.limit.reached"]
    reached = log[-1].run_limit_reached
    assert (reached.quota, reached.pool, reached.limit) == (agent, "live", "tokens per 1h")
    assert (reached.observed, reached.allowed) == (used, 900)


async def test_an_answer_that_is_on_record_is_not_paid_again(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    agent, _ = await published(bench, usage)
    lease = await run(bench, agent)
    first = await bench.ask(lease, call_id="model-1", max_output_tokens=10)
    before = await counted(usage, agent)
    accepted = (await bench.events(lease))[0].run_accepted

    again = await bench.ask(bench.lease(lease.run_id, accepted, epoch=2), call_id="model-1", max_output_tokens=10)

    assert again.message == first.message
    assert await counted(usage, agent) == before


async def test_a_call_waits_for_what_another_one_holds(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    agent, _ = await published(bench, usage)
    leases = [await run(bench, agent) for _ in range(2)]

    answers = await asyncio.gather(*(bench.ask(lease, profile="slow", max_output_tokens=500) for lease in leases))

    assert [bool(answer.message.parts) for answer in answers] == [True, True]
    assert [len([e for e in await bench.events(lease) if e.type == "run.limit.reached"]) for lease in leases] == [0, 0]


async def test_a_call_that_fails_gives_back_what_it_held(bench: Bench, usage: rpc.QuotaServiceStub) -> None:
    agent, used = await published(bench, usage)

    error = await bench.refusal(await run(bench, agent), profile="error_500", max_output_tokens=10)

    assert error.reason == reasons.ERROR_REASON_MODEL_UNAVAILABLE
    assert await counted(usage, agent) == used
