"""One process: how it is started, when it serves, and what it said last."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pal_cli.plugins import confine
from pal_cli.plugins.limits import DEFAULTS, Limits

_TAIL_BYTES = 16 * 1024
# What Python draws around a group of exceptions.
_FRAME = " \t|+-"
_NODE_ENDS, _NODE_ERROR = re.compile(r"Node\.js v\d"), re.compile(r"(Uncaught )?[\w.]*Error\b.*: ")


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """What an adapter process is kept to: ports that it may connect to, paths it cannot reach, how much it may use.

    Where *limits* state nothing the adapter's declaration holds, else the defaults. *group* is its control group.
    """

    ports: tuple[int, ...]
    hidden: tuple[Path, ...]
    limits: Limits
    group: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process: its name, its command, its whole environment, and the addresses it will serve on.

    An adapter that does not serve after *start_seconds* is given up.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    services: Mapping[str, str]
    directory: Path | None = None
    confinement: Confinement | None = None
    start_seconds: float = 60.0


# What gRPC notes about itself would else be the last words of a process that dies.
_QUIET = {"GRPC_VERBOSITY": "ERROR"}


async def spawn(program: Program, log: Path) -> tuple[asyncio.subprocess.Process, int]:
    """Start *program*, its output added to *log*; return it, and the descriptor that its readiness comes on."""
    reading, writing = os.pipe()
    if program.directory:
        program.directory.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *_confined(program),
            env={**_QUIET, **program.env, "PAL_READY_FD": str(writing)},
            cwd=program.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            # Ctrl-C at the terminal is for the supervisor alone.
            start_new_session=True,
        )
    os.close(writing)
    return process, reading


def _confined(program: Program) -> tuple[str, ...]:
    kept = program.confinement
    if kept is None:
        return program.command
    limits = kept.limits.over(DEFAULTS)
    settings = confine.Settings(
        parent=os.getpid(),
        group=str(kept.group or ""),
        ports=list(kept.ports),
        hidden=[str(path) for path in kept.hidden],
        memory_mib=limits.memory_mib,
        open_files=limits.open_files,
    )
    return (sys.executable, "-I", "-S", confine.__file__, json.dumps(settings), *program.command)


async def first_line(descriptor: int) -> str:
    """Return the line that a process says when it serves; empty when it ends before. Closes *descriptor*."""
    reader = asyncio.StreamReader()
    with os.fdopen(descriptor) as pipe:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            line = await reader.readline()
        finally:
            transport.close()
    return line.decode(errors="replace")


def last_words(path: Path, since: int = 0) -> str:
    """Return the last line of a log from byte *since* on, for people; a JSON line gives its message and exception."""
    if not path.exists():
        return "it said nothing"
    with path.open("rb") as log:
        tail = path.stat().st_size - _TAIL_BYTES
        log.seek(max(since, tail))
        lines = [line.strip(_FRAME) for line in log.read().decode(errors="replace").splitlines()]
    if tail > since:
        # The first one is the end of a line.
        lines = lines[1:]
    said = [line for line in lines if line]
    if said and _NODE_ENDS.match(said[-1]):
        # The error comes before the stack, and its own properties after that.
        said = [line for line in said if _NODE_ERROR.match(line)] or said
    return next((words for line in reversed(said) if (words := _for_people(line))), "it said nothing")


def _for_people(line: str) -> str:
    """Return a line of a log as a sentence; nothing where it only says that all is well."""
    try:
        said = json.loads(line)
        if said.get("level") in ("debug", "info"):
            return ""
        exception = str(said.get("exception", "")).strip().splitlines()[-1:]
        return ": ".join([str(said["message"]), *exception])
    except (ValueError, TypeError, KeyError, AttributeError):
        return line.strip()
