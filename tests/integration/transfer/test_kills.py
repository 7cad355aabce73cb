"""A process that is killed while it exports or imports leaves what another goes on with."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from pal_transfer.export_file import MANIFEST
from tests.integration.transfer.conftest import Mesh, Start

pytestmark = pytest.mark.slow
RUNS = 6
# Exports to or imports from a directory, with a part for each run, and kills itself at a step that is named.
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from pal.service.v1 import recorder_service_pb2_grpc as recorder_rpc, registry_service_pb2_grpc as registry_rpc
from pal.service.v1 import shared_pb2 as shared
from pal_rpc.channels import channel
from pal_transfer import exporting
from pal_transfer.export_file import opened
from pal_transfer.restoring import Restorer

what, recorder, registry, directory, token, left = sys.argv[1:]
left = int(left)
exporting.PART_BYTES = 1

def told(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with channel(recorder) as to_recorder, channel(registry) as to_registry:
        stubs = recorder_rpc.RecorderServiceStub(to_recorder), registry_rpc.RegistryServiceStub(to_registry)
        if what == "export":
            wanted = exporting.Wanted(query=shared.RunQuery(), selection="")
            exporter = exporting.Exporter(*stubs, Path(directory), told)
            await exporter.export(wanted, pal_version="test", created_at="2026-11-24T00:00:00Z")
        else:
            await Restorer(*stubs, token, opened(Path(directory)), told).restore()

asyncio.run(main())
"""


async def killed(what: str, mesh: Mesh, directory: Path, step: int) -> None:
    """Begin to export or import in a process that kills itself at a *step*."""
    words = (what, *mesh.addresses, str(directory), mesh.token("import"), str(step))
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, *words)
    assert await child.wait() == -signal.SIGKILL


@pytest.mark.parametrize("step", [1, 4, 9])
async def test_whoever_is_killed_is_followed_by_another(
    mesh: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr("pal_transfer.exporting.PART_BYTES", 1)
    monkeypatch.setattr("pal_recorder.moving._MESSAGE_BYTES", 1)
    async with mesh("a") as a, mesh("b") as b:
        for number in range(RUNS):
            await a.record(f"r{number}", artifact=b"content" * 20_000 + bytes([number]))
        await killed("export", a, tmp_path / "export", step)
        assert not (tmp_path / "export" / MANIFEST).exists()
        manifest = await a.export(tmp_path / "export")
        # Every part is told of when it has been checked, so the kill comes while parts are imported.
        await killed("import", b, tmp_path / "export", len(manifest.parts) - 1 + step)
        there = len(await b.listed())

        restored = await b.restore(tmp_path / "export")

        assert (restored.runs, restored.unchanged) == (RUNS - there, there)
        assert {run.run_id: await b.log(run.run_id) for run in await b.listed()} == {
            f"r{number}": await a.log(f"r{number}") for number in range(RUNS)
        }
        assert await b.findings() == []
