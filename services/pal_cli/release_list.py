"""The releases of a package, as the package index has them that pip is configured with."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess

import httpx2

from pal.service.v1 import migration_service_pb2 as pb
from pal_cli.advice_files import lean_releases
from pal_cli.failures import UNAVAILABLE, CommandError
from pal_cli.plugins.versions import uv

_DEFAULT = "https://pypi.org/simple"
_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
# PEP 691, with the times of PEP 700.
_ACCEPT = "application/vnd.pypi.simple.v1+json"
_SECONDS = 20.0
_MOST_BYTES = 16 * 1024 * 1024


async def release_list(package: str) -> pb.AdviceFile:
    """Return the releases of *package* as the index lists them.

    Raises:
        CommandError: the index cannot be reached, does not know the package, or does not speak JSON.
    """
    url = f"{(await _index()).rstrip('/')}/{package}/"
    try:
        async with httpx2.AsyncClient(
            verify=ssl.create_default_context(), timeout=_SECONDS, follow_redirects=True
        ) as client:
            answer = await client.get(url, headers={"Accept": _ACCEPT})
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _unavailable(package, f"cannot be reached ({type(error).__name__})") from None
    if answer.status_code != httpx2.codes.OK:
        raise _unavailable(package, f"answers {answer.status_code}")
    if "json" not in answer.headers.get("content-type", "") or len(answer.content) > _MOST_BYTES:
        raise _unavailable(package, "does not list releases as JSON (PEP 691)")
    return pb.AdviceFile(source="the package index", text=lean_releases(answer.text))


def _unavailable(package: str, problem: str) -> CommandError:
    return CommandError(f"--index: the package index {problem} for {package}; name a file with --releases", UNAVAILABLE)


async def _index() -> str:
    for name in _VARIABLES:
        if url := os.environ.get(name, ""):
            return url
    process = await asyncio.create_subprocess_exec(
        *(uv(), "tool", "run", "--quiet", "pip", "config", "get", "global.index-url"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    async with asyncio.timeout(_SECONDS):
        said, _ = await process.communicate()
    return said.decode().strip() or _DEFAULT
