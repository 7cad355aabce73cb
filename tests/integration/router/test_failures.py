"""What the router does when its peers are gone and when its clients misbehave."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal_cli.health import wait_ready
from pal_recorder.__main__ import Config as RecorderConfig
from pal_recorder.__main__ import recorder
from pal_registry.__main__ import Config as RegistryConfig
from pal_registry.__main__ import registry
from pal_router.__main__ import Config as RouterConfig
from pal_router.__main__ import router
from pal_rpc.channels import channel
from pal_rpc.errors import MeshError
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, create_keys, private_key
from pal_rpc.server import Server
from pal_rpc.status import from_rpc_error
from tests.fakes.seams import Say
from tests.integration.router.conftest import Bench, ask


@asynccontextmanager
async def front(path: Path) -> AsyncIterator[tuple[Server, RecorderConfig, RegistryConfig, Any, Any]]:
    """A router whose peers can be taken away: yields how to end the recorder and the registry."""
    create_keys(path / "keys")
    (path / "router.token").write_text(issue_token(private_key(path / "keys", MESH), "router"))
    own: Any = {"address": "127.0.0.1:0", "keys_dir": path / "keys", "drain_seconds": 0.0}
    documents_config, record_config = RegistryConfig(data_dir=path, **own), RecorderConfig(data_dir=path, **own)
    documents, record = registry(documents_config), recorder(record_config)
    registry_server, recorder_server = await documents.__aenter__(), await record.__aenter__()
    config = RouterConfig(
        registry_address=registry_server.address,
        recorder_address=recorder_server.address,
        service_token_file=path / "router.token",
        **own,
    )
    async with router(config) as server:
        await wait_ready({"router": server.address, "registry": registry_server.address}, [], 60)
        yield (
            server,
            dataclasses.replace(record_config, address=recorder_server.address),
            dataclasses.replace(documents_config, address=registry_server.address),
            record,
            documents,
        )


async def refusal(stub: rpc.RouterServiceStub, request: pb.RunRequest) -> tuple[str, MeshError]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _ in stub.Run(request, timeout=20):
            pass
    error = from_rpc_error(refused.value)
    assert error is not None, refused.value
    return refused.value.code().name, error


async def test_without_a_recorder_nothing_begins_and_the_message_says_what_to_do(tmp_path: Path) -> None:
    async with front(tmp_path) as (server, record_config, _, record, documents), channel(server.address) as opened:
        stub = rpc.RouterServiceStub(opened)
        await record.__aexit__(None, None, None)
        code, error = await _until_noticed(stub)
        async with recorder(record_config):
            await _until_found(stub)
        await documents.__aexit__(None, None, None)

    assert (code, error.reason_name) == ("UNAVAILABLE", "RECORDER_UNAVAILABLE")
    assert record_config.address in error.message and "`pal status`" in error.message


async def _until_noticed(stub: rpc.RouterServiceStub) -> tuple[str, MeshError]:
    async with asyncio.timeout(30):
        while True:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.GetRun(pb.GetRunRequest(run_id="nobody"))
            error = from_rpc_error(refused.value)
            if error is not None and error.reason_name == "RECORDER_UNAVAILABLE":
                return refused.value.code().name, error


async def _until_found(stub: rpc.RouterServiceStub) -> None:
    """Return once the router answers from the record again."""
    async with asyncio.timeout(30):
        while True:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.GetRun(pb.GetRunRequest(run_id="nobody"))
            if refused.value.code() is grpc.StatusCode.NOT_FOUND:
                return


async def test_without_a_registry_the_last_state_goes_on_serving(tmp_path: Path) -> None:
    async with front(tmp_path) as (server, _, _, record, documents), channel(server.address) as opened:
        stub = rpc.RouterServiceStub(opened)
        await documents.__aexit__(None, None, None)

        code, error = await refusal(stub, ask(str(uuid.uuid4()), agent="nobody"))
        await record.__aexit__(None, None, None)

    assert (code, error.reason_name) == ("NOT_FOUND", "AGENT_NOT_FOUND")


async def test_text_that_is_no_utf8_harms_nobody(bench: Bench) -> None:
    garbage = b"\x12\x06\x0a\x04\xff\xfe\xfd\xfc"
    async with channel(bench.address) as opened:
        call = opened.unary_stream("/pal.service.v1.RouterService/Run")(garbage)
        with pytest.raises(grpc.aio.AioRpcError):
            async for _ in call:
                pass
    request_id = str(uuid.uuid4())
    bench.script(request_id, Say(chunks=["fine"]))

    log = await bench.run(request_id)

    assert log[-1].type == "run.finished"


async def test_a_client_that_does_not_read_holds_nobody_up(bench: Bench) -> None:
    text = "x" * 10_000
    stalled = str(uuid.uuid4())
    bench.script(stalled, Say(chunks=[text] * 200))
    call = bench.router.Run(ask(stalled))

    for _ in range(5):
        request_id = str(uuid.uuid4())
        bench.script(request_id, Say(chunks=[text] * 20))
        assert (await bench.run(request_id))[-1].type == "run.finished"
    again = await bench.run(stalled)
    call.cancel()

    assert again[-1].run_finished.output.size_bytes == 200 * len(text)
