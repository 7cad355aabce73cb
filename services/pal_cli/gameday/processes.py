"""The processes of the mesh in a drill: killed, paused, stopped, started; and whether they are still the same."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pal.v1 import gameday_pb2 as pb
from pal_cli.commands.runtime import ordered
from pal_cli.failures import NOT_FOUND, TIMEOUT, UNAVAILABLE, CommandError
from pal_cli.home import Home, ProcessState
from pal_cli.plugins.obeying import obeyed
from pal_gameday.plan import seconds_of

DEFAULT_PAUSE_SECONDS = 5.0
_BACK_SECONDS, _LOOK_SECONDS = 60.0, 0.05


def lives(home: Home) -> dict[str, str]:
    """Return what tells this life of each process from others; empty when the mesh is not of *home*."""
    state = home.read_state()
    known = state.processes.items() if state else ()
    return {name: f"pid {one.pid}, {one.restarts} restarts" for name, one in known}


async def acted(home: Home, process: pb.GameDayProcess, pause_seconds: float | None) -> str:
    """Do to a process what a plan says; return what was seen. *pause_seconds* takes the place of the plan's time.

    Raises:
        CommandError: there is no such process here, or it does not come back.
    """
    match process.action:
        case pb.GAME_DAY_ACTION_KILL:
            return await _killed(home, process.name)
        case pb.GAME_DAY_ACTION_PAUSE:
            planned = seconds_of(process.lasting, DEFAULT_PAUSE_SECONDS)
            return await _paused(home, process.name, planned if pause_seconds is None else pause_seconds)
        case pb.GAME_DAY_ACTION_UPGRADE:
            return await _upgraded(home, process.name, process.to)
        case action:
            running = action == pb.GAME_DAY_ACTION_START
            state = await obeyed(home, ordered(home, process.name, running=running))
            wanted = "serving" if running else "stopped"
            return wanted if state is not None and state.state == wanted else ""


async def _killed(home: Home, name: str) -> str:
    before = find(home, name)
    os.kill(before.pid, signal.SIGKILL)
    until = time.monotonic() + _BACK_SECONDS
    while True:
        now = find(home, name)
        if now.pid not in (0, before.pid) and now.state == "serving":
            return f"pid {before.pid} was killed, pid {now.pid} serves"
        if time.monotonic() > until:
            raise CommandError(f"{name} was killed and does not serve again after {_BACK_SECONDS:.0f} s", TIMEOUT)
        # The state is a file of another process.
        await asyncio.sleep(_LOOK_SECONDS)


async def _paused(home: Home, name: str, seconds: float) -> str:
    pid = find(home, name).pid
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
    before = find(home, name).version
    command = (sys.executable, "-m", "pal_cli", "runtime", "upgrade", name, to, "--home", str(home.path))
    upgrading = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await upgrading.communicate()
    if upgrading.returncode:
        raise CommandError(said.decode(errors="replace").strip().removeprefix("error: "))
    after = find(home, name)
    return f"moved from {before} to {after.version}" if after.version != before and after.state == "serving" else ""


async def _is_stopped(pid: int) -> bool:
    for _ in range(20):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt":
            return True
        await asyncio.sleep(_LOOK_SECONDS)
    return False


def find(home: Home, name: str) -> ProcessState:
    """Return a process of the mesh of *home*.

    Raises:
        CommandError: there is none.
    """
    state = home.read_state()
    if state is None:
        raise CommandError(f"no mesh runs in {home.path}; processes are reached on their own machine only", UNAVAILABLE)
    if name not in state.processes:
        known = ", ".join(sorted(state.processes))
        raise CommandError(f"process {name} is not part of this mesh; there are: {known}", NOT_FOUND)
    return state.processes[name]
