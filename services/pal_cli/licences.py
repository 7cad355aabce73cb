"""Licences of what is installed, as its distribution states them."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

from pal.service.v1 import migration_service_pb2 as pb
from pal_cli.bundled import BUNDLED, ROOT, RuntimeKind
from pal_cli.failures import CommandError
from pal_cli.home import Home
from pal_cli.plugins.records import Record, Records
from pal_cli.plugins.sources import Bundled, Distribution, NodePackage, source

PYPI, NPM = "PyPI", "npm"
_FIELDS = ("License-Expression", "License")
_OSI = "License :: OSI Approved :: "
# A whole licence in the field for its name says nothing that could be compared.
_LONGEST = 200


class Installed:
    """What a runtime is built on: a package, its ecosystem, and the folder that it is installed in."""

    def __init__(self, package: str = "", ecosystem: str = "", folder: Path | None = None) -> None:
        """Name what is known; nothing of a program that could be anything."""
        self.package = package
        self.ecosystem = ecosystem
        self._folder = folder

    def licences(self) -> list[pb.AdviceLicence]:
        """Return the licence of the version that is installed; none when it states none."""
        if self._folder is None:
            return []
        stated = in_node_modules if self.ecosystem == NPM else in_environment
        version, licence = stated(self._folder, self.package)
        return [pb.AdviceLicence(version=version, licence=licence, source="what is installed")] if licence else []


def installed(home: Home, runtime: str) -> Installed:
    """Return what *runtime* of the mesh in *home* is built on."""
    records = Records(home.path)
    record = records.read(runtime)
    if record is not None and record.command:
        return _added(records, record)
    return _bundled(kind) if (kind := BUNDLED.get(runtime)) else Installed()


def in_environment(environment: Path, package: str) -> tuple[str, str]:
    """Return version and licence of a distribution in a Python environment; empty when it is not there."""
    for folder in environment.glob("lib/python3*/site-packages"):
        for found in importlib.metadata.distributions(name=package, path=[str(folder)]):
            stated = found.metadata
            classified = [one for one in stated.get_all("Classifier") or () if one.startswith(_OSI)]
            named = next((one for field in _FIELDS for one in stated.get_all(field) or () if one), "")
            if not named or len(named) > _LONGEST:
                named = classified[0].removeprefix(_OSI) if classified else ""
            return found.version, named
    return "", ""


def in_node_modules(folder: Path, package: str) -> tuple[str, str]:
    """Return version and licence of an npm package below *folder*; empty when it is not there."""
    try:
        stated = json.loads((folder / "node_modules" / package / "package.json").read_text())
        return str(stated["version"]), str(stated.get("license") or "")
    except (OSError, ValueError, KeyError, TypeError):
        return "", ""


def _bundled(kind: RuntimeKind) -> Installed:
    if kind.installer == "npm":
        return Installed(kind.sdk, NPM, ROOT)
    return Installed(kind.sdk, PYPI, kind.needs[0].parents[1])


def _added(records: Records, record: Record) -> Installed:
    environment = records.folder(record.name) / record.environment
    try:
        asked = source(record.source, Path.cwd())
    except CommandError:
        return Installed()
    match asked:
        case Bundled(kind=kind):
            return Installed(kind.sdk, PYPI, environment / "venv")
        case Distribution(requirement=requirement) if not requirement.startswith("/"):
            name = re.split(r"[^A-Za-z0-9._-]", requirement)[0]
            return Installed(name, PYPI, environment / "venv")
        case NodePackage(requirement=requirement) if not requirement.startswith("/"):
            name = requirement[0] + requirement[1:].partition("@")[0]
            return Installed(name, NPM, environment)
    return Installed()
