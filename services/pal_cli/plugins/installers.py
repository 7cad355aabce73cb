"""Programs that install packages: uv and npm, run to their end in a limited time."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pal_cli.failures import UNAVAILABLE, CommandError

_SECONDS = 600.0


async def said_by(command: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> tuple[bool, str]:
    """Run *command* in *folder* and return whether it succeeded and all that it said.

    Raises:
        CommandError: it took too long.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        raise CommandError(f"installing took longer than {_SECONDS:.0f} s; try again", UNAVAILABLE) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0, said.decode(errors="replace")
