"""An adapter on trial: started as a child process with nothing but the addresses it may speak to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pal_cli.bundled import BUNDLED
from pal_cli.failures import NOT_FOUND, CommandError
from pal_cli.spawning import last_words
from pal_rpc.config import StartError

_START_SECONDS, _STOP_SECONDS = 60.0, 10.0
# What an adapter may know of the machine. Credentials are in none of these.
_PLAIN = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


def adapter_command(runtime: str) -> Sequence[str]:
    """Return the command that starts the adapter of an installed *runtime*.

    Raises:
        CommandError: there is no such runtime, or it is not installed.
    """
    kind = BUNDLED.get(runtime)
    if kind is None:
        raise CommandError(f"--runtime {runtime}: no such runtime; there are: {', '.join(BUNDLED)}", NOT_FOUND)
    if not kind.installed:
        raise CommandError(f"--runtime {runtime} is not installed; run `make setup`", NOT_FOUND)
    return kind.command


@asynccontextmanager
async def started(command: Sequence[str], peers: Mapping[str, str], **settings: str) -> AsyncIterator[str]:
    """Run the adapter of *command* on a free port until the block ends; yield where it listens.

    *peers* are the addresses of the registry and the two seams by name.

    Raises:
        StartError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="pal-conformance-") as folder:
        log = Path(folder) / "adapter.log"
        env = {
            **{name: os.environ[name] for name in _PLAIN if name in os.environ},
            **{f"PAL_{name.upper()}_ADDRESS": address for name, address in peers.items()},
            "PAL_ADDRESS": "127.0.0.1:0",
            "PAL_DIE_WITH_PARENT": "1",
            "PAL_DRAIN_SECONDS": "1",
            "PAL_LOG_LEVEL": "WARNING",
            **settings,
        }
        process, reading = await _spawn(command, env, log)
        try:
            yield await _address(reading, log)
        finally:
            await _stop(process)


async def _spawn(command: Sequence[str], env: Mapping[str, str], log: Path) -> tuple[asyncio.subprocess.Process, int]:
    reading, writing = os.pipe()
    try:
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                env={**env, "PAL_READY_FD": str(writing)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[writing],
                cwd=log.parent,
                start_new_session=True,
            )
    except OSError as error:
        os.close(reading)
        raise StartError(f"{command[0]} cannot be started: {error.strerror}") from None
    finally:
        os.close(writing)
    return process, reading


async def _address(reading: int, log: Path) -> str:
    reader = asyncio.StreamReader()
    with os.fdopen(reading) as pipe:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = await reader.readline()
        except TimeoutError:
            raise StartError(f"the adapter did not start within {_START_SECONDS:.0f} s: {last_words(log)}") from None
        finally:
            transport.close()
    if not line:
        raise StartError(f"the adapter did not start: {last_words(log)}")
    return str(json.loads(line)["address"])


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
