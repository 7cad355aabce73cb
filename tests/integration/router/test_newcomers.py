"""A runtime that has just come takes runs at every router, also at one that has not heard of it yet."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import run_event_pb2 as events
from pal_adapter_host.echo import EchoRuntime
from pal_adapter_host.host import Config, adapter
from pal_cli.health import wait_ready
from pal_rpc.snapshot import RegistrySnapshot
from tests.fakes.seams import Say
from tests.integration.router.conftest import Bench


@pytest.fixture
def late_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no router hear of the runtime ``late`` before it has asked for it."""
    asked = asyncio.Event()
    take, serves = RegistrySnapshot._take, RegistrySnapshot.serves

    async def held_back(snapshot: RegistrySnapshot, change: registry.RegistryServiceWatchResponse) -> None:
        if snapshot._watcher and "late" in {runtime.name for runtime in change.runtimes}:
            await asked.wait()
        await take(snapshot, change)

    async def asking(snapshot: RegistrySnapshot, runtime: str) -> bool:
        asked.set()
        return await serves(snapshot, runtime)

    monkeypatch.setattr(RegistrySnapshot, "_take", held_back)
    monkeypatch.setattr(RegistrySnapshot, "serves", asking)
    monkeypatch.setattr("pal_router.settling.SETTLING_SECONDS", 0.0)


@pytest.mark.usefixtures("late_news")
async def test_a_run_waits_for_a_runtime_of_which_its_router_has_not_heard_yet(bench: Bench) -> None:
    config = Config(
        address="127.0.0.1:0",
        registry_address=bench.config.registry_address,
        llm_provider_address=bench.fakes.address,
        tool_executor_address=bench.fakes.address,
        runtime_name="late",
        drain_seconds=0.5,
    )
    request_id = str(uuid.uuid4())
    bench.script(request_id, Say(chunks=["Hello."]))
    async with adapter(config, EchoRuntime()):
        await wait_ready({"router": bench.address, "registry": bench.config.registry_address}, ["late"], 60)

        log = await bench.run(request_id, pinned_runtime="late")

    assert log[-1].run_finished.outcome == events.RUN_OUTCOME_SUCCEEDED
