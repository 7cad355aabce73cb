"""What `pal runtime install` is asked for, understood."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pal_cli.bundled import BUNDLED, RuntimeKind
from pal_cli.failures import CommandError

_REQUIREMENT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(\[[A-Za-z0-9,._ -]*\])?\s*(.*)")
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.!+*_-]+")
_EXAMPLES = (
    "agno==3.0.11, a distribution such as my-adapter==1.0, ./folder, ./my_adapter-1.0-py3-none-any.whl, npm:PACKAGE"
)

_COMMAND = "--command "


@dataclass(frozen=True, kw_only=True)
class Bundled:
    """A version of a runtime whose adapter comes with PAL; *clauses* restrict the version of its SDK, "" for none.

    *text* of any source asks for it again, from any directory.
    """

    kind: RuntimeKind
    clauses: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A Python distribution: *requirement* as pip takes it, with an absolute path for a folder or a file."""

    requirement: str
    text: str


@dataclass(frozen=True, kw_only=True)
class NodePackage:
    """An npm package: *requirement* as npm takes it, with an absolute path for a folder or a file."""

    requirement: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Program:
    """Any program that serves RuntimeService."""

    command: tuple[str, ...]
    text: str


Source: TypeAlias = Bundled | Distribution | NodePackage | Program


def program(command: str, directory: Path) -> Program:
    """Return the program that *command* names, its paths relative to *directory*.

    Raises:
        CommandError: there is no such program.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CommandError(f"--command {command}: {error}; quote it as for a shell") from None
    if not words:
        raise CommandError('--command is empty; write for example --command "./my-adapter"')
    found = shutil.which(words[0], path=None if "/" not in words[0] else str(directory))
    if "/" in words[0]:
        found = shutil.which(str(directory / words[0]))
    if found is None:
        trouble = "is not executable; chmod +x it" if (directory / words[0]).is_file() else "there is no such program"
        raise CommandError(f"--command {words[0]}: {trouble}")
    # The adapter gets a working directory of its own.
    rest = [str((directory / word).resolve()) if (directory / word).is_file() else word for word in words[1:]]
    whole = (str(Path(found).absolute()), *rest)
    return Program(command=whole, text=f"{_COMMAND}{shlex.join(whole)}")


def source(text: str, directory: Path) -> Source:
    """Return what *text* asks for, its paths relative to *directory*.

    Raises:
        CommandError: it is none of what can be installed.
    """
    if text.startswith(_COMMAND):
        return program(text.removeprefix(_COMMAND), directory)
    if text.startswith("npm:"):
        return _npm(text.removeprefix("npm:"))
    # Not whatever is there: a folder that happens to be called agno is not meant by agno.
    if "/" in text.partition("+")[0] or text.startswith((".", "~")) or text.endswith((".whl", ".tar.gz", ".tgz")):
        return _local(text, (directory / Path(text).expanduser()).resolve())
    return _requirement(text)


def _npm(package: str) -> NodePackage:
    if not re.fullmatch(r"(@[a-z0-9._-]+/)?[a-z0-9._-]+(@[A-Za-z0-9.^~<>=*+-]+)?", package):
        raise CommandError(f"npm:{package}: write npm:PACKAGE or npm:PACKAGE@VERSION")
    return NodePackage(requirement=package, text=f"npm:{package}")


def _local(text: str, path: Path) -> Source:
    if path.is_file() and path.name.endswith((".whl", ".tar.gz")):
        return Distribution(requirement=str(path), text=str(path))
    if path.is_file() and path.name.endswith(".tgz"):
        return NodePackage(requirement=str(path), text=str(path))
    if (path / "pyproject.toml").is_file():
        return Distribution(requirement=str(path), text=str(path))
    if (path / "package.json").is_file():
        return NodePackage(requirement=str(path), text=str(path))
    if path.is_dir():
        raise CommandError(f"{text}: neither a pyproject.toml nor a package.json is in this folder")
    if path.is_file():
        raise CommandError(f'{text}: this file is no wheel, sdist or npm package; a program: --command "{text}"')
    raise CommandError(f"{text}: no such file or folder")


def _requirement(text: str) -> Source:
    found = _REQUIREMENT.fullmatch(text.strip())
    clauses = [clause.strip() for clause in found[3].split(",")] if found and found[3] else []
    if not found or not all(_CLAUSE.fullmatch(clause) for clause in clauses):
        raise CommandError(f'"{text}" cannot be installed; write {_EXAMPLES}')
    name, extras = found[1], found[2] or ""
    wanted = ",".join(clauses)
    for kind in BUNDLED.values():
        if name.lower() in (kind.name, kind.sdk) and not extras:
            return Bundled(kind=kind, clauses=wanted, text=f"{name}{wanted}")
    return Distribution(requirement=f"{name}{extras}{wanted}", text=f"{name}{extras}{wanted}")
