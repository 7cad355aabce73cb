"""Environments for whatever can be installed: what comes with PAL, Python distributions, npm packages, programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pal_cli.bundled import ROOT, RuntimeKind
from pal_cli.failures import REFUSED, CommandError
from pal_cli.plugins import node_environment, python_environment
from pal_cli.plugins.python_environment import Recipe, python_of
from pal_cli.plugins.sources import Bundled, Distribution, NodePackage, Program, Source
from pal_cli.plugins.wheels import project_of

GROUP = "pal.runtimes"


@dataclass(frozen=True, kw_only=True)
class Made:
    """An adapter in a folder: its command, and the name that it is published under, empty where it has none.

    Words of the command that are paths into the folder are relative to it and begin with ``./``.
    """

    command: tuple[str, ...]
    name: str = ""

    def command_in(self, folder: Path) -> tuple[str, ...]:
        """Return the command for an environment in *folder*."""
        return tuple(str(folder / word) if word.startswith("./") else word for word in self.command)


async def make(source: Source, folder: Path) -> Made:
    """Make what *source* needs in *folder*.

    Raises:
        CommandError: it cannot be installed, or holds no adapter.
    """
    match source:
        case Bundled(kind=RuntimeKind(installer="npm")):
            return Made(command=await node_environment.make_bundled(source.kind, source.clauses, folder))
        case Bundled():
            return await _bundled(source, folder)
        case Distribution():
            return await _distribution(source, folder)
        case NodePackage():
            command, name = await node_environment.make_package(source.requirement, source.text, folder)
            return Made(command=command, name=name)
        case Program():
            return Made(command=source.command)


async def _bundled(source: Bundled, folder: Path) -> Made:
    kind = source.kind
    project = project_of(kind.folder)
    recipe = Recipe(
        requirements=[str(project["name"]), f"{kind.sdk}{source.clauses}"],
        projects=[kind.folder],
        lock=ROOT / "requirements" / f"{kind.name}.txt",
    )
    asked = f"{kind.sdk}{source.clauses}"
    try:
        await python_environment.make(folder, recipe)
    except CommandError as error:
        if f"depend on {kind.sdk}" not in str(error):
            raise CommandError(f"{asked}: {error}", error.exit_code) from None
        supported = next((line for line in project["dependencies"] if line.startswith(kind.sdk)), kind.sdk)
        raise CommandError(
            f"{asked} is not supported: the adapter of {kind.name} works with {supported}", REFUSED
        ) from None
    return _host(kind.name)


async def _distribution(source: Distribution, folder: Path) -> Made:
    try:
        await python_environment.make(folder, Recipe(requirements=["pal-adapter-host", source.requirement]))
    except CommandError as error:
        raise CommandError(f"{source.text}: {error}", error.exit_code) from None
    entries = await python_environment.published(folder)
    if not entries:
        raise CommandError(
            f"{source.text} publishes no runtime: it has no entry point in the group {GROUP}; "
            "docs/adapters.md shows how to write one",
            REFUSED,
        )
    if len(entries) > 1:
        found = ", ".join(f"{name} ({distribution})" for name, _, distribution in entries)
        raise CommandError(f"{source.text} publishes several runtimes: {found}; install one that has one", REFUSED)
    return _host(entries[0][0])


def _host(name: str) -> Made:
    python = python_of(Path())
    return Made(command=(f"./{python}", "-P", "-m", "pal_adapter_host", name), name=name)
