"""Versions of an SDK: which there are, and which of them a person means."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Sequence
from itertools import groupby

from packaging.version import InvalidVersion, Version

from pal_cli.bundled import ROOT
from pal_cli.failures import NOT_FOUND, UNAVAILABLE, CommandError

LATEST = "latest"
_LIST_SECONDS = 120.0


def uv() -> str:
    """Return the program that asks the package index.

    Raises:
        CommandError: it is not installed.
    """
    own = ROOT / ".tools" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise CommandError("uv, which asks for versions, is not installed; run `make setup`", UNAVAILABLE)
    return found


async def available(package: str) -> list[Version]:
    """Return the stable versions of *package* that can be installed, oldest first.

    Raises:
        CommandError: there is no such package, or the package index cannot be reached.
    """
    process = await asyncio.create_subprocess_exec(
        *(uv(), "tool", "run", "--quiet", "pip", "index", "versions", package),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    async with asyncio.timeout(_LIST_SECONDS):
        said, _ = await process.communicate()
    listed = re.search(r"^Available versions: (.+)$", said.decode(), re.MULTILINE)
    if listed is None:
        raise CommandError(f"{package}: the package index names no versions of it", NOT_FOUND)
    return sorted(version for word in listed[1].split(", ") if not (version := Version(word)).is_prerelease)


def meant(words: Sequence[str], known: Sequence[Version]) -> list[Version]:
    """Return the versions that *words* name: single ones, and ranges such as ``2.5.17..latest``.

    Of a range its ends are taken and the last patch of every minor in between.

    Raises:
        CommandError: a word names no version.
    """
    found: set[Version] = set()
    for word in words:
        low, dots, high = word.partition("..")
        if not dots:
            found.add(_one(low, known))
            continue
        first, last = _one(low, known), _one(high or LATEST, known)
        inside = [version for version in known if first <= version <= last]
        if not inside:
            raise CommandError(f"{word}: the range is empty; write OLD..NEW")
        ends = (max(patches) for _, patches in groupby(inside, key=lambda version: version.release[:2]))
        found.update((first, last, *ends))
    return sorted(found)


def _one(word: str, known: Sequence[Version]) -> Version:
    if word == LATEST:
        return known[-1]
    try:
        version = Version(word)
    except InvalidVersion:
        raise CommandError(f"{word}: no version; write for example 2.5.17, 2.5.17..latest or latest") from None
    if version not in known:
        near = [str(other) for other in known if other.release[:2] == version.release[:2]][-3:]
        hint = f"; there are {', '.join(near)}" if near else ""
        raise CommandError(f"{word}: there is no such version{hint}", NOT_FOUND)
    return version
