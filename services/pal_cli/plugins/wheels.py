"""Wheels of what comes with PAL, made from its source folders without a build tool.

An environment gets copies: what was installed and locked does not change with the checkout. The same folder gives the
same bytes, so that a lock can name their hash.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pal_cli.bundled import ROOT

HOST = ROOT / "adapters" / "host"
# The earliest moment that a zip file can state.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = b"Wheel-Version: 1.0\nGenerator: pal\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_LEFT_OUT = {"__pycache__", ".mypy_cache"}


def host_version() -> str:
    """Return the version of the host that comes with this PAL."""
    return str(project_of(HOST)["version"])


def write_wheels(projects: Iterable[Path], directory: Path) -> None:
    """Write a wheel of each project folder to *directory*; each says in its ``pyproject.toml`` what belongs to it."""
    directory.mkdir(parents=True, exist_ok=True)
    for project in projects:
        _write(project, directory)


def _write(folder: Path, directory: Path) -> None:
    project = project_of(folder)
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    contents = dict(_sources(folder))
    contents[f"{stem}.dist-info/METADATA"] = _metadata(project, folder)
    contents[f"{stem}.dist-info/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: pal\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    contents[f"{stem}.dist-info/entry_points.txt"] = _entry_points(project)
    record = f"{stem}.dist-info/RECORD"
    contents[record] = _record(contents, record)
    with zipfile.ZipFile(directory / f"{stem}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)


def _document(folder: Path) -> Mapping[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def project_of(folder: Path) -> Mapping[str, Any]:
    """Return the project table of a folder."""
    project: Mapping[str, Any] = _document(folder)["project"]
    return project


def _sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    wheel = _document(folder)["tool"]["hatch"]["build"]["targets"]["wheel"]
    packages = {folder / package: Path(package).name for package in wheel.get("packages", ())}
    packages |= {(folder / source).resolve(): name for source, name in wheel.get("force-include", {}).items()}
    for package, name in packages.items():
        for path in sorted(package.rglob("*")):
            if path.is_file() and not _LEFT_OUT.intersection(path.parts):
                yield f"{name}/{path.relative_to(package)}", path.read_bytes()


def _metadata(project: Mapping[str, Any], folder: Path) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in _requirements(project, folder)]
    return "\n".join([*lines, ""]).encode()


def _requirements(project: Mapping[str, Any], folder: Path) -> list[str]:
    if "dependencies" not in project.get("dynamic", ()):
        return list(project["dependencies"])
    files = _document(folder)["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]["files"]
    lines = (line.strip() for name in files for line in (folder / name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _entry_points(project: Mapping[str, Any]) -> bytes:
    lines = []
    for group, entries in project.get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""]
    return "\n".join(lines).encode()


def _record(contents: Mapping[str, bytes], record: str) -> bytes:
    lines = []
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{record},,", ""]).encode()
