"""The commands that the documentation shows do what it says."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES, PAL, ROOT, Cli, started

pytestmark = pytest.mark.drill
RUNTIMES = ("agno", "pydantic-ai", "langgraph", "openai-agents")
# Setting up is what the fixture does; an installation has tests of its own, and takes its time.
LEFT_OUT = re.compile(r"make |export PATH|pal up|pal runtime install|createdb|pal audit verify --data")
# What a command that is shown exits with, where that is not 0: a run that waits for a person, a verdict on few runs,
# advice on a runtime of which little is known.
CODES = {"I want my money back": 7, "pal verdict": 8, "pal advise": 8}


def commands(document: str, heading: str) -> Iterator[str]:
    """Yield the commands below *heading*, and those that a comment says come then."""
    section = (ROOT / document).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command, _, comment = line.partition("  #")
            if not command.startswith("pal ") or LEFT_OUT.match(command):
                continue
            yield command.strip()
            if "then:" in comment:
                yield from (part.strip() for part in re.findall(r"pal [^,]+", comment))


@pytest.fixture(scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    async with started(tmp_path_factory.mktemp("docs") / "home", runtimes=RUNTIMES) as pal:
        yield pal


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cwd")
    (path / "examples").symlink_to(EXAMPLES)
    return path


async def shell(mesh: Cli, folder: Path, command: str) -> tuple[int, str]:
    """Run *command* as a reader would, in a shell; return its exit code and all that it said."""
    environment = {**os.environ, "PAL_HOME": str(mesh.home), "PATH": f"{PAL.parent}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_shell(
        command,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def filled(mesh: Cli, command: str) -> str:
    """Return *command* with the runs that a reader would put in the place of RUN, RUN_A and RUN_B."""
    if "RUN_A" in command:
        first, second, *_ = await finished(mesh, "testcase-writer")
        return command.replace("RUN_A", first).replace("RUN_B", second)
    if not re.search(r"\bRUN\b", command):
        return command
    run = (await finished(mesh, "support-desk"))[0]
    if " inputs " in command or " watch " in command:
        waiting = (await mesh("inputs", "list", "-o", "json")).json["inputs"]
        run = str(waiting[0]["runId"]) if waiting else run
    return re.sub(r"\bRUN\b", run, command)


async def finished(mesh: Cli, agent: str) -> list[str]:
    """Return the live runs of *agent* that are over, oldest first."""
    runs = (await mesh("runs", "list", "--agent", agent, "-o", "json")).json["runs"]
    live = [run for run in runs if run["mode"] == "EXECUTION_MODE_LIVE" and run["state"] == "RUN_STATE_FINISHED"]
    return [str(run["runId"]) for run in reversed(live)]


@pytest.mark.parametrize(
    ("document", "heading"),
    [
        ("README.md", "Five minutes"),
        ("docs/storage.md", "Audit"),
        ("docs/storage.md", "Export and import"),
        ("docs/storage.md", "Archive"),
        ("docs/storage.md", "Retention"),
    ],
)
async def test_a_reader_can_follow(mesh: Cli, folder: Path, document: str, heading: str) -> None:
    shown = list(commands(document, heading))
    assert len(shown) > 2

    for command in shown:
        named = await filled(mesh, command)
        code, said = await shell(mesh, folder, named)

        expected = next((code for words, code in CODES.items() if words in command), 0)
        assert code == expected, f"{named}\n{said}"
