"""Adapters for the tests of runtimes as plugins, and what a command says of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from google.protobuf import json_format

from pal.v1 import run_event_pb2 as events
from tests.e2e.conftest import ROOT, Cli

PYTHON = ROOT / ".venv" / "bin" / "python"
ROUGH = f"{PYTHON} {ROOT / 'tests/fakes/rough_adapter.py'}"
FOREIGN = f"{PYTHON} {ROOT / 'tests/fakes/foreign_adapter.py'}"
PROFILES = """
profiles:
  default: {provider: scripted}
  slow: {provider: faulty, model: chunks, options: {chunks: 60, pause_ms: 50}}
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
spec: {objective: Take three seconds., runtime: {onLoss: FAIL}, modelNeeds: {profile: slow}}
"""


async def install(pal: Cli, name: str, command: str, *options: str) -> None:
    """Add a runtime that is a program."""
    finished = await pal("runtime", "install", "--command", command, "--name", name, *options)
    assert finished.code == 0, finished.err


async def ended(pal: Cli, agent: str, runtime: str, text: str) -> events.RunFinished:
    """Run an agent to its end and return how it ended."""
    finished = await pal("run", agent, "-r", runtime, "-i", text, "-o", "json")
    frames = [frame["event"] for frame in finished.lines if "event" in frame]
    assert frames, finished.err
    return json_format.ParseDict(frames[-1], events.RunEvent()).run_finished


async def listed(pal: Cli) -> dict[str, Any]:
    """Return what `pal runtime list` shows, by name."""
    finished = await pal("runtime", "list", "-o", "json")
    assert finished.code == 0, finished.err
    return {runtime["name"]: runtime for runtime in json.loads(finished.out)["runtimes"]}


async def until(pal: Cli, name: str, *states: str, seconds: float = 40) -> dict[str, Any]:
    """Return the process of a runtime once it is in one of *states*."""
    async with asyncio.timeout(seconds):
        while True:
            process: dict[str, Any] = pal.state()["processes"].get(name, {})
            if process.get("state") in states:
                return process
            # The state is a file that another process writes.
            await asyncio.sleep(0.05)
