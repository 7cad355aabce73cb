"""The kit can fail: each planted fault is seen by the case that is there for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from pal_conformance.kit import Kit, kit
from pal_conformance.suite import matching, results, run_case
from pal_conformance.target import connected
from pal_conformance.verdict import Result, Status
from tests.fakes.faulty_adapter import Fault, faulty_adapter
from tests.integration.conformance.faults import FAULTS


@pytest.fixture(scope="session")
async def served() -> AsyncIterator[Kit]:
    """Serve the kit."""
    async with kit() as opened:
        yield opened


async def held_to_its_case(served: Kit, name: str, gate: asyncio.Semaphore) -> Result:
    """Return what the case that has to see the fault *name* finds."""
    fault, case_id, _ = FAULTS[name]
    (case,) = matching([case_id])
    async with gate, faulty_adapter(fault, served.addresses) as address, connected(address) as target:
        return await run_case(target, served, case)


@pytest.fixture(scope="session")
async def seen(served: Kit) -> dict[str, Result]:
    """Hold every faulty adapter to the case that has to see it; most of them do so by waiting."""
    gate = asyncio.Semaphore(8)
    found = await asyncio.gather(*(held_to_its_case(served, name, gate) for name in FAULTS))
    return dict(zip(FAULTS, found, strict=True))


@pytest.mark.parametrize("name", FAULTS)
async def test_a_planted_fault_is_seen_by_its_case(seen: dict[str, Result], name: str) -> None:
    _, _, word = FAULTS[name]

    assert seen[name].status is Status.failed
    assert word in seen[name].reason


@pytest.mark.drill
async def test_without_a_fault_nothing_fails(served: Kit) -> None:
    async with faulty_adapter(Fault(), served.addresses) as address, connected(address) as target:
        found = [result async for result in results(target, served, matching([]))]

    assert [(result.case_id, result.reason) for result in found if result.status is Status.failed] == []
    assert sum(result.status is Status.passed for result in found) > 80
