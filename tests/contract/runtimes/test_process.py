"""Every runtime: the process and its place in the registry."""

from __future__ import annotations

import asyncio

import pytest

from pal.v1 import error_reason_pb2 as reasons
from pal_conformance.bench import Bench
from pal_conformance.case import Case
from pal_conformance.kit import Kit
from pal_conformance.script import Say, Script, says
from tests.contract.runtimes.conftest import CEILING, Targets

pytestmark = pytest.mark.timeout(300)


def known(peers: Kit, runtime: str) -> list[str]:
    """Return the registrations of *runtime* that are not forgotten."""
    return [id_ for id_, request in peers.announcements.registered.items() if request.name == f"{runtime}-blue"]


async def test_a_runtime_that_is_not_known_any_more_registers_again(peers: Kit, targets: Targets, runtime: str) -> None:
    registry, address = peers.announcements, (await targets.target(runtime)).address
    assert await registry.changes.until(lambda: known(peers, runtime) != [], 20)

    announced = registry.registered.pop(known(peers, runtime)[0])
    assert await registry.changes.until(lambda: known(peers, runtime) != [], 20)
    (again,) = known(peers, runtime)
    assert await registry.changes.until(lambda: again in registry.renewed, 20)

    assert (announced.endpoint, announced.capability.runtime) == (address, runtime)
    assert announced.instance_id == registry.registered[again].instance_id


async def test_runs_above_the_ceiling_are_refused(peers: Kit, targets: Targets, runtime: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        case = Case(id="above", claim="", test=test_runs_above_the_ceiling_are_refused, outcome=None)
        bench = Bench(await targets.target(runtime), peers, case, tasks)
        going = [bench.start(Script(says=[Say(hold=asyncio.Event())])) for _ in range(CEILING)]
        for run in going:
            await run.held("the model was asked")

        above = await bench.ended(bench.start(says("too much")))

        for run in going:
            run.leave()
        for run in going:
            await bench.ended(run)
    assert above.refusal is not None
    assert above.refusal.reason == reasons.ERROR_REASON_OVERLOADED


# The last of a runtime: a test that comes later starts another adapter.
async def test_a_runtime_leaves_the_registry_when_it_ends(peers: Kit, targets: Targets, runtime: str) -> None:
    await targets.target(runtime)
    assert await peers.announcements.changes.until(lambda: known(peers, runtime) != [], 20)

    await targets.stop(runtime)

    assert peers.announcements.drained[-1] == known(peers, runtime)[-1]
