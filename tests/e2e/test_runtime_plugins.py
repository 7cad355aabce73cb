"""Runtimes are added to a running mesh, moved, limited, given up and removed; the rest of the mesh does not notice."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pal.v1 import run_event_pb2 as events
from pal_cli.plugins.confine import abilities
from tests.e2e.conftest import Cli, alive, started
from tests.e2e.plugins import AGENTS, FOREIGN, PROFILES, PYTHON, ROUGH, ended, install, listed, talking, until

SUCCEEDED, FAILED = events.RUN_OUTCOME_SUCCEEDED, events.RUN_OUTCOME_FAILED
pytestmark = pytest.mark.drill
slow = pytest.mark.slow
enforced = pytest.mark.skipif(not all(abilities().values()), reason="this kernel cannot enforce it; pal doctor says so")


@pytest.fixture(scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    """Start a mesh with one runtime that comes with PAL and one that was added."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "profiles.yaml").write_text(PROFILES)
    (folder / "agents.yaml").write_text(AGENTS)
    options = ("--profiles", str(folder / "profiles.yaml"))
    async with started(folder / "home", *options, SECRET_API_KEY="hidden") as pal:
        assert (await pal("apply", "-f", str(folder / "agents.yaml"))).code == 0
        await install(pal, "rough", ROUGH, "--memory-mib", "300", "--processes", "80")
        yield pal


async def test_a_program_joins_a_running_mesh_and_leaves_it(mesh: Cli) -> None:
    core = mesh.pid("core")

    await install(mesh, "guest", ROUGH)
    joined = await ended(mesh, "plain", "guest", "hello")
    stopped = await mesh("runtime", "stop", "guest")
    refused = await mesh("run", "plain", "-r", "guest", "-i", "hello")
    again = await mesh("runtime", "start", "guest")
    rejoined = await ended(mesh, "plain", "guest", "hello")
    removed = await mesh("runtime", "remove", "guest")

    assert (stopped.code, again.code, removed.code) == (0, 0, 0), stopped.err + again.err + removed.err
    assert joined.outcome == rejoined.outcome == SUCCEEDED
    assert refused.code == 5 and "stopped by an operator" in refused.err
    assert "guest" not in await listed(mesh)
    assert not (mesh.home / "runtimes" / "guest").exists()
    assert mesh.pid("core") == core


async def test_a_program_that_serves_the_contract_and_nothing_else_takes_runs(mesh: Cli) -> None:
    await install(mesh, "foreign", FOREIGN)

    finished = await ended(mesh, "plain", "foreign", "hello")

    assert (finished.outcome, finished.output.text) == (SUCCEEDED, "from abroad")
    assert (await listed(mesh))["foreign"]["installedVersion"] == "1.2.3"


@pytest.mark.parametrize(
    ("command", "words", "seconds"),
    [
        pytest.param(f"{FOREIGN} runtime=Bad_Name", "capability.runtime", "30", marks=slow),
        (f"{FOREIGN} runs=-3", "capability.limits.concurrentRuns: cannot be negative", "30"),
        pytest.param(f"{FOREIGN} installed=3.0", "foreign 3.0 is installed and the adapter", "30", marks=slow),
        (f"{FOREIGN} level=9", "needs level 9 of the contract and this mesh speaks", "30"),
        (f"{FOREIGN} hang=1", "does not answer Describe", "5"),
        pytest.param(f"{FOREIGN} silent=1", "does not answer Describe", "5", marks=slow),
        pytest.param(f"{PYTHON} -m pal_registry", "serves no pal.service.v1.RuntimeService", "30", marks=slow),
        ("sleep 600", "does not serve at 127.0.0.1:", "1"),
        ("sh -c 'echo no such luck >&2; exit 4'", "exit code 4; its last words: no such luck", "30"),
    ],
)
async def test_what_is_no_adapter_is_refused_and_the_mesh_does_not_notice(
    mesh: Cli, command: str, words: str, seconds: str
) -> None:
    before = {name: process["pid"] for name, process in mesh.state()["processes"].items()}

    refused = await mesh("runtime", "install", "--name", "bad", "--start-seconds", seconds, "--command", command)

    assert refused.code == 4 and words in refused.err, refused.err
    assert {name: process["pid"] for name, process in mesh.state()["processes"].items()} == before
    assert not (mesh.home / "runtimes" / "bad").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("eat", "killed: out of memory: it used"),
        # On a machine that is busy it does not get enough of a core to be seen spinning.
        ("spin", "killed: it (spun|hung): "),
        pytest.param("fork", "killed: too many processes: it had", marks=slow),
        pytest.param("die", "ended with exit code 3; its last words: PermissionError: the cupboard", marks=slow),
    ],
)
async def test_a_run_that_takes_its_adapter_down_ends_with_the_reason_and_others_go_on(
    mesh: Cli, text: str, words: str
) -> None:
    await mesh("runtime", "start", "rough")
    elsewhere = asyncio.create_task(ended(mesh, "slow", "agno", "talk"))

    async with asyncio.timeout(50):
        lost = await ended(mesh, "plain", "rough", text)

    assert (lost.outcome, lost.failure.reason) == (FAILED, "ADAPTER_LOST")
    assert re.search(words, lost.failure.message)
    assert (await elsewhere).outcome == SUCCEEDED
    await until(mesh, "rough", "serving")


