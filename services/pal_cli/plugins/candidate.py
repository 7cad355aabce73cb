"""An adapter process until it has shown that a mesh can work with it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

from pal.service.v1 import runtime_service_pb2 as pb
from pal_cli.child import Child
from pal_cli.plugins.cgroups import Group, Groups
from pal_cli.plugins.description import check, described, listens
from pal_cli.plugins.limits import DEFAULTS, Limits
from pal_cli.plugins.racing import racing
from pal_cli.plugins.watching import LOOK_SECONDS, Census, Usage, excess
from pal_cli.spawning import Program, first_line
from pal_rpc.channels import channel
from pal_rpc.config import StartError

_END_SECONDS = 2.0


class Candidate(Child):
    """One adapter. It serves once it has declared something that holds."""

    def __init__(
        self,
        program: Program,
        log_path: Path,
        changed: Callable[[], None],
        census: Census,
        groups: Groups | None = None,
    ) -> None:
        """Watch it by *census*; keep it in one of *groups*, where this machine has some."""
        super().__init__(program, log_path, changed)
        assert program.confinement is not None
        self.declared = pb.DescribeResponse()
        self._stated = program.confinement.limits
        self._limits = self._stated.over(DEFAULTS)
        self._census = census
        self._groups = groups
        self._group: Group | None = None
        (self._address,) = program.services.values()
        self._saying: asyncio.Task[str] | None = None

    def _next_life(self) -> Program:
        if self._groups is None or self.program.confinement is None:
            return self.program
        self._group = self._groups.make(self.program.name, self._limits)
        confinement = dataclasses.replace(self.program.confinement, group=self._group.path)
        return dataclasses.replace(self.program, confinement=confinement)

    async def _serving(self, reading: int) -> None:
        assert self._process is not None
        doing = f"serve at {self._address} (PAL_ADDRESS)"
        try:
            async with asyncio.timeout(self.program.start_seconds):
                await self._answering(reading)
                doing = "answer Describe, or is not registered,"
                async with racing(self._admitted(), self._process.wait(), self._outgrown()) as (admitted, _, outgrown):
                    if outgrown.done():
                        raise StartError(f"{self.program.name} did not start: {outgrown.result()}")
                    if admitted.done():
                        admitted.result()
        except TimeoutError:
            name, seconds = self.program.name, self.program.start_seconds
            raise StartError(f"{name} does not {doing} within {seconds:g} s") from None
        await self._check_alive()

    async def _answering(self, reading: int) -> None:
        """Return once it says that it serves, or is seen to listen; programs that are not ours say nothing."""
        assert self._process is not None
        # It may say so later. Nobody there to hear it would be its end.
        self._saying = asyncio.create_task(first_line(reading))
        async with racing(self._said(), listens(self._address), self._process.wait(), self._outgrown()):
            pass
        await self._check_alive()

    async def _said(self) -> None:
        assert self._saying is not None
        if not await asyncio.shield(self._saying):
            # It ended, or closed what it does not know.
            await asyncio.Event().wait()

    async def _admitted(self) -> None:
        """Return once what it declares was found to hold."""
        try:
            async with channel(self._address) as opened:
                self.declared = await described(opened)
            check(self.declared)
        except StartError as error:
            raise StartError(f"{self.program.name} is no adapter for this mesh: {error}") from None
        self._limits = self._stated.over(Limits.declared(self.declared.capability.limits)).over(DEFAULTS)
        self.show(version=self.declared.installed_version)

    async def _outgrown(self) -> str:
        """Return why it has to be killed, once it uses more than it may or does not answer."""
        assert self._process is not None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            used = self._census.usage(self._process.pid)
            if reason := excess(used, self._limits) or self._silent(used):
                return reason

    def _silent(self, used: Usage) -> str:
        """Return why it has to be killed for not answering, having *used* so much."""
        return ""

    async def _check_alive(self) -> None:
        if not self.alive:
            raise StartError(f"{self.program.name} did not start: {await self._why()}")

    async def _why(self) -> str:
        said = await super()._why()
        return (self._group.verdict() if self._group else "") or said

    async def _kill(self) -> None:
        await super()._kill()
        if self._group is not None:
            self._group.end()
            self._group = None
        if self._saying is not None:
            self._saying.cancel()


async def tried(program: Program, log_path: Path) -> pb.DescribeResponse:
    """Start *program*, have it declare itself and end it; return what it declared.

    Raises:
        StartError: it does not start, or what it declares does not hold.
    """
    candidate = Candidate(program, log_path, lambda: None, Census())
    try:
        await candidate.start()
        return candidate.declared
    finally:
        await candidate.stop(_END_SECONDS)
