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
        self._targets: dict[str, Target] = {}
        self._found: dict[str, dict[str, Result]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def found(self, runtime: str) -> dict[str, Result]:
        """Return what each case found on *runtime*."""
        async with self._one_at_a_time:
            if runtime not in self._found:
                target = await self.target(runtime)
                cases = [case for case in matching([]) if case.id in self._wanted]
                self._found[runtime] = {r.case_id: r async for r in results(target, self._served, cases)}
        return self._found[runtime]

    async def target(self, runtime: str) -> Target:
        """Return the adapter of *runtime*."""
        if runtime not in self._targets:
            adapter = started(COMMANDS[runtime], self._served.addresses, PAL_CONCURRENT_RUNS="128")
            address = await self._stack.enter_async_context(adapter)
            self._targets[runtime] = await self._stack.enter_async_context(connected(address))
        return self._targets[runtime]


@pytest.fixture(scope="session")
async def targets(peers: Kit, request: pytest.FixtureRequest) -> AsyncIterator[Targets]:
    """Hold the adapters to the cases that the chosen tests ask for."""
    wanted: set[str] = set()
    for item in request.session.items:
        if "targets" in getattr(item, "fixturenames", ()):
            case_id = getattr(item, "callspec").params.get("case_id")  # noqa: B009  mypy knows no callspec
            wanted |= {case_id} if case_id else {case.id for case in matching([])}
    async with AsyncExitStack() as stack:
        yield Targets(peers, stack, wanted)
