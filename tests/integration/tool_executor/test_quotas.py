"""Tool calls against quotas: each attempt is counted before it is made."""

from __future__ import annotations

import asyncio
import uuid

from pal.service.v1 import quota_service_pb2 as quota_pb
from pal.service.v1 import quota_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_rpc.channels import channel
from tests.integration.tool_executor.conftest import Bench

SUCCEEDED = events.TOOL_CALL_OUTCOME_SUCCEEDED


async def published(bench: Bench, tool_calls: int) -> common.SpecRef:
    """Publish a quota for an agent and return the agent, once the executor knows the quota."""
    name = f"q{uuid.uuid4().hex[:8]}"
    spec = {"match": {"agent": name}, "limits": [{"window": "1h", "toolCalls": tool_calls}]}
    document = {"apiVersion": "pal/v1", "kind": "Quota", "metadata": {"name": name, "version": "1.0.0"}, "spec": spec}
    await bench.apply(document)
    # Published after it, so it is known after it.
    await bench.tool("remember")
    return common.SpecRef(name=name, version="1.0.0")


async def used(bench: Bench, quota: str) -> int:
    async with channel(bench.config.recorder_address) as opened:
        page = await rpc.QuotaServiceStub(opened).ListUsage(quota_pb.ListUsageRequest(quota=quota))
    return sum(one.used for counter in page.counters for one in counter.usage)


async def test_a_call_beyond_a_quota_is_not_made_and_ends_the_run(bench: Bench) -> None:
    agent = await published(bench, 2)
    tool = await bench.tool("remember")
    leases = [await bench.run(tool, agent=agent) for _ in range(3)]

    made = [await bench.call(lease, tool) for lease in leases[:2]]
    error = await bench.refusal(leases[2], tool)
    types = await bench.types(leases[2])

    assert [call.finished.outcome for call in made] == [SUCCEEDED] * 2
    assert error.reason_name == "QUOTA_EXCEEDED"
    assert types.count("run.limit.reached") == 1 and "tool.call.dispatched" not in types
    assert await used(bench, agent.name) == 2


async def test_every_attempt_counts_and_a_recorded_end_does_not(bench: Bench) -> None:
    agent = await published(bench, 10)
    tool = await bench.tool("hangs", timing={"timeout": "20ms", "maxAttempts": 2, "initialBackoff": "1ms"})
    lease = await bench.run(tool, agent=agent)

    ended = await bench.call(lease, tool)
    attempts = await used(bench, agent.name)
    await bench.call(lease, tool)

    assert (ended.finished.attempts, attempts, await used(bench, agent.name)) == (2, 2, 2)


async def test_fifty_at_once_never_exceed_a_quota(bench: Bench) -> None:
    agent = await published(bench, 5)
    tool = await bench.tool("remember")
    leases = [await bench.run(tool, agent=agent) for _ in range(50)]

    ended = await asyncio.gather(*(bench.call(lease, tool) for lease in leases), return_exceptions=True)

    made = [call for call in ended if not isinstance(call, BaseException)]
    assert [call.finished.outcome for call in made] == [SUCCEEDED] * 5
    assert await used(bench, agent.name) == 5
