"""Adapters for the tests of runtimes as plugins, and what a command says of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import router_service_pb2_grpc as rpc
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_rpc.channels import channel
from tests.e2e.conftest import ROOT, Cli

PYTHON = ROOT / ".venv" / "bin" / "python"
ROUGH = f"{PYTHON} {ROOT / 'tests/fakes/rough_adapter.py'}"
FOREIGN = f"{PYTHON} {ROOT / 'tests/fakes/foreign_adapter.py'}"
PROFILES = """
profiles:
  default: {provider: scripted}
  slow: {provider: faulty, model: chunks, options: {chunks: 160, pause_ms: 50}}
"""
AGENTS = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: plain, version: 1.0.0}
spec: {objective: Do what you are told., runtime: {onLoss: FAIL}}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: slow, version: 1.0.0}
spec: {objective: Take eight seconds., runtime: {onLoss: FAIL}, modelNeeds: {profile: slow}}
"""


async def install(pal: Cli, name: str, command: str, *options: str) -> None:
    """Add a runtime that is a program."""
    finished = await pal("runtime", "install", "--command", command, "--name", name, *options)
    assert finished.code == 0, finished.err


async def ended(pal: Cli, agent: str, runtime: str, text: str) -> events.RunFinished:
    """Run an agent to its end and return how it ended."""
    return await _followed(pal, agent, runtime, text, lambda: None)


async def talking(pal: Cli, agent: str, runtime: str) -> asyncio.Task[events.RunFinished]:
    """Start a run and return once its model talks; the task gives how it ends."""
    heard = asyncio.Event()
    going = asyncio.create_task(_followed(pal, agent, runtime, "talk", heard.set))
    waiting = asyncio.create_task(heard.wait())
    await asyncio.wait([going, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return going


async def _followed(pal: Cli, agent: str, runtime: str, text: str, heard: Callable[[], None]) -> events.RunFinished:
    selector, given = common.SpecSelector(name=agent), common.Payload(text=text)
    finished = events.RunFinished()
    async with channel(pal.address("router")) as opened:
        request = pb.RunRequest(agent=selector, input=given, pinned_runtime=runtime)
        async for response in rpc.RouterServiceStub(opened).Run(request):
            for frame in response.frames:
                if frame.HasField("live_output"):
                    heard()
                if frame.event.HasField("run_finished"):
                    finished = frame.event.run_finished
    return finished


async def listed(pal: Cli) -> dict[str, Any]:
    """Return what `pal runtime list` shows, by name."""
    finished = await pal("runtime", "list", "-o", "json")
    assert finished.code == 0, finished.err
    return {runtime["name"]: runtime for runtime in json.loads(finished.out)["runtimes"]}


async def until(pal: Cli, name: str, *states: str, seconds: float = 120) -> dict[str, Any]:
    """Return the process of a runtime once it is in one of *states*."""
    async with asyncio.timeout(seconds):
        while True:
            process: dict[str, Any] = pal.state()["processes"].get(name, {})
            if process.get("state") in states:
                return process
            # The state is a file that another process writes.
            await asyncio.sleep(0.05)
