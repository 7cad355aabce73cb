"""An adapter through all its lives: enrolled while it serves, watched, replaced when it fails, given up in the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal_cli.child import Child
from pal_cli.plugins.description import answers, check, described, listens
from pal_cli.plugins.enrolment import Enrolment
from pal_cli.plugins.limits import DEFAULTS, Limits
from pal_cli.plugins.racing import racing
from pal_cli.plugins.watching import LOOK_SECONDS, Census, Silence, excess
from pal_cli.spawning import Program, first_line
from pal_rpc.channels import channel
from pal_rpc.config import StartError

START_SECONDS = 60.0
# Lives in a row that end early before an adapter is given up.
MAX_SHORT_LIVES = 5
_ASK_SECONDS = 1.0


class Adapter(Child):
    """One adapter. Whoever is routed to it is told by the registry why it takes no runs."""

    def __init__(
        self,
        program: Program,
        log_path: Path,
        changed: Callable[[], None],
        registry: registry_rpc.RegistryServiceStub,
        census: Census,
    ) -> None:
        """Announce it to *registry* and watch it by *census*."""
        super().__init__(program, log_path, changed)
        assert program.confinement is not None
        self.state.adapter = True
        self._stated = program.confinement.limits
        self._limits = self._stated.over(DEFAULTS)
        self._registry = registry
        self._census = census
        (self._address,) = program.services.values()
        self._enrolment = Enrolment(registry, program.name, self._address)
        self._silence = Silence()
        self._saying: asyncio.Task[dict[str, str]] | None = None

    async def _serving(self, reading: int) -> None:
        assert self._process is not None
        self._enrolment = Enrolment(self._registry, self.program.name, self._address)
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._answering(reading)
                async with racing(self._enrol(), self._process.wait()) as (enrolled, _):
                    if enrolled.done():
                        enrolled.result()
                if not self.alive:
                    raise StartError(f"{self.program.name} did not start: {await self._why()}")
        except TimeoutError:
            said = f"{self.program.name} does not serve at {self._address} (PAL_ADDRESS)"
            raise StartError(f"{said} after {START_SECONDS:.0f} s") from None

    async def _answering(self, reading: int) -> None:
        """Return once it says that it serves, or is seen to listen; programs that are not ours say nothing."""
        assert self._process is not None
        # It may say so later. Nobody there to hear it would be its end.
        self._saying = asyncio.create_task(first_line(reading))
        async with racing(self._said(), listens(self._address), self._process.wait()):
            pass
        if not self.alive:
            raise StartError(f"{self.program.name} did not start: {await self._why()}")

    async def _said(self) -> None:
        assert self._saying is not None
        if not await asyncio.shield(self._saying):
            # It ended, or closed what it does not know.
            await asyncio.Event().wait()

    async def _enrol(self) -> None:
        try:
            async with channel(self._address) as opened:
                answer = await described(opened)
            check(answer)
            self._limits = self._stated.over(Limits.declared(answer.capability.limits)).over(DEFAULTS)
            self.show(version=answer.installed_version)
            await self._enrolment.complete(answer)
        except StartError as error:
            # It may have announced itself.
            await self._enrolment.drain(str(error))
            raise StartError(f"{self.program.name} is no adapter for this mesh: {error}") from None

    async def _ended(self) -> str:
        assert self._process is not None
        async with racing(self._process.wait(), self._exceeded(), self._asked()) as (_, exceeded, asked):
            if asked.done():
                asked.result()
            reason: str = exceeded.result() if exceeded.done() and self.alive else await self._why()
        # Whoever loses a run by this looks there for the reason, so it is there first.
        await self._enrolment.drain(reason)
        await self._kill()
        return reason

    async def _exceeded(self) -> str:
        """Return why it has to be killed, once it has to."""
        assert self._process is not None
        self._silence = Silence()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            used = self._census.usage(self._process.pid)
            if reason := excess(used, self._limits) or self._silence.verdict(used.cpu_seconds):
                return reason

    async def _asked(self) -> None:
        """Ask whether it is there, for ever; keep its announcement alive where it does not do so itself."""
        assert self._process is not None
        async with channel(self._address) as opened:
            while True:
                if await answers(opened):
                    self._silence.broken(self._census.usage(self._process.pid).cpu_seconds)
                with contextlib.suppress(StartError):
                    await self._enrolment.renew(opened)
                await asyncio.sleep(_ASK_SECONDS)

    async def _kill(self) -> None:
        await super()._kill()
        if self._saying is not None:
            self._saying.cancel()

    async def _has_had_enough(self) -> bool:
        if self.short_lives < MAX_SHORT_LIVES:
            return False
        again = f"`pal runtime start {self.program.name}` tries again"
        reason = f"given up after {self.short_lives} short lives; {self.state.reason}; {again}"
        self.show(state="failed", reason=reason)
        await self._enrolment.drain(reason)
        return True

    async def drain(self, reason: str) -> None:
        """Take it out of routing; its runs go on."""
        await self._enrolment.drain(reason)
