"""Python environments for adapters: resolved once, locked by hash, synced from the lock."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pal_cli.bundled import ROOT
from pal_cli.failures import REFUSED, UNAVAILABLE, CommandError
from pal_cli.plugins.installers import said_by
from pal_cli.plugins.wheels import HOST, host_version, write_wheels

LOCK = "requirements.txt"
# Compiling all of an SDK takes longer than starting with what it imports.
_PLAIN = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1", "UV_NO_PROGRESS": "1", "UV_COMPILE_BYTECODE": "0"}
_PREAMBLE = re.compile(r"^error: (No solution found when resolving dependencies:? )?(cause: )?")
_ENTRIES = """
import importlib.metadata, json
entries = importlib.metadata.entry_points(group="pal.runtimes")
print(json.dumps([[entry.name, entry.value, entry.dist.name] for entry in entries]))
"""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What an environment is made of.

    *requirements* are as pip takes them; an absolute path names a folder, an sdist or a wheel. *projects* are folders
    of ours beside the host that they may need. *lock* holds the versions that are taken where nothing speaks against
    it: those that were tested with, and are at hand.
    """

    requirements: Sequence[str]
    projects: Sequence[Path] = ()
    lock: Path = ROOT / "requirements" / "rpc.txt"


def python_of(environment: Path) -> Path:
    """Return the interpreter of an environment."""
    return environment / "venv" / "bin" / "python"


async def make(environment: Path, recipe: Recipe) -> None:
    """Make an environment in the folder *environment*; its lock stays beside it.

    Raises:
        CommandError: a requirement cannot be met.
    """
    wheels = environment / "wheels"
    write_wheels([HOST, *recipe.projects], wheels)
    requirements = [await _pinned(line, wheels) for line in recipe.requirements]
    (environment / "requirements.in").write_text("".join(f"{line}\n" for line in requirements))
    # Whatever else calls itself the host of this PAL: only the one from here fits this mesh.
    (environment / "constraints.txt").write_text(f"pal-adapter-host=={host_version()}\n")
    shutil.copyfile(recipe.lock, environment / LOCK)
    await _uv("venv", "--relocatable", "--python", sys.executable, str(environment / "venv"))
    ours = ("--python", str(python_of(environment)), "--find-links", str(wheels))
    await _uv(
        *("pip", "compile", "--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", *ours),
        *("--constraints", str(environment / "constraints.txt")),
        *(str(environment / "requirements.in"), "--output-file", str(environment / LOCK)),
    )
    await sync(environment)


async def sync(environment: Path) -> None:
    """Make an environment hold exactly what its lock names.

    Raises:
        CommandError: something cannot be fetched, or is not what the lock says.
    """
    ours = ("--python", str(python_of(environment)), "--find-links", str(environment / "wheels"))
    await _uv("pip", "sync", "--require-hashes", *ours, str(environment / LOCK))


async def published(environment: Path) -> list[tuple[str, str, str]]:
    """Return the runtimes that the distributions of an environment publish: name, value and distribution of each."""
    process = await asyncio.create_subprocess_exec(
        *(str(python_of(environment)), "-I", "-c", _ENTRIES), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    entries: list[Any] = json.loads(out or "[]")
    return [(str(name), str(value), str(distribution)) for name, value, distribution in entries]


async def _pinned(requirement: str, wheels: Path) -> str:
    """Return *requirement* as it can be locked: what is only on this machine becomes a wheel beside ours."""
    if not requirement.startswith("/"):
        return requirement
    built = wheels / "built"
    if requirement.endswith(".whl"):
        built.mkdir()
        shutil.copy(requirement, built)
    else:
        await _uv("build", "--wheel", "--out-dir", str(built), "--find-links", str(wheels), requirement)
    (wheel,) = built.glob("*.whl")
    name, version, *_ = wheel.name.split("-")
    os.replace(wheel, wheels / wheel.name)
    shutil.rmtree(built)
    return f"{name}=={version}"


async def _uv(*arguments: str) -> None:
    own = ROOT / ".tools" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    if uv is None:
        raise CommandError("uv, which makes environments, is not installed; run `make setup`", UNAVAILABLE)
    done, said = await said_by((uv, "--quiet", *arguments), {**os.environ, **_PLAIN})
    if not done:
        raise CommandError(f"it cannot be installed: {_sentence(said)}", REFUSED)


def _sentence(said: str) -> str:
    """Return what uv has to say, without its drawing."""
    text = re.sub(r"[\u2500-\u257f\u25b6\u00d7]+|\x1b\[[0-9;]*m", " ", said)
    return _PREAMBLE.sub("", " ".join(text.split())) or "uv gave no reason"
