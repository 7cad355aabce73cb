"""The version of PAL."""

from __future__ import annotations

import importlib.metadata
import tomllib

from pal_cli.bundled import ROOT


def pal_version() -> str:
    """Return the version; run from a checkout nothing is installed, and the project file has it."""
    try:
        return importlib.metadata.version("pal-mesh")
    except importlib.metadata.PackageNotFoundError:
        return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
