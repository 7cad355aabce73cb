"""The runtimes under the contract: every adapter in a process and an environment of its own."""

from __future__ import annotations

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
# The others are held to the kit by `make drills`.
QUICK = {"echo", "agno"}
# More than any case has going at once; enough for all cases that may run side by side to do so.
CEILING = 120
# Only npm can bring some, and a machine may be without.
MISSING = {name for name, kind in BUNDLED.items() if kind.installer == "npm" and not kind.installed}


@pytest.fixture(scope="session")
async def peers() -> AsyncIterator[Kit]:
    """Serve the kit to all adapters."""
    async with kit() as served:
        yield served


@pytest.fixture(
    scope="session",
    params=[name if name in QUICK else pytest.param(name, marks=pytest.mark.drill) for name in COMMANDS],
)
def runtime(request: pytest.FixtureRequest) -> str:
    """Name the runtime under test."""
    if request.param in MISSING:
        pytest.skip("npm is not there, so nothing of TypeScript is installed")
    return str(request.param)


class Targets:
    """The adapters, each started once, when it is first needed, and what the cases found on it."""

    def __init__(self, served: Kit) -> None:
        """Hold adapters that reach *served* to the cases."""
        self._served = served
        self._lives: dict[str, AsyncExitStack] = {}
        self._targets: dict[str, Target] = {}
        self._found: dict[str, dict[str, Result]] = {}

    async def found(self, runtime: str) -> dict[str, Result]:
        """Return what each case found on *runtime*."""
        if runtime not in self._found:
            target = await self.target(runtime)
            self._found[runtime] = {r.case_id: r async for r in results(target, self._served, matching([]))}
        return self._found[runtime]

    async def target(self, runtime: str) -> Target:
        """Return the adapter of *runtime*, which the registry knows by another name."""
        if runtime not in self._targets:
            life = self._lives[runtime] = AsyncExitStack()
            settings = {"PAL_RUNTIME_NAME": f"{runtime}-blue", "PAL_REGISTRATION_SECONDS": "1"}
            adapter = started(COMMANDS[runtime], self._served.addresses, PAL_CONCURRENT_RUNS=str(CEILING), **settings)
            address = await life.enter_async_context(adapter)
            self._targets[runtime] = await life.enter_async_context(connected(address))
        return self._targets[runtime]

    async def stop(self, runtime: str) -> None:
        """Stop the adapter of *runtime*."""
        del self._targets[runtime]
        await self._lives.pop(runtime).aclose()

    async def stop_all(self) -> None:
        """Stop whatever goes on."""
        for runtime in list(self._targets):
            await self.stop(runtime)


@pytest.fixture(scope="session")
async def targets(peers: Kit) -> AsyncIterator[Targets]:
    """Start the adapters that the chosen tests ask for."""
    started_ = Targets(peers)
    yield started_
    await started_.stop_all()
