"""Calls of a stage: they name it in the record, and keep to the tools that the plan has for it."""

from __future__ import annotations

import grpc
import pytest

from pal.service.v1 import shared_pb2 as shared
from pal.service.v1 import tool_executor_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_log.payload import json_payload
from pal_rpc.errors import MeshError
from pal_rpc.status import from_rpc_error
from tests.integration.tool_executor.conftest import Bench


@pytest.fixture
async def granted(bench: Bench) -> tuple[shared.RunLease, common.SpecRef, common.SpecRef]:
    """Accept a run of an agent whose stage ``draft`` may only remember."""
    remember, keyed = await bench.tool("remember"), await bench.tool("keyed")
    version = f"1.0.{remember.version.rpartition('.')[2]}"
    await bench.apply(
        {
            "apiVersion": "pal/v1",
            "kind": "AgentSpec",
            "metadata": {"name": "desk", "version": version},
            "spec": {
                "objective": "Help.",
                "tools": ["remember", "keyed"],
                "plan": {
                    "stages": [
                        {"id": "draft", "objective": "Begin.", "tools": ["remember"]},
                        {"id": "review", "objective": "End.", "after": ["draft"]},
                    ]
                },
            },
        }
    )
    lease = await bench.run(remember, keyed, agent=common.SpecRef(name="desk", version=version))
    return lease, remember, keyed


async def call(bench: Bench, lease: shared.RunLease, tool: common.SpecRef, stage_id: str) -> pb.ExecuteToolResponse:
    request = pb.ExecuteToolRequest(
        lease=lease, call_id=f"{stage_id}.c1", tool=tool, arguments=json_payload("{}"), stage_id=stage_id
    )
    return await bench.tools.ExecuteTool(request, timeout=30)


async def refused(bench: Bench, lease: shared.RunLease, tool: common.SpecRef, stage_id: str) -> MeshError:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call(bench, lease, tool, stage_id)
    error = from_rpc_error(refusal.value)
    assert error is not None
    return error


async def test_a_call_is_recorded_as_that_of_its_stage(
    bench: Bench, granted: tuple[shared.RunLease, common.SpecRef, common.SpecRef]
) -> None:
    lease, remember, keyed = granted

    await call(bench, lease, remember, "draft")
    await call(bench, lease, keyed, "review")

    types = ["tool.call.requested", "tool.call.dispatched", "tool.call.finished"]
    recorded = [(event.type, event.stage_id) for event in await bench.events(lease)]
    assert recorded == [(type_, stage) for stage in ("draft", "review") for type_ in types]


async def test_a_stage_calls_no_tool_that_the_plan_has_not_for_it(
    bench: Bench, granted: tuple[shared.RunLease, common.SpecRef, common.SpecRef]
) -> None:
    lease, _, keyed = granted

    error = await refused(bench, lease, keyed, "draft")

    assert error.reason_name == "TOOL_NOT_GRANTED"
    assert "keyed is not for stage draft of agent desk; name it in spec.plan.stages[0].tools" in error.message
    assert await bench.events(lease) == []


async def test_a_stage_that_is_not_in_the_plan_calls_nothing(
    bench: Bench, granted: tuple[shared.RunLease, common.SpecRef, common.SpecRef]
) -> None:
    lease, remember, _ = granted

    error = await refused(bench, lease, remember, "ghost")

    assert (error.reason_name, error.metadata["field"]) == ("INVALID_FIELD", "stage_id")
    assert "ghost is no stage of agent desk, whose stages are: draft, review" in error.message
