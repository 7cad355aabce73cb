"""The processes of the mesh in a drill: killed, paused, stopped, started; and whether they are still the same."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from pal.v1 import gameday_pb2 as pb
from pal_gameday.home import Home, ProcessNotFound
from pal_gameday.plan import seconds_of
from pal_gameday.traffic import BrokenOff

DEFAULT_PAUSE_SECONDS = 5.0
_BACK_SECONDS, _LOOK_SECONDS = 60.0, 0.05


def lives(home: Home) -> dict[str, str]:
    """Return what tells this life of each process from others; empty when the mesh is not of *home*."""
    return {name: f"pid {one.pid}, {one.restarts} restarts" for name, one in home.processes().items()}


async def acted(
    home: Home, process: pb.GameDayProcess, pause_seconds: float | None, pausing: Callable[[str, int], Awaitable[None]]
) -> str:
    """Do to a process what a plan says; return what was seen. *pause_seconds* takes the place of the plan's time.

    *pausing* is told the name and the number of a process that is about to be paused.

    Raises:
        ProcessNotFound: there is no such process here.
        BrokenOff: it does not come back, or is not what was ordered.
    """
    match process.action:
        case pb.GAME_DAY_ACTION_KILL:
            return await _killed(home, process.name)
        case pb.GAME_DAY_ACTION_PAUSE:
            planned = seconds_of(process.lasting, DEFAULT_PAUSE_SECONDS)
            await pausing(process.name, home.find(process.name).pid)
            return await _paused(home, process.name, planned if pause_seconds is None else pause_seconds)
        case pb.GAME_DAY_ACTION_UPGRADE:
            return await _upgraded(home, process.name, process.to)
        case action:
            word, wanted = ("start", "serving") if action == pb.GAME_DAY_ACTION_START else ("stop", "stopped")
            await _ordered(home, word, process.name)
            return wanted if home.find(process.name).state == wanted else ""


async def _killed(home: Home, name: str) -> str:
    before = home.find(name)
    os.kill(before.pid, signal.SIGKILL)
    until = time.monotonic() + _BACK_SECONDS
    while True:
        now = home.find(name)
        if now.pid not in (0, before.pid) and now.state == "serving":
            return f"pid {before.pid} was killed, pid {now.pid} serves"
        if time.monotonic() > until:
            raise BrokenOff(f"{name} was killed and does not serve again after {_BACK_SECONDS:.0f} s")
        # The state is a file of another process.
        await asyncio.sleep(_LOOK_SECONDS)


async def _paused(home: Home, name: str, seconds: float) -> str:
    pid = home.find(name).pid
    # It has to go on also when this process does not.
    healer = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        f"sleep {seconds + 1:.1f}; kill -CONT {pid}",
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        os.kill(pid, signal.SIGSTOP)
        stopped = await _is_stopped(pid)
        await asyncio.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)
        healer.terminate()
        await healer.wait()
    return f"pid {pid} did nothing for {seconds:g} s" if stopped else ""


async def _upgraded(home: Home, name: str, to: str) -> str:
    before = home.find(name).version
    await _ordered(home, "upgrade", name, to)
    after = home.find(name)
    return f"moved from {before} to {after.version}" if after.version != before and after.state == "serving" else ""


async def _ordered(home: Home, *words: str) -> None:
    """Have the supervisor of the mesh do to a runtime what `pal runtime` orders, and wait until it has."""
    command = (sys.executable, "-P", "-m", "pal_cli", "runtime", *words, "--home", str(home.path))
    ordering = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await ordering.communicate()
    if ordering.returncode:
        raise BrokenOff(said.decode(errors="replace").strip().removeprefix("error: "))


async def _is_stopped(pid: int) -> bool:
    for _ in range(20):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt":
            return True
        await asyncio.sleep(_LOOK_SECONDS)
    return False


def go_on(home: Home, name: str, pid: int) -> None:
    """Have a process that was paused go on, if it is still the one that was."""
    try:
        if home.find(name).pid == pid:
            os.kill(pid, signal.SIGCONT)
    except (ProcessNotFound, ProcessLookupError):
        return