@pytest.mark.slow
async def test_an_adapter_that_keeps_crashing_is_given_up_and_says_why(mesh: Cli) -> None:
    await install(mesh, "sickly", ROUGH)
    ill = mesh.home / "runtimes" / "sickly" / "work" / "ill"
    ill.touch()

    os.kill(mesh.pid("sickly"), signal.SIGKILL)
    await until(mesh, "sickly", "failed")
    shown, status = (await listed(mesh))["sickly"], await mesh("status")
    refused = await mesh("run", "plain", "-r", "sickly", "-i", "hello")
    ill.unlink()
    again = await mesh("runtime", "start", "sickly")
    finished = await ended(mesh, "plain", "sickly", "hello")

    assert shown["status"] == "failed" and "the cupboard is locked" in shown["reason"]
    assert status.code == 5 and "the cupboard is locked" in status.out
    assert refused.code == 5 and "given up after" in refused.err, refused.err
    assert again.code == 0 and finished.outcome == SUCCEEDED, again.err


async def test_an_upgrade_lets_the_runs_of_the_old_one_end(mesh: Cli) -> None:
    await install(mesh, "moving", ROUGH)
    old = mesh.pid("moving")
    going = await talking(mesh, "slow", "moving")

    upgraded = await mesh("runtime", "upgrade", "moving", "--command", f"{ROUGH} --newer")
    unfinished, new = not going.done(), mesh.pid("moving")
    old_is_there = alive(old)
    finished = await ended(mesh, "plain", "moving", "hello")

    assert upgraded.code == 0 and new != old, upgraded.err
    assert old_is_there or not unfinished
    assert finished.outcome == (await going).outcome == SUCCEEDED
    await _gone(old)
    assert alive(new)


@slow
async def test_an_upgrade_that_fails_leaves_the_old_one(mesh: Cli) -> None:
    await install(mesh, "staying", FOREIGN)
    old = mesh.pid("staying")

    refused = await mesh("runtime", "upgrade", "staying", "--command", f"{FOREIGN} level=9")
    other = await mesh("runtime", "upgrade", "staying", "--command", ROUGH)

    assert refused.code == 4 and "level 9" in refused.err
    assert other.code == 4 and "is the runtime rough and staying is foreign" in other.err
    assert mesh.pid("staying") == old
    assert (await ended(mesh, "plain", "staying", "hello")).outcome == SUCCEEDED


@slow
async def test_an_upgrade_that_passes_its_trial_and_does_not_start_is_taken_back(mesh: Cli) -> None:
    await install(mesh, "reverting", ROUGH)
    old = mesh.pid("reverting")

    refused = await mesh("runtime", "upgrade", "reverting", "--command", f"{ROUGH} shy")
    finished = await ended(mesh, "plain", "reverting", "hello")
    again = await mesh("runtime", "start", "reverting")

    assert refused.code == 1 and "stays at 0.1.0" in refused.err and "the cupboard is locked" in refused.err
    assert finished.outcome == SUCCEEDED
    assert again.code == 0 and mesh.pid("reverting") == old, again.err
    assert "shy" not in (mesh.home / "runtimes" / "reverting" / "runtime.json").read_text()


@slow
async def test_of_two_commands_on_one_runtime_one_wins(mesh: Cli) -> None:
    arguments = ("runtime", "install", "--command", FOREIGN, "--name", "contested")

    both = await asyncio.gather(mesh(*arguments), mesh(*arguments))

    assert sorted(finished.code for finished in both) == [0, 4], [finished.err for finished in both]
    assert (await ended(mesh, "plain", "contested", "hello")).outcome == SUCCEEDED


async def test_limits_can_be_changed(mesh: Cli) -> None:
    await install(mesh, "limited", ROUGH)

    changed = await mesh("runtime", "limit", "limited", "--open-files", "128", "--memory-mib", "200")

    limits = Path(f"/proc/{mesh.pid('limited')}/limits").read_text()
    assert changed.code == 0, changed.err
    assert "Max open files            128                  128" in limits


async def test_an_adapter_has_no_credentials_and_a_directory_of_its_own(mesh: Cli) -> None:
    process = Path(f"/proc/{mesh.pid('agno')}")
    environment = process.joinpath("environ").read_text().split("\0")

    work = mesh.home / "runtimes" / "agno" / "work"
    assert not [line for line in environment if "hidden" in line or "KEYS" in line or "TOKEN" in line]
    assert process.joinpath("cwd").resolve() == work.resolve()
    assert f"HOME={work.resolve()}" in environment


@enforced
async def test_an_adapter_reaches_the_mesh_and_nothing_else(mesh: Cli) -> None:
    async with asyncio.timeout(20):
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        stranger = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        answers = [
            (await ended(mesh, "plain", "rough", f"knock {address}")).output.text
            for address in (stranger, mesh.address("recorder"), mesh.address("registry"))
        ]

    assert answers == ["EACCES", "EACCES", "open"]


@slow
async def test_a_mesh_that_starts_again_has_its_runtimes(tmp_path: Path) -> None:
    pal = Cli(tmp_path / "home")
    before = await pal("runtime", "install", "--command", FOREIGN, "--name", "foreign")
    asleep = await pal("runtime", "list")
    async with started(pal.home, runtimes=("foreign",)):
        adapter, supervisor = pal.pid("foreign"), pal.state()["pid"]
        os.kill(supervisor, signal.SIGKILL)
        await _gone(adapter)
        await _gone(pal.pid("core"))
        up = await pal("up", "--detach", "--port", "0", "--runtime", "foreign")
        seen = await listed(pal)

    assert before.code == 0 and "starts with the next `pal up`" in before.out, before.err
    assert asleep.code == 0 and "not started" in asleep.out and "no mesh runs" in asleep.out, asleep.err
    assert up.code == 0, up.err
    assert seen["foreign"]["status"] == "serving"


async def _gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while alive(pid):  # noqa: ASYNC110  the end of a process that is not our child sends us nothing
            await asyncio.sleep(0.05)
