"""Node environments for adapters: packages of ours beside the one that is asked for, in one workspace with one lock."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pal_cli.bundled import ROOT, RuntimeKind
from pal_cli.failures import REFUSED, UNAVAILABLE, CommandError
from pal_cli.plugins.installers import said_by
from pal_registry.names import lies_in

# Node runs TypeScript outside of node_modules only, so what is written in it becomes a package of the workspace.
_OURS = (ROOT / "gen" / "ts", ROOT / "adapters" / "host-ts")
_LEFT_OUT = shutil.ignore_patterns("node_modules", "test", "tests", "__pycache__", ".git")


async def make_bundled(kind: RuntimeKind, clauses: str, folder: Path) -> tuple[str, ...]:
    """Install the adapter of *kind* with another version of its SDK; return its command.

    Raises:
        CommandError: it cannot be installed.
    """
    copy = _copied(kind.folder, folder)
    document = _document(copy)
    document["dependencies"][kind.sdk] = clauses.removeprefix("==").replace(",", " ") or "*"
    (copy / "package.json").write_text(json.dumps(document, indent=2))
    await _install(folder, {}, f"{kind.sdk}{clauses}")
    return _command(copy, folder, f"{kind.sdk}{clauses}")


async def make_package(requirement: str, text: str, folder: Path) -> tuple[tuple[str, ...], str]:
    """Install an npm package, or a folder or file that holds one; return the command of its adapter and its name.

    The name is the package's own, without the scope.

    Raises:
        CommandError: it cannot be installed, or has no program.
    """
    if requirement.startswith("/") and Path(requirement).is_dir():
        package = _copied(Path(requirement), folder)
        await _install(folder, {}, text)
        return _command(package, folder, text), _name(package)
    name, _, version = requirement.rpartition("@") if "@" in requirement[1:] else (requirement, "", "*")
    wanted = {"adapter": f"file:{requirement}"} if requirement.startswith("/") else {name: version}
    await _install(folder, wanted, text)
    package = folder / "node_modules" / next(iter(wanted))
    return _command(package, folder, text), _name(package)


def _copied(package: Path, folder: Path) -> Path:
    copy = folder / "packages" / package.name
    shutil.copytree(package, copy, ignore=_LEFT_OUT)
    return copy


def _document(package: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((package / "package.json").read_text())
    return document


async def _install(folder: Path, dependencies: dict[str, str], text: str) -> None:
    for package in _OURS:
        _copied(package, folder)
    workspace = {"private": True, "type": "module", "workspaces": ["packages/*"], "dependencies": dependencies}
    (folder / "package.json").write_text(json.dumps(workspace, indent=2))
    npm = shutil.which("npm")
    if npm is None:
        raise CommandError(f"{text} needs npm, which is not installed on this machine", UNAVAILABLE)
    words = ("install", "--no-audit", "--no-fund", "--prefer-offline", "--install-links", "--loglevel=error")
    done, said = await said_by((npm, *words), os.environ, folder)
    if not done:
        raise CommandError(f"{text}: it cannot be installed: {_sentence(said)}", REFUSED)


def _command(package: Path, folder: Path, text: str) -> tuple[str, ...]:
    document = _document(package)
    programs = document.get("bin") or {}
    if isinstance(programs, str):
        programs = {document["name"]: programs}
    if len(programs) != 1:
        found = ", ".join(sorted(programs)) or "none"
        raise CommandError(
            f'{text} is no adapter: its package.json names one program as "bin", found: {found}; see docs/adapters.md',
            REFUSED,
        )
    (script,) = programs.values()
    node = _node(str(document.get("engines", {}).get("node", "")), text)
    return (node, f"./{(package / script).relative_to(folder)}")


def _name(package: Path) -> str:
    return str(_document(package).get("name", "")).rpartition("/")[2]


def _node(wanted: str, text: str) -> str:
    """Return a Node that *wanted*, the ``engines.node`` of a package, allows: the one that PAL brought, else any."""
    own = ROOT / "node_modules" / ".bin" / "node"
    found = {path: _version(path) for path in (str(own), shutil.which("node")) if path and Path(path).exists()}
    if not found:
        raise CommandError(f"{text} needs Node, which is not installed on this machine", UNAVAILABLE)
    for path, version in found.items():
        if lies_in(version, wanted):
            return path
    versions = ", ".join(sorted(set(found.values())))
    raise CommandError(
        f"{text} needs Node {wanted} and this machine has {versions}; install a newer one, "
        "or run `make setup`, which brings one where npm is there",
        UNAVAILABLE,
    )


def _version(node: str) -> str:
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return asked.stdout.strip().removeprefix("v")


def _sentence(said: str) -> str:
    """Return what npm has to say, without its prefixes and without where it keeps its log."""
    lines: Iterable[str] = (re.sub(r"^npm (error|ERR!) ?", "", line).strip() for line in said.splitlines())
    kept = [line for line in lines if line and not line.startswith(("A complete log", "code ", "/", "Note that you"))]
    return " ".join(kept[:4]) or "npm gave no reason"
