"""An adapter on trial: started as in a mesh, with the conformance kit in the place of its peers."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pal_cli.bundled import BUNDLED
from pal_cli.failures import NOT_FOUND, CommandError
from pal_cli.home import Home
from pal_cli.plugins.adapters import adapter
from pal_cli.plugins.candidate import Candidate
from pal_cli.plugins.making import make
from pal_cli.plugins.records import Record, Records
from pal_cli.plugins.sources import Bundled, Source, source
from pal_cli.plugins.staging import staged
from pal_cli.plugins.watching import Census
from pal_cli.ports import free_addresses

_STOP_SECONDS = 10.0


@asynccontextmanager
async def command_of(home: Home, runtime: str, version: str, install: str) -> AsyncIterator[Sequence[str]]:
    """Yield the command that starts an adapter: that of a *runtime* of the home, or one that is made for this.

    With *version* it is made with that version of the SDK; *install* is anything that `pal runtime install` takes.

    Raises:
        CommandError: there is no such runtime, or it cannot be installed.
    """
    if not version and not install:
        yield _installed(home, runtime)
        return
    wanted = _versioned(runtime, version) if version else source(install, Path.cwd())
    with tempfile.TemporaryDirectory(prefix="pal-conformance-") as folder, staged(Path(folder)) as stage:
        made = await make(wanted, stage)
        yield made.command_in(stage.resolve())


def _installed(home: Home, runtime: str) -> Sequence[str]:
    record = Records(home.path).read(runtime)
    if record and record.command:
        return record.command
    kind = BUNDLED.get(runtime)
    if kind is None:
        known = ", ".join(sorted({*BUNDLED, *Records(home.path).names()}))
        raise CommandError(f"--runtime {runtime}: no such runtime; there are: {known}", NOT_FOUND)
    if not kind.installed:
        raise CommandError(f"--runtime {runtime} is not installed; run `make setup`", NOT_FOUND)
    return kind.command


def _versioned(runtime: str, version: str) -> Source:
    kind = BUNDLED.get(runtime)
    if kind is None:
        raise CommandError(f"--version goes with a runtime that comes with PAL: {', '.join(BUNDLED)}", NOT_FOUND)
    clauses = f"=={version}" if version[0].isdigit() else version
    wanted = source(f"{kind.sdk}{clauses}", Path.cwd())
    assert isinstance(wanted, Bundled)
    return wanted


@asynccontextmanager
async def started(command: Sequence[str], peers: Mapping[str, str], **settings: str) -> AsyncIterator[str]:
    """Run the adapter of *command* on a free port until the block ends; yield where it listens.

    It reaches *peers*, the addresses of the registry and the two seams by name, and nothing else.

    Raises:
        StartError: it does not start, or what it declares does not hold.
    """
    with tempfile.TemporaryDirectory(prefix="pal-conformance-") as folder:
        home = Home(Path(folder))
        home.logs.mkdir()
        (address,) = free_addresses(1)
        program = adapter(Record(name="candidate"), tuple(command), home, address, peers)
        own = {"PAL_DRAIN_SECONDS": "1", "PAL_LOG_LEVEL": "WARNING", **settings}
        program = dataclasses.replace(program, env={**program.env, **own})
        candidate = Candidate(program, home.logs / "candidate.log", lambda: None, Census())
        try:
            await candidate.start()
            yield address
        finally:
            await candidate.stop(_STOP_SECONDS)
