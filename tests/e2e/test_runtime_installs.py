"""What has to be fetched or built: other versions of an SDK, projects of authors, npm packages."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pal.v1 import run_event_pb2 as events
from tests.e2e.conftest import EXAMPLES, PAL, Cli, started
from tests.e2e.plugins import ended, listed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SUCCEEDED = events.RUN_OUTCOME_SUCCEEDED
SAMPLE = EXAMPLES / "testcase-writer" / "requirements.md"
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


@pytest.fixture(scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    """Start a mesh with agno and the examples."""
    async with started(tmp_path_factory.mktemp("installs") / "home", "--runtime", "agno") as pal:
        assert (await pal("apply", "-f", "examples")).code == 0
        yield pal


async def test_three_versions_of_one_sdk_run_beside_each_other(mesh: Cli, tmp_path: Path) -> None:
    core = mesh.pid("core")

    for version in ("3.0.11", "2.5.17"):
        installed = await mesh("runtime", "install", f"agno=={version}")
        assert installed.code == 0, installed.err
    artifacts = []
    for runtime in ("agno", "agno-3.0.11", "agno-2.5.17"):
        folder = tmp_path / runtime
        run = await mesh("run", "testcase-writer", "-r", runtime, "-i", f"@{SAMPLE}", "--save", str(folder))
        assert run.code == 0, run.err
        artifacts.append((folder / "testcases.json").read_text())

    shown = await listed(mesh)
    lock = (mesh.home / "runtimes" / "agno-2.5.17" / "envs" / "1" / "requirements.txt").read_text()
    assert {name: shown[name]["installedVersion"] for name in ("agno-3.0.11", "agno-2.5.17")} == {
        "agno-3.0.11": "3.0.11",
        "agno-2.5.17": "2.5.17",
    }
    assert artifacts[0] == artifacts[1] == artifacts[2]
    assert all("--hash=sha256:" in block for block in lock.split("\n\n") if "==" in block) and "agno==2.5.17" in lock
    assert mesh.pid("core") == core


async def test_an_sdk_is_moved_to_another_version_and_back(mesh: Cli) -> None:
    await mesh("runtime", "install", "agno==3.0.11", "--name", "agno-blue")

    up = await mesh("runtime", "upgrade", "agno-blue", "agno==3.1.5")
    newer = (await listed(mesh))["agno-blue"]["installedVersion"]
    same = await mesh("runtime", "upgrade", "agno-blue")
    refused = await mesh("runtime", "upgrade", "agno-blue", "agno==2.3.0")
    down = await mesh("runtime", "upgrade", "agno-blue", "agno==3.0.11")

    assert (up.code, same.code, refused.code, down.code) == (0, 0, 4, 0), up.err + same.err + down.err
    assert newer == "3.1.5" and "nothing changed" in same.out
    assert "is not supported: the adapter of agno works with agno>=2.5.17,<4" in refused.err
    assert (await listed(mesh))["agno-blue"]["installedVersion"] == "3.0.11"
    assert [path.name for path in (mesh.home / "runtimes" / "agno-blue" / "envs").iterdir()] != []


@pytest.mark.parametrize("language", ["python", pytest.param("typescript", marks=needs_npm)])
async def test_a_project_that_was_just_written_holds_the_contract_and_takes_runs(
    mesh: Cli, tmp_path: Path, language: str
) -> None:
    name = f"my-{language}"
    project = str(tmp_path / name)

    written = await mesh("runtime", "new", name, "--language", language, "--directory", project)
    held = await mesh("conformance", "--install", project)
    installed = await mesh("runtime", "install", project)
    finished = await ended(mesh, "support-desk", name, "Where is order A-1001?")

    assert (written.code, held.code, installed.code) == (0, 0, 0), held.out + held.err + installed.err
    assert finished.outcome == SUCCEEDED and "desk lamp" in finished.output.text


async def test_a_wheel_of_a_project_is_enough(mesh: Cli, tmp_path: Path) -> None:
    await mesh("runtime", "new", "wheeled", "--directory", str(tmp_path / "project"))
    await _built(tmp_path / "project", tmp_path / "dist")

    installed = await mesh("runtime", "install", str(next((tmp_path / "dist").glob("*.whl"))))

    assert installed.code == 0, installed.err
    assert (await ended(mesh, "support-desk", "wheeled", "Where is order A-1001?")).outcome == SUCCEEDED


@pytest.mark.parametrize(
    ("file", "was", "now", "words"),
    [
        ("mine/runtime.py", 'runtime="mine"', 'runtime="yours"', "is published as mine and declares the runtime yours"),
        ("mine/runtime.py", "import asyncio", "import nothing_at_all", "No module named 'nothing_at_all'"),
        (
            "mine/runtime.py",
            'version=">=0.1 <1"',
            'version=">=7"',
            "mine 0.1.0 is installed and the adapter works with",
        ),
        ("mine/runtime.py", "modes=[", 'modes=["", ', "capability.capabilities.modes[0]"),
        ("pyproject.toml", "pal.runtimes", "pal.runtime", "publishes no runtime"),
        ("pyproject.toml", '"pal-adapter-host"', '"pal-adapter-host", "agno==3.0.999"', "no version of agno==3.0.999"),
        ("pyproject.toml", "hatchling.build", "hatchling.nothing", "cannot be installed"),
    ],
)
async def test_a_project_that_is_wrong_is_refused_with_the_reason(
    mesh: Cli, tmp_path: Path, file: str, was: str, now: str, words: str
) -> None:
    await mesh("runtime", "new", "mine", "--directory", str(tmp_path))
    text = (tmp_path / file).read_text()
    assert was in text
    (tmp_path / file).write_text(text.replace(was, now))

    refused = await mesh("runtime", "install", str(tmp_path), "--name", "mine")

    assert refused.code == 4 and words in refused.err, refused.err
    assert not (mesh.home / "runtimes" / "mine").exists()
    assert "mine" not in await listed(mesh)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("agno==3.0.999", "no version of agno==3.0.999"),
        ("agno==2.3.0", "is not supported: the adapter of agno works with agno>=2.5.17,<4"),
        ("pal-nobody-has-this-name", "was not found"),
        pytest.param("npm:pal-nobody-has-this-name", "cannot be installed", marks=needs_npm),
        pytest.param("npm:left-pad", "is no adapter", marks=needs_npm),
    ],
)
async def test_what_cannot_be_had_is_refused_with_the_reason(mesh: Cli, spec: str, words: str) -> None:
    refused = await mesh("runtime", "install", spec, "--name", "wanting")

    assert refused.code == 4 and words in refused.err, refused.err
    assert not (mesh.home / "runtimes" / "wanting").exists()


@needs_npm
async def test_a_tarball_of_npm_is_enough(mesh: Cli, tmp_path: Path) -> None:
    await mesh("runtime", "new", "packed", "--language", "typescript", "--directory", str(tmp_path / "project"))
    tarball = await _packed(tmp_path / "project", tmp_path)

    installed = await mesh("runtime", "install", str(tarball), "--name", "packed")

    assert installed.code == 0, installed.err
    assert (await ended(mesh, "support-desk", "packed", "Where is order A-1001?")).outcome == SUCCEEDED


@needs_npm
async def test_a_node_that_is_too_old_is_refused_with_what_is_there(mesh: Cli, tmp_path: Path) -> None:
    await mesh("runtime", "new", "modern", "--language", "typescript", "--directory", str(tmp_path))
    document = json.loads((tmp_path / "package.json").read_text())
    document["engines"]["node"] = ">=99"
    (tmp_path / "package.json").write_text(json.dumps(document))

    refused = await mesh("runtime", "install", str(tmp_path), "--name", "modern")

    assert refused.code == 5 and "needs Node >=99 and this machine has" in refused.err, refused.err


async def test_a_command_that_is_killed_leaves_nothing_behind(mesh: Cli) -> None:
    process = await asyncio.create_subprocess_exec(
        *(PAL, "runtime", "install", "agno==3.0.0", "--name", "cut"),
        env={**os.environ, "PAL_HOME": str(mesh.home)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    stage = mesh.home / "runtimes" / ".stage"
    async with asyncio.timeout(60):
        while not (stage.is_dir() and list(stage.glob("*/environment/wheels"))):  # noqa: ASYNC110  its files, not ours
            await asyncio.sleep(0.02)

    process.send_signal(signal.SIGKILL)
    await process.wait()
    seen = await listed(mesh)
    again = await mesh("runtime", "install", "agno==3.0.0", "--name", "cut")

    assert "cut" not in seen
    assert again.code == 0, again.err
    assert list(stage.iterdir()) == []


async def _packed(project: Path, directory: Path) -> Path:
    """Compile a project and pack it as an author would."""
    node = PAL.parents[2] / "node_modules" / ".bin" / "node"
    compile_one = """
      const { stripTypeScriptTypes } = require("node:module"), fs = require("node:fs");
      const text = stripTypeScriptTypes(fs.readFileSync(process.argv[1], "utf8"));
      fs.writeFileSync(process.argv[2], text.replaceAll('.ts"', '.js"'));
    """
    (project / "dist").mkdir()
    for source in (project / "src").glob("*.ts"):
        target = project / "dist" / f"{source.stem}.js"
        await _ran(node, "--no-warnings", "-e", compile_one, source, target)
    document = json.loads((project / "package.json").read_text())
    (project / "package.json").write_text(json.dumps({**document, "bin": "./dist/main.js", "files": ["dist"]}))
    await _ran("npm", "pack", "--silent", project, "--pack-destination", directory)
    return next(directory.glob("*.tgz"))


async def _ran(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(*map(str, command), stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0


async def _built(project: Path, directory: Path) -> None:
    uv = PAL.parents[2] / ".tools" / "bin" / "uv"
    await _ran(uv, "build", "--quiet", "--wheel", "--out-dir", directory, project)
