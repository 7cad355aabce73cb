"""Checks that teams supply: a function that tells from the log of a run whether it reached its objective."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pal_diff.terms import Check
from pal_rpc.config import StartError


@dataclass(frozen=True)
class NamedCheck:
    """A check and the name that reports give it."""

    name: str
    check: Check


def load(path: Path | None) -> dict[str, NamedCheck]:
    """Return the checks in the YAML file *path*, by agent; none without a file.

    Raises:
        StartError: the file is not there or something in it is wrong; the message has the field.
    """
    if path is None:
        return {}
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _wrong(path, "", f"cannot be read: {' '.join(str(error).split())}") from None
    fields = _mapping(path, "the file", raw)
    if unknown := sorted(set(map(str, fields)) - {"checks", "python_path"}):
        raise _wrong(path, unknown[0], "unknown field; there are: checks, python_path")
    for directory in fields.get("python_path") or ():
        sys.path.insert(0, str((path.parent / str(directory)).resolve()))
    named = _mapping(path, "checks", fields.get("checks") or {})
    return {str(agent): _check(path, f"checks.{agent}", str(target)) for agent, target in named.items()}


def _check(path: Path, where: str, target: str) -> NamedCheck:
    module, _, name = target.partition(":")
    if not name:
        raise _wrong(path, where, f"{target}: write package.module:function")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise _wrong(path, where, f"{target} cannot be imported: {error}; check python_path") from None
    if not callable(function):
        raise _wrong(path, where, f"{target} is no function")
    return NamedCheck(name, function)


def _mapping(path: Path, where: str, raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise _wrong(path, where, f"a mapping belongs here, not {type(raw).__name__}")
    return raw


def _wrong(path: Path, where: str, problem: str) -> StartError:
    return StartError(f"PAL_CHECKS_FILE={path}: {where}{': ' if where else ''}{problem}")
