"""The host of the TypeScript adapters has tests of its own, in its language."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
INSTALLED = ROOT / "node_modules"


@pytest.mark.timeout(300)
async def test_the_host_in_typescript_keeps_its_promises() -> None:
    if not (INSTALLED / ".ready").exists():
        pytest.skip("npm is not there, so nothing of TypeScript is installed")
    own = INSTALLED / ".bin" / "node"
    process = await asyncio.create_subprocess_exec(
        str(own) if own.exists() else "node",
        "--test",
        "adapters/host-ts/test/*.test.ts",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )

    said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()
