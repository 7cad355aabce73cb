"""Every runtime: the process and its place in the registry."""

from __future__ import annotations

import asyncio

from pal.v1 import error_reason_pb2 as reasons
from pal_cli.candidates import started
from pal_conformance.bench import Bench
from pal_conformance.case import Case
from pal_conformance.kit import Kit
from pal_conformance.script import Say, Script, says
from pal_conformance.target import connected
from tests.contract.runtimes.conftest import COMMANDS


async def test_a_runtime_registers_again_and_drains(peers: Kit, runtime: str) -> None:
    registry, name = peers.announcements, f"{runtime}-blue"
    settings = {"PAL_RUNTIME_NAME": name, "PAL_REGISTRATION_SECONDS": "1"}

    async with started(COMMANDS[runtime], peers.addresses, **settings) as address:
        assert await registry.changes.until(lambda: registry.times[name] == 1, 20)
        (first,) = [i for i, request in registry.registered.items() if request.name == name]
        announced = registry.registered.pop(first)
        assert await registry.changes.until(lambda: registry.times[name] == 2, 20)
        (second,) = [i for i, request in registry.registered.items() if request.name == name]
        assert await registry.changes.until(lambda: second in registry.renewed, 20)

    assert (announced.endpoint, announced.capability.runtime) == (address, runtime)
    assert announced.instance_id == registry.registered[second].instance_id
    assert registry.drained[-1] == second


async def test_runs_above_the_ceiling_are_refused(peers: Kit, runtime: str) -> None:
    async def above(bench: Bench) -> None:
        first = bench.start(Script(says=[Say(hold=asyncio.Event())]))
        await first.held("the model was asked")

        second = await bench.ended(bench.start(says("too much")))

        assert second.refusal is not None
        assert second.refusal.reason == reasons.ERROR_REASON_OVERLOADED
        await bench.cancel(first)
        await bench.ended(first)

    case = Case(id="above", claim="", test=above, outcome=None)
    async with (
        started(COMMANDS[runtime], peers.addresses, PAL_CONCURRENT_RUNS="1") as address,
        connected(address) as target,
        asyncio.TaskGroup() as tasks,
    ):
        await above(Bench(target, peers, case, tasks))
