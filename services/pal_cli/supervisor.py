"""Starts the processes of a mesh, starts again what dies, and stops them in the right order."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pal_cli.home import Home, MeshState, ProcessState
from pal_cli.programs import CORE, Plan, Program
from pal_rpc.config import StartError

log = logging.getLogger("pal.supervisor")

START_SECONDS = 60.0
STOP_SECONDS = 15.0
_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.2, 5.0
# A process that lived this long is not in a crash loop.
_SETTLED_SECONDS = 30.0


class Child:
    """One process through all its lives."""

    def __init__(self, program: Program, log_path: Path, changed: Callable[[], None]) -> None:
        """Write its output to *log_path*; tell *changed* about every change of state."""
        self.program = program
        self.state = ProcessState(pid=0, services=dict(program.services), log=str(log_path), started_at=0.0)
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            StartError: it ended before; the message has its last words.
        """
        reading, writing = os.pipe()
        with open(self.state.log, "ab") as output:  # noqa: ASYNC230  a local file, opened once a life
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                env={**self.program.env, "PAL_READY_FD": str(writing)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[writing],
                # Ctrl-C at the terminal is for the supervisor alone.
                start_new_session=True,
            )
        os.close(writing)
        self._set(pid=self._process.pid, started_at=time.time(), state="starting")
        if not await _first_line(reading):
            await self._process.wait()
            self._set(state="failed")
            raise StartError(f"{self.program.name} did not start: {last_words(Path(self.state.log))}")
        self._set(state="serving", serving_at=time.time())

    async def keep(self) -> None:
        """Start it again whenever it ends, for ever."""
        backoff_seconds = _FIRST_BACKOFF_SECONDS
        while True:
            assert self._process is not None
            code = await self._process.wait()
            lived_seconds = time.time() - self.state.started_at
            log.warning("process ended", extra={"program": self.program.name, "code": code})
            self._set(state="restarting", restarts=self.state.restarts + 1)
            backoff_seconds = (
                _FIRST_BACKOFF_SECONDS
                if lived_seconds > _SETTLED_SECONDS
                else min(backoff_seconds * 2, _MAX_BACKOFF_SECONDS)
            )
            await asyncio.sleep(backoff_seconds)
            try:
                await self.start()
            except StartError as error:
                log.warning("process not restarted", extra={"program": self.program.name, "problem": str(error)})

    async def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        self._set(state="stopped")

    def _set(self, **fields: object) -> None:
        for name, value in fields.items():
            setattr(self.state, name, value)
        self._changed()


@asynccontextmanager
async def supervised(home: Home, plan: Plan) -> AsyncIterator[MeshState]:
    """Run the processes of *plan* until the block ends; the caller holds *home*.

    Raises:
        StartError: one of them does not start; the others are stopped again.
    """
    state = MeshState(pid=os.getpid(), started_at=time.time(), addresses=dict(plan.addresses))

    def changed() -> None:
        state.processes = {child.program.name: child.state for child in children}
        home.write_state(state)

    children: list[Child] = []
    children.extend(Child(program, home.logs / f"{program.name}.log", changed) for program in plan.programs)
    changed()
    try:
        await _start_all(children)
        async with asyncio.TaskGroup() as tasks:
            keeping = [tasks.create_task(child.keep()) for child in children]
            try:
                yield state
            finally:
                for task in keeping:
                    task.cancel()
    finally:
        await _stop_all(children)


async def _start_all(children: list[Child]) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            await _started(children)
    except TimeoutError:
        slow = ", ".join(child.program.name for child in children if child.state.state != "serving")
        raise StartError(f"{slow} did not start within {START_SECONDS:.0f} s; `pal logs` shows why") from None


async def _started(children: list[Child]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for child in children:
                tasks.create_task(child.start())
    except* StartError as group:
        raise group.exceptions[0] from None


async def _stop_all(children: list[Child]) -> None:
    # The core first: it ends its runs while the adapters and the seams are still there.
    core = [child for child in children if child.program.name == CORE]
    await asyncio.gather(*(child.stop() for child in core))
    await asyncio.gather(*(child.stop() for child in children if child not in core))


async def _first_line(descriptor: int) -> dict[str, str]:
    reader = asyncio.StreamReader()
    with os.fdopen(descriptor) as pipe:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            line = await reader.readline()
        finally:
            transport.close()
    return json.loads(line) if line else {}


def last_words(path: Path) -> str:
    """Return the last line of a log that is for people; a JSON line gives its message."""
    lines = path.read_text(errors="replace").splitlines()[-1:] if path.exists() else []
    return lines[0] if lines else "it said nothing"
