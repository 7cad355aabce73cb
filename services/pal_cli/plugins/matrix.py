"""What changed between versions of an SDK: each is installed, probed by itself, and held to the contract."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import Version

from pal_cli.bundled import RuntimeKind
from pal_cli.candidates import started
from pal_cli.failures import CommandError
from pal_cli.licences import in_environment
from pal_cli.plugins import making, python_environment
from pal_cli.plugins.python_environment import Recipe, python_of
from pal_cli.plugins.sources import Bundled
from pal_conformance.declaration import settled
from pal_conformance.kit import kit
from pal_conformance.suite import matching, reached, results
from pal_conformance.target import Unusable, connected
from pal_conformance.verdict import Result
from pal_rpc.config import StartError

_PROBE_SECONDS = 60.0
_CONCURRENT_RUNS = "128"
Path_ = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one version does. *problem* says why nothing, or not all, could be measured."""

    version: str
    problem: str = ""
    # The licence that its distribution states.
    licence: str = ""
    # What the SDK does by itself.
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    # How each case of the contract ended, and what was seen of its runs; empty where the adapter refuses the version.
    cases: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self.behaviour or self.cases)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a version does that the one before it did not."""

    before: str
    after: str
    changes: tuple[str, ...]


async def probed(kind: RuntimeKind, version: Version) -> Measured:
    """Return what *version* of the SDK of *kind* does by itself, by the probe of the adapter."""
    with tempfile.TemporaryDirectory(prefix="pal-matrix-") as folder:
        environment = Path(folder)
        try:
            await python_environment.make(environment, Recipe(requirements=[f"{kind.sdk}=={version}"]))
        except CommandError as error:
            return Measured(version=str(version), problem=str(error))
        return await _probed(kind, version, python_of(environment))


async def measured(kind: RuntimeKind, version: Version) -> Measured:
    """Return what *version* does by itself, and how its adapter holds the contract."""
    with tempfile.TemporaryDirectory(prefix="pal-matrix-") as folder:
        environment = Path(folder)
        source = Bundled(kind=kind, clauses=f"=={version}", text=f"{kind.sdk}=={version}")
        try:
            made = await making.make(source, environment)
        except CommandError as error:
            alone = await probed(kind, version)
            return dataclasses.replace(alone, problem=alone.problem or str(error))
        found = await _probed(kind, version, python_of(environment))
        try:
            held = await _held(made.command_in(environment.resolve()))
        except (StartError, Unusable) as error:
            return dataclasses.replace(found, problem=str(error))
        return Measured(
            version=str(version),
            problem=found.problem,
            licence=found.licence,
            behaviour=found.behaviour,
            cases={result.case_id: result.status.value for result in held},
            runs={result.case_id: list(result.runs) for result in held},
        )


async def boundaries(
    before: Measured, after: Measured, between: Sequence[Version], measure: Callable[[Version], Awaitable[Measured]]
) -> list[tuple[Measured, Measured]]:
    """Return the neighbours among *before*, *between* and *after* whose SDK does something else by itself.

    Halves what lies between until both sides do the same or are neighbours. A change that was taken back within a
    half is not seen. A version that cannot be installed is left out.
    """
    if before.behaviour == after.behaviour:
        return []
    middle = await _measurable(between, measure)
    if middle is None:
        return [(before, after)]
    at, found = middle
    lower = list(between[:at])
    upper = list(between[at + 1 :])
    return [
        *await boundaries(before, found, lower, measure),
        *await boundaries(found, after, upper, measure),
    ]


def behaviour_changes(before: Measured, after: Measured) -> tuple[str, ...]:
    """Return in words what the SDK of *after* does by itself that the one of *before* does not, and vice versa."""
    return tuple(_changes((), dict(before.behaviour), dict(after.behaviour)))


def contract_changes(before: Measured, after: Measured) -> tuple[str, ...]:
    """Return in words where the adapter on *after* holds the contract otherwise than on *before*."""
    found = []
    for case_id in sorted(before.cases.keys() & after.cases.keys()):
        if before.cases[case_id] != after.cases[case_id]:
            found.append(f"contract {case_id}: {before.cases[case_id]} → {after.cases[case_id]}")
        elif before.runs.get(case_id) != after.runs.get(case_id):
            found.append(f"contract {case_id}: the same verdict, but what model, tools or client see differs")
    return tuple(found)


async def _measurable(
    between: Sequence[Version], measure: Callable[[Version], Awaitable[Measured]]
) -> tuple[int, Measured] | None:
    middle = len(between) // 2
    for at in sorted(range(len(between)), key=lambda place: abs(place - middle)):
        found = await measure(between[at])
        if found.behaviour:
            return at, found
    return None


async def _probed(kind: RuntimeKind, version: Version, python: Path) -> Measured:
    _, licence = in_environment(python.parents[1], kind.sdk)
    return dataclasses.replace(await _behaving(kind, version, python), licence=licence)


async def _behaving(kind: RuntimeKind, version: Version, python: Path) -> Measured:
    script = next(kind.folder.glob("*/probe.py"), None)
    if script is None:
        return Measured(version=str(version))
    process = await asyncio.create_subprocess_exec(
        *(str(python.absolute()), "-I", str(script)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            said, complained = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return Measured(version=str(version), problem=f"the probe took longer than {_PROBE_SECONDS:g} s")
    if process.returncode:
        last = (complained.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        return Measured(version=str(version), problem=f"it cannot be used: {last}"[:300])
    found = json.loads(said)
    found.pop("version")
    return Measured(version=str(version), behaviour=found)


async def _held(command: Sequence[str]) -> list[Result]:
    async with (
        kit() as served,
        started(command, served.addresses, PAL_CONCURRENT_RUNS=_CONCURRENT_RUNS) as address,
        connected(address) as target,
    ):
        await reached(target, served)
        found = [result async for result in results(target, served, matching(()))]
        return settled(target, found)


def _changes(path: Path_, before: Any, after: Any) -> list[str]:
    if before == after:
        return []
    where = " ".join(path)
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(before.keys() | after.keys())
        return [line for key in keys for line in _changes((*path, key), before.get(key), after.get(key))]
    if path[:1] == ("surface",) and isinstance(before, list) and isinstance(after, list):
        gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
        words = [f"without {', '.join(gone)}"] if gone else []
        words += [f"with {', '.join(new)}"] if new else []
        return [f"{where}: {'; '.join(words)}"]
    return [f"{where}: {_shown(before)} → {_shown(after)}"]


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
