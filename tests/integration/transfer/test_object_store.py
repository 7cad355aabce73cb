"""The archive in an object store that speaks S3: a server of its own, in an environment of its own."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import httpx2
import pytest

from pal_cli.ports import free_addresses
from tests.integration.transfer.conftest import Start
from tests.integration.transfer.test_archive import archive, delete, reason

SERVER = Path(__file__).parents[3] / ".venvs" / "s3-peer" / "bin" / "moto_server"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SERVER.exists(), reason="no server that speaks S3: run make s3-peer"),
]


@asynccontextmanager
async def object_store() -> AsyncIterator[str]:
    """Run a server with one bucket; yield the URL of the bucket."""
    port = int(free_addresses(1)[0].rpartition(":")[2])
    server = await asyncio.create_subprocess_exec(
        SERVER, "-H", "127.0.0.1", "-p", str(port), stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(60), httpx2.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.put(f"http://127.0.0.1:{port}/cold")
                    break
                except httpx2.TransportError:
                    # A server tells nobody that it has started.
                    await asyncio.sleep(0.1)
        yield f"s3://cold/pal?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
    finally:
        server.terminate()
        await server.wait()


async def test_runs_are_archived_to_an_object_store_and_read_from_it(
    mesh: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    async with mesh("a") as a:
        await a.record("r1", 1500)
        log = await a.log("r1")
        async with object_store() as url:
            told = await archive(a, url)
            read = await a.log("r1")
            findings = await a.findings()
            await a.record("r2")
            await archive(a, url)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await a.log("r2")

    assert told.runs == 1
    assert (read, findings) == (log, [])
    assert reason(caught.value) == "ARCHIVE_UNAVAILABLE"


async def test_a_file_in_an_object_store_goes_with_the_last_of_its_runs(
    mesh: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    async with mesh("a") as a, object_store() as url, httpx2.AsyncClient(trust_env=False) as client:
        await a.record("r1")
        await archive(a, url)
        bucket = f"http://{url.partition('endpoint_override=')[2].partition('&')[0]}/cold"
        before = (await client.get(bucket)).text
        await delete(a)
        after = (await client.get(bucket)).text

    assert ".parquet" in before
    assert ".parquet" not in after
