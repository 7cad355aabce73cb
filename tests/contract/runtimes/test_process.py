"""Every runtime: the process, its declaration and its place in the registry."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from pal.service.v1 import runtime_service_pb2 as rt
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.status import from_rpc_error
from tests.contract.runtimes.conftest import started
from tests.contract.runtimes.driver import Driver, say
from tests.fakes.seams import FakeRegistry, FakeSeams, Say, Script


async def test_a_runtime_describes_itself_and_what_stands_in_the_way(driver: Driver, runtime: str) -> None:
    needs = agents.CapabilityRequirements(modes=["workflow"], human_in_loop=True, tool_calling=True)
    output = agents.IoContract(schema=common.JsonSchema(text='{"type": 5}'))
    unfit = agents.AgentSpec(spec=agents.AgentDefinition(requires=needs, output=output))

    described = await driver.stub.Describe(rt.DescribeRequest(agent=unfit))

    assert described.capability.runtime == runtime
    assert list(described.capability.capabilities.modes) == ["conversational"]
    assert described.installed_version
    assert [(p.field, p.reason) for p in described.problems] == [
        ("spec.requires.modes", "CAPABILITY_MISSING"),
        ("spec.requires.human_in_loop", "CAPABILITY_MISSING"),
        ("spec.output.schema", "INVALID_DOCUMENT"),
    ]


async def test_a_runtime_registers_again_and_drains(peers: tuple[FakeSeams, FakeRegistry], runtime: str) -> None:
    fakes, registry = peers
    name = f"{runtime}-blue"

    async with started(runtime, fakes.address, PAL_RUNTIME_NAME=name, PAL_REGISTRATION_SECONDS="1") as (address, _):
        await registry.until(lambda: registry.times[name] == 1)
        (first,) = [i for i, request in registry.registered.items() if request.name == name]
        announced = registry.registered.pop(first)
        await registry.until(lambda: registry.times[name] == 2)
        (second,) = [i for i, request in registry.registered.items() if request.name == name]
        await registry.until(lambda: second in registry.renewed)

    assert (announced.endpoint, announced.capability.runtime) == (address, runtime)
    assert announced.instance_id == registry.registered[second].instance_id
    assert registry.drained[-1] == second


async def test_runs_above_the_ceiling_are_refused(peers: tuple[FakeSeams, FakeRegistry], runtime: str) -> None:
    fakes, _ = peers
    script = Script(says=[Say(hold=asyncio.Event())])

    async with (
        started(runtime, fakes.address, PAL_CONCURRENT_RUNS="1") as (address, _),
        Driver(address, fakes) as driver,
    ):
        first = driver.start(script)
        ending = asyncio.ensure_future(first.end())
        await script.reached.wait()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await driver.run(say("too much"))
        await driver.cancel(first)
        await ending

    error = from_rpc_error(refused.value)
    assert error is not None
    assert error.reason == reasons.ERROR_REASON_OVERLOADED
