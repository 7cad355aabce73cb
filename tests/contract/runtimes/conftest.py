"""The runtimes under the contract: every adapter in a process and an environment of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from pal_cli.bundled import BUNDLED
from pal_cli.candidates import started
from pal_conformance.kit import Kit, kit
from pal_conformance.suite import matching, results
from pal_conformance.target import Target, connected
from pal_conformance.verdict import Result

COMMANDS = {
    "echo": (sys.executable, "-m", "pal_adapter_host.echo"),
    **{name: kind.command for name, kind in BUNDLED.items()},
}
# Only npm can bring some, and a machine may be without.
MISSING = {name for name, kind in BUNDLED.items() if kind.installer == "npm" and not kind.installed}


@pytest.fixture(scope="session")
async def peers() -> AsyncIterator[Kit]:
    """Serve the kit to all adapters."""
    async with kit() as served:
        yield served


@pytest.fixture(scope="session", params=COMMANDS)
def runtime(request: pytest.FixtureRequest) -> str:
    """Name the runtime under test."""
    if request.param in MISSING:
        pytest.skip("npm is not there, so nothing of TypeScript is installed")
    return str(request.param)


class Targets:
    """The adapters, each started when it is first needed, and what the cases found on it."""

    def __init__(self, served: Kit, stack: AsyncExitStack, wanted: set[str]) -> None:
        """Hold adapters that reach *served* to the cases *wanted*, until *stack* ends."""
        self._served = served
        self._stack = stack
        self._wanted = wanted
        self._found: dict[str, dict[str, Result]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def found(self, runtime: str) -> dict[str, Result]:
        """Return what each case found on *runtime*."""
        async with self._one_at_a_time:
            if runtime not in self._found:
                target = await self._target(runtime)
                cases = [case for case in matching([]) if case.id in self._wanted]
                self._found[runtime] = {r.case_id: r async for r in results(target, self._served, cases)}
        return self._found[runtime]

    async def _target(self, runtime: str) -> Target:
        adapter = started(COMMANDS[runtime], self._served.addresses, PAL_CONCURRENT_RUNS="128")
        return await self._stack.enter_async_context(connected(await self._stack.enter_async_context(adapter)))


@pytest.fixture(scope="session")
async def targets(peers: Kit, request: pytest.FixtureRequest) -> AsyncIterator[Targets]:
    """Hold the adapters to the cases that the chosen tests ask for."""
    chosen = [getattr(item, "callspec", None) for item in request.session.items]
    wanted = {spec.params["case_id"] for spec in chosen if spec and "case_id" in spec.params}
    async with AsyncExitStack() as stack:
        yield Targets(peers, stack, wanted)
