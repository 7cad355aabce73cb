"""An adapter through all its lives: enrolled while it serves, watched, replaced when it fails, given up in the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from pal.service.v1 import registry_service_pb2_grpc as registry_rpc
from pal_cli.plugins.candidate import Candidate
from pal_cli.plugins.cgroups import Groups
from pal_cli.plugins.description import answers
from pal_cli.plugins.enrolment import Enrolment
from pal_cli.plugins.pacing import paced
from pal_cli.plugins.racing import racing
from pal_cli.plugins.watching import Census, Silence, Usage
from pal_cli.spawning import Program
from pal_rpc.channels import channel
from pal_rpc.config import StartError

# Lives in a row that end early before an adapter is given up.
MAX_SHORT_LIVES = 5
_ASK_SECONDS = 1.0


class Adapter(Candidate):
    """One adapter. Whoever is routed to it is told by the registry why it takes no runs."""

    def __init__(
        self,
        program: Program,
        log_path: Path,
        changed: Callable[[], None],
        census: Census,
        registry: registry_rpc.RegistryServiceStub,
        groups: Groups | None,
    ) -> None:
        """Have *registry* know of it, watch it by *census*, and keep it in one of *groups*."""
        super().__init__(program, log_path, changed, census, groups)
        self.state.adapter = True
        self._registry = registry
        self._enrolment = Enrolment(registry, program.name, self._address)
        # Judged from when it takes runs.
        self._silence: Silence | None = None

    async def drain(self, reason: str) -> None:
        """Take it out of routing and say why; its runs go on."""
        await self._enrolment.drain(reason)

    async def _admitted(self) -> None:
        self._enrolment = Enrolment(self._registry, self.program.name, self._address)
        try:
            await super()._admitted()
            await self._enrolment.complete(self.declared)
        except StartError as error:
            # It may have announced itself.
            await self.drain(str(error))
            raise

    async def _ended(self) -> str:
        assert self._process is not None
        pid, percent = self._process.pid, self._limits.cpu_percent if self._group is None else None
        self._silence = Silence()
        self._silence.broken(self._census.usage(pid))
        contenders = (self._process.wait(), self._outgrown(), self._asked(), paced(pid, percent, self._census))
        async with racing(*contenders) as (_, outgrown, asked, _):
            if asked.done():
                asked.result()
            reason = str(outgrown.result()) if outgrown.done() and self.alive else await self._why()
        # Whoever loses a run by this looks there for the reason, so it is there first.
        await self.drain(reason)
        await self._kill()
        return reason

    def _silent(self, used: Usage) -> str:
        return self._silence.verdict(used, self._limits.cpu_percent) if self._silence else ""

    async def _asked(self) -> None:
        """Ask whether it is there, for ever; keep its announcement alive where it does not do so itself."""
        assert self._process is not None and self._silence is not None
        async with channel(self._address) as opened:
            while True:
                if await answers(opened):
                    self._silence.broken(self._census.usage(self._process.pid))
                with contextlib.suppress(StartError):
                    await self._enrolment.renew(opened)
                await asyncio.sleep(_ASK_SECONDS)

    async def _kill(self) -> None:
        await super()._kill()
        self._silence = None

    async def _has_had_enough(self) -> bool:
        if self.short_lives < MAX_SHORT_LIVES:
            return False
        again = f"`pal runtime start {self.program.name}` tries again"
        reason = f"given up after {self.short_lives} short lives; {self.state.reason}; {again}"
        self.show(state="failed", reason=reason)
        await self.drain(reason)
        return True
