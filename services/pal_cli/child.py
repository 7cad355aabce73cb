"""One process of the mesh through all its lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from pal_cli.spawning import Program, first_line, last_words, spawn
from pal_rpc.config import StartError
from pal_rpc.mesh_state import ProcessState

log = logging.getLogger("pal.supervisor")

STOP_SECONDS = 15.0
_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.2, 5.0
# A process that lived this long is not in a crash loop.
SETTLED_SECONDS = 30.0


class Child:
    """A process that is started again whenever it ends."""

    def __init__(self, program: Program, log_path: Path, changed: Callable[[], None]) -> None:
        """Write its output to *log_path*; tell *changed* about every change of state."""
        self.program = program
        self.state = ProcessState(pid=0, services=dict(program.services), log=str(log_path), started_at=0.0)
        # Lives in a row that ended early.
        self.short_lives = 0
        self._log = log_path
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._swept = False

    @property
    def alive(self) -> bool:
        """Whether a process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            StartError: it does not; the message has its last words. It is gone.
        """
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        self._process, reading = await spawn(self._next_life(), self._log)
        self._swept = False
        self.show(pid=self._process.pid, started_at=time.time(), state="starting")
        try:
            await self._serving(reading)
        except BaseException as error:
            await self._kill()
            if isinstance(error, StartError):
                self.show(state="restarting", reason=str(error))
            raise
        self.show(state="serving", serving_at=time.time(), reason="")

    async def keep(self) -> None:
        """Start it again whenever it ends, until it has had enough; may be left and entered again."""
        while True:
            if self.alive:
                reason = await self._ended()
                log.warning("process ended", extra={"program": self.program.name, "reason": reason})
                lived_seconds = time.time() - self.state.started_at
                self.short_lives = 1 if lived_seconds > SETTLED_SECONDS else self.short_lives + 1
                self.show(state="restarting", restarts=self.state.restarts + 1, reason=reason, ended=reason)
            if await self._has_had_enough():
                return
            await asyncio.sleep(self._pause_seconds())
            try:
                await self.start()
            except StartError as error:
                self.short_lives += 1
                log.warning("process not restarted", extra={"program": self.program.name, "problem": str(error)})

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to end, and end it when it does not within *seconds*."""
        if self._process is None:
            return
        try:
            if self.alive:
                self._process.terminate()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._process.wait()
        finally:
            await self._kill()
            self.show(state="stopped")

    def show(self, **fields: object) -> None:
        """Change the state that people see."""
        for name, value in fields.items():
            setattr(self.state, name, value)
        self._changed()

    def _next_life(self) -> Program:
        """Return the program as it is started this time."""
        return self.program

    async def _serving(self, reading: int) -> None:
        """Return once it serves."""
        if not await first_line(reading):
            raise StartError(f"{self.program.name} did not start: {await self._why()}")

    async def _ended(self) -> str:
        """Wait for its end and return why it ended."""
        return await self._why()

    async def _has_had_enough(self) -> bool:
        """Tell whether it is not to be started again."""
        return False

    def _pause_seconds(self) -> float:
        """Return how long to wait before the next life: not at all after a life that may have ended by chance."""
        again = self.short_lives - 1
        return min(_FIRST_BACKOFF_SECONDS * 2.0**again, _MAX_BACKOFF_SECONDS) if again > 0 else 0.0

    async def _why(self) -> str:
        assert self._process is not None
        code = await self._process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{how}; its last words: {last_words(self._log, self._log_start)}"

    async def _kill(self) -> None:
        """End it at once, and whatever it started."""
        assert self._process is not None
        if not self._swept:
            # Once: later the number may be somebody else's.
            self._swept = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
