"""From what a person asks for to a record: an environment is made, the adapter in it tried, and only then wanted."""

from __future__ import annotations

import dataclasses
import shutil

from pal_cli.bundled import BUNDLED
from pal_cli.failures import REFUSED, CommandError
from pal_cli.home import Home
from pal_cli.plugins.adapters import PEERS, adapter
from pal_cli.plugins.candidate import tried
from pal_cli.plugins.limits import Limits
from pal_cli.plugins.making import Made, make
from pal_cli.plugins.python_environment import LOCK
from pal_cli.plugins.records import Record, Records
from pal_cli.plugins.sources import Bundled, Program, Source
from pal_cli.plugins.staging import staged
from pal_cli.ports import free_addresses
from pal_registry.names import problem_with_name
from pal_rpc.config import StartError

# Names of processes and of their logs.
_TAKEN = {"core", "router", "registry", "recorder", "supervisor"}
# Where nobody listens: an adapter on trial takes part in nothing.
_NOWHERE = "127.0.0.1:1"


async def install(home: Home, source: Source, name: str, limits: Limits, start_seconds: float) -> Record:
    """Add a runtime and return its record; an empty *name* leaves it to the source.

    Raises:
        CommandError: the name is taken, it cannot be installed, or the adapter does not pass. Nothing is left.
    """
    records = Records(home.path)
    name = name or _name_of(source)
    if name:
        _check_name(name, records)
    with staged(records.path) as stage:
        made = await make(source, stage)
        name = name or made.name
        _check_name(name, records)
        with records.held(name):
            _check_name(name, records)
            environment = "" if isinstance(source, Program) else records.adopt(name, stage)
            wanted = Record(
                name=name, source=source.text, environment=environment, limits=limits, start_seconds=start_seconds
            )
            record = await _tried(home, wanted, made)
            records.write(record)
    return record


async def upgrade(home: Home, name: str, source: Source) -> tuple[Record, Record] | None:
    """Move a runtime to *source*, beside what runs; return the record before and the one after, None for no change.

    Raises:
        CommandError: it cannot be installed, or the adapter does not pass. Everything stays as it was.
    """
    records = Records(home.path)
    with staged(records.path) as stage, records.held(name):
        old = installed(records, name)
        made = await make(source, stage)
        before, after = records.folder(name) / old.environment / LOCK, stage / LOCK
        if after.exists() and before.exists() and after.read_bytes() == before.read_bytes():
            return None
        environment = "" if isinstance(source, Program) else records.adopt(name, stage)
        wanted = dataclasses.replace(
            old,
            source=source.text,
            environment=environment,
            generation=old.generation + 1,
            made=old.made + 1,
            running=True,
        )
        new = await _tried(home, wanted, made)
        if new.runtime != old.runtime:
            _discard(records, new)
            raise CommandError(f"{source.text} is the runtime {new.runtime} and {name} is {old.runtime}", REFUSED)
        records.write(new)
    return old, new


def installed(records: Records, name: str) -> Record:
    """Return the record of a runtime that was added.

    Raises:
        CommandError: there is none.
    """
    record = records.read(name)
    if record is None or not record.command:
        added = ", ".join(known for known in records.names() if known not in BUNDLED) or "none"
        comes = " comes with PAL" if name in BUNDLED else " is not installed"
        raise CommandError(f"runtime {name}{comes}; installed beside what comes with PAL: {added}", 3)
    return record


async def _tried(home: Home, wanted: Record, made: Made) -> Record:
    records = Records(home.path)
    command = made.command_in((records.folder(wanted.name) / wanted.environment).resolve())
    (address,) = free_addresses(1)
    program = adapter(wanted, command, home, address, dict.fromkeys(PEERS, _NOWHERE))
    home.logs.mkdir(parents=True, exist_ok=True)
    try:
        declared = await tried(program, home.logs / f"{wanted.name}.log")
    except BaseException as error:
        _discard(records, wanted)
        if isinstance(error, StartError):
            raise CommandError(f"{wanted.source}: {error}", REFUSED) from None
        raise
    return dataclasses.replace(
        wanted,
        command=command,
        runtime=declared.capability.runtime,
        version=declared.installed_version,
        declared=Limits.declared(declared.capability.limits),
    )


def _discard(records: Records, unwanted: Record) -> None:
    """Delete an environment that no record names, and the folder of a runtime that is not installed."""
    if unwanted.environment:
        shutil.rmtree(records.folder(unwanted.name) / unwanted.environment, ignore_errors=True)
    if records.read(unwanted.name) is None:
        records.clear(unwanted.name)


def _check_name(name: str, records: Records) -> None:
    if problem := problem_with_name(name):
        raise CommandError(f"--name: {problem}")
    if name in BUNDLED:
        raise CommandError(f"--name {name}: this runtime comes with PAL; choose another name, for example {name}-blue")
    if name in _TAKEN:
        raise CommandError(f"--name {name}: a process of the mesh has this name; choose another")
    if records.read(name):
        raise CommandError(
            f"runtime {name} is installed already; `pal runtime upgrade {name}` changes its version, "
            "another --name puts a second one beside it",
            REFUSED,
        )


def _name_of(source: Source) -> str:
    """Return the name of a runtime that was given none; empty where the environment has to tell."""
    if isinstance(source, Program):
        raise CommandError("--name is missing; give the runtime a name to be routed to by")
    if not isinstance(source, Bundled):
        return ""
    version = source.clauses.removeprefix("==")
    if version == source.clauses or "," in version:
        raise CommandError(f"--name is missing; {source.kind.name} comes with PAL, another one needs its own name")
    return f"{source.kind.name}-{version}"
