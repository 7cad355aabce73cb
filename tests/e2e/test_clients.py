"""The clients in other languages against a whole mesh: each runs, follows, goes on after a cut, and cancels."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from tests.e2e.conftest import ROOT, Cli
from tests.fakes.cut_proxy import cut_proxy

GO = ROOT / "examples" / "clients" / "go"
TYPESCRIPT = ROOT / "examples" / "clients" / "typescript"
Command = Sequence[str]
pytestmark = [pytest.mark.timeout(300), pytest.mark.drill]

AGENTS = """
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: slow, version: 1.0.0}
spec: {objective: Take long., modelNeeds: {profile: slow}}
---
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: endless, version: 1.0.0}
spec: {objective: Take for ever., modelNeeds: {profile: endless}}
"""


@pytest.fixture(scope="module", params=[pytest.param("go", marks=pytest.mark.slow), "typescript"])
async def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Make a client ready to be called; skip where its toolchain is not there."""
    if request.param == "typescript":
        return _typescript()
    return await _go(tmp_path_factory.mktemp("go") / "client")


async def _go(built: Path) -> Command:
    if not shutil.which("go"):
        pytest.skip("this machine has no Go toolchain")
    code, said = await output("go", "-C", str(GO), "mod", "download")
    if code:
        pytest.skip(f"the modules of the client cannot be fetched: {said[-200:]}")
    code, said = await output("go", "-C", str(GO), "build", "-o", str(built), ".")
    assert code == 0, said
    formatted = await output("gofmt", "-l", str(GO))
    vetted = await output("go", "-C", str(GO), "vet", "./...")
    assert (formatted, vetted) == ((0, ""), (0, ""))
    return [str(built)]


def _typescript() -> Command:
    installed = ROOT / "node_modules"
    if not (installed / ".ready").exists():
        pytest.skip("npm is not there, so nothing of TypeScript is installed")
    own = installed / ".bin" / "node"
    return [str(own) if own.exists() else "node", str(TYPESCRIPT / "main.ts")]


@pytest.fixture(scope="module")
async def mesh(pal: Cli) -> Cli:
    """Publish the agents that the tests run."""
    assert (await pal("apply", "-f", "-", stdin=AGENTS.encode())).code == 0
    return pal


async def output(*command: str) -> tuple[int, str]:
    """Run a command; return its exit code and everything it wrote."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "GOWORK": "off"}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


class Client:
    """The client while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Read what *process* writes, one frame a line."""
        self.process = process
        self.frames: list[dict[str, Any]] = []

    @property
    def events(self) -> list[events.RunEvent]:
        """The events so far."""
        seen = [frame["event"] for frame in self.frames if "event" in frame]
        return [json_format.ParseDict(event, events.RunEvent()) for event in seen]

    async def until(self, type_: str) -> events.RunEvent:
        """Read until an event of *type_* was seen, and return it."""
        while line := await self._line():
            self.frames.append(json.loads(line))
            if self.frames[-1].get("event", {}).get("type") == type_:
                return self.events[-1]
        raise AssertionError(f"no {type_} in {[event.type for event in self.events]}")

    async def end(self) -> int:
        """Read to the end and return the exit code."""
        while line := await self._line():
            self.frames.append(json.loads(line))
        return await self.process.wait()

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        return await self.process.stdout.readline()


@asynccontextmanager
async def client(command: Command, address: str, *arguments: str) -> AsyncIterator[Client]:
    """Run the client with *arguments*."""
    process = await asyncio.create_subprocess_exec(
        *command,
        "--router",
        address,
        "--json",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_run_is_followed_to_its_end(mesh: Cli, command: Command) -> None:
    async with client(command, mesh.address("router"), "run", "slow", "hello") as running:
        code = await running.end()

    text = "".join(frame["liveOutput"].get("text", "") for frame in running.frames if "liveOutput" in frame)
    assert code == 0
    assert violations(running.events) == []
    assert text == "token " * 40


async def test_a_cut_is_mended_without_a_hole_and_without_a_repeat(mesh: Cli, command: Command) -> None:
    async with (
        cut_proxy(mesh.address("router")) as proxy,
        client(command, proxy.address, "run", "slow", "hello") as running,
    ):
        await running.until("model.call.started")
        proxy.cut()
        await running.until("model.call.finished")
        proxy.cut()
        code = await running.end()

    assert code == 0
    assert proxy.connections >= 2
    assert violations(running.events) == []


async def test_a_watch_goes_on_after_a_position(mesh: Cli, command: Command) -> None:
    async with client(command, mesh.address("router"), "run", "slow", "hello") as running:
        await running.end()
    run_id, last = running.events[0].run_id, running.events[-1].seq

    async with client(command, mesh.address("router"), "watch", run_id, "3") as watching:
        code = await watching.end()

    assert code == 0
    assert [event.seq for event in watching.events] == list(range(4, last + 1))


async def test_an_interrupt_cancels_the_run(mesh: Cli, command: Command) -> None:
    async with client(command, mesh.address("router"), "run", "endless", "hello") as running:
        await running.until("model.call.started")
        running.process.send_signal(signal.SIGINT)
        code = await running.end()

    assert code == 1
    assert running.events[-1].run_finished.outcome == events.RUN_OUTCOME_CANCELLED
    assert "interrupted" in running.events[-1].run_finished.failure.message


async def test_another_client_cancels_the_run(mesh: Cli, command: Command) -> None:
    async with client(command, mesh.address("router"), "run", "endless", "hello") as running:
        run_id = (await running.until("model.call.started")).run_id
        said = await output(*command, "--router", mesh.address("router"), "cancel", run_id, "enough")
        code = await running.end()

    assert said[0] == 0 and run_id in said[1]
    assert code == 1
    assert "enough" in running.events[-1].run_finished.failure.message


async def test_a_refusal_is_said_with_its_reason(mesh: Cli, command: Command) -> None:
    code, said = await output(*command, "--router", mesh.address("router"), "run", "slo", "hello")

    assert (code, said) == (3, "client: agent slo not found: did you mean slow? (AGENT_NOT_FOUND)\n")


async def test_a_mesh_that_is_not_there_is_given_up(command: Command) -> None:
    code, said = await output(*command, "--router", "127.0.0.1:1", "--patience", "300ms", "run", "slow", "hello")

    assert code == 3
    assert "cut: " in said and "gave up after" in said
