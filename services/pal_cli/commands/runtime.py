"""`pal runtime ...`: runtimes are added, started, stopped, moved to another version and removed, in a running mesh."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Annotated

import typer

from pal_cli.bundled import BUNDLED
from pal_cli.commands import matrix, mesh, runtimes
from pal_cli.failures import NOT_FOUND, OK, RUN_FAILED, CommandError
from pal_cli.home import Home
from pal_cli.plugins import installing
from pal_cli.plugins.limits import DEFAULTS, Limits
from pal_cli.plugins.obeying import gone, obeyed
from pal_cli.plugins.records import Record, Records
from pal_cli.plugins.scaffold import Language, write_project
from pal_cli.plugins.sources import Source, program, source
from pal_cli.plugins.wheels import HOST, host_version, write_wheels
from pal_cli.settings import HomeOption, command, home_of
from pal_cli.show import say

app = typer.Typer(no_args_is_help=True, help="The runtimes of the mesh: those that come with PAL, and those you add.")
app.command("list")(runtimes.list_)
app.command()(runtimes.describe)
app.command()(matrix.matrix)

Name = Annotated[str, typer.Argument(help="runtime")]
Program = Annotated[str, typer.Option("--command", help='any program that serves RuntimeService, "./my-adapter --x"')]
Memory = Annotated[int | None, typer.Option(min=64, help=f"MiB of memory; default {DEFAULTS.memory_mib}")]
Cpu = Annotated[int | None, typer.Option(min=1, help="percent of one core over time; default: no limit")]
Files = Annotated[int | None, typer.Option(min=64, help=f"open files; default {DEFAULTS.open_files}")]
Processes = Annotated[int | None, typer.Option(min=8, help=f"processes and threads; default {DEFAULTS.processes}")]


@app.command()
@command
async def install(
    spec: Annotated[str, typer.Argument(help="agno==3.0.11, a distribution, ./folder, a wheel, npm:PACKAGE")] = "",
    home: HomeOption = None,
    name: Annotated[str, typer.Option(help="name to be routed to by")] = "",
    program: Program = "",
    memory_mib: Memory = None,
    cpu_percent: Cpu = None,
    open_files: Files = None,
    processes: Processes = None,
    start_seconds: Annotated[float, typer.Option(min=1, help="how long the adapter may take until it serves")] = 60.0,
) -> int:
    """Add a runtime: make an environment of its own, check the adapter in it, and start it in the running mesh."""
    where, began = home_of(home), time.monotonic()
    limits = Limits(memory_mib=memory_mib, cpu_percent=cpu_percent, open_files=open_files, processes=processes)
    record = await installing.install(where, _source(spec, program), name, limits, start_seconds)
    say(f"installed {record.name}: {record.runtime} {record.version} after {time.monotonic() - began:.1f} s")
    return await _shown(where, record)


@app.command()
@command
async def upgrade(
    name: Name,
    spec: Annotated[str, typer.Argument(help="what to move to; default: the newest of what was asked for")] = "",
    home: HomeOption = None,
    program: Program = "",
) -> int:
    """Move a runtime to another version: the new one is made, checked and started before the old one ends."""
    where = home_of(home)
    asked = installing.installed(Records(where.path), name).source
    change = await installing.upgrade(where, name, _source(spec or ("" if program else asked), program))
    if change is None:
        say(f"{name} is at what {spec or asked} gives already; nothing changed")
        return OK
    old, new = change
    state = await obeyed(where, new)
    if state and (state.state != "serving" or state.reason):
        # Nobody has ordered anything else meanwhile, or that order holds.
        if Records(where.path).read(name) == new:
            Records(where.path).write(dataclasses.replace(old, generation=new.generation + 1))
        raise CommandError(f"{name} stays at {old.version}: {state.reason}", RUN_FAILED)
    say(f"{name} moved from {old.version} to {new.version}" + ("" if state else "; it starts with the next `pal up`"))
    return OK


@app.command()
@command
async def start(name: Name, home: HomeOption = None) -> int:
    """Start a runtime that was stopped or given up."""
    where = home_of(home)
    return await _shown(where, ordered(where, name, running=True))


@app.command()
@command
async def stop(name: Name, home: HomeOption = None) -> int:
    """Stop a runtime. It stays installed, and stopped, until it is started again."""
    where = home_of(home)
    return await _shown(where, ordered(where, name, running=False))


@app.command()
@command
async def limit(
    name: Name,
    home: HomeOption = None,
    memory_mib: Memory = None,
    cpu_percent: Cpu = None,
    open_files: Files = None,
    processes: Processes = None,
) -> int:
    """Change what a runtime may use of the machine; another adapter takes the place of the one that runs."""
    where = home_of(home)
    stated = Limits(memory_mib=memory_mib, cpu_percent=cpu_percent, open_files=open_files, processes=processes)
    if stated == Limits():
        raise CommandError("name a limit: --memory-mib, --cpu-percent, --open-files or --processes")
    return await _shown(where, ordered(where, name, running=None, limits=stated))


@app.command()
@command
async def remove(name: Name, home: HomeOption = None) -> int:
    """Stop a runtime and delete its environments."""
    where = home_of(home)
    records = Records(where.path)
    with records.held(name):
        installing.installed(records, name)
        records.forget(name)
        await gone(where, name)
        records.clear(name)
    say(f"removed {name}")
    return OK


@app.command()
def logs(
    name: Name,
    home: HomeOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="newest lines")] = 20,
) -> None:
    """Show the newest lines of the log of a runtime."""
    mesh.logs(name, home=home, lines=lines)


@app.command()
@command
async def new(
    name: Annotated[str, typer.Argument(help="name of the runtime")],
    language: Annotated[Language, typer.Option(help="what to write the adapter in")] = Language.python,
    directory: Annotated[Path | None, typer.Option(help="where to write it; default: ./NAME")] = None,
) -> int:
    """Write a small project for a runtime of your own. It holds the contract as it is."""
    folder = directory or Path(name)
    for path in write_project(name, language, folder):
        say(f"  {path}")
    say(f"`pal conformance --install {folder}` holds it to the contract, `pal runtime install {folder}` adds it")
    return OK


@app.command()
@command
async def wheels(
    directory: Annotated[Path, typer.Argument(help="where to write them")] = Path("wheels"),
) -> int:
    """Write the wheel of the host, for an environment of your own: pip install --find-links DIRECTORY ..."""
    write_wheels([HOST], directory)
    say(f"{directory} holds pal-adapter-host {host_version()}")
    return OK


def _source(spec: str, words: str) -> Source:
    if bool(spec) == bool(words):
        raise CommandError("name what to install, or a program by --command: one of the two")
    return program(words, Path.cwd()) if words else source(spec, Path.cwd())


def ordered(home: Home, name: str, *, running: bool | None, limits: Limits | None = None) -> Record:
    """Return the record of a runtime after an order is written to it; None leaves a thing as it is."""
    records = Records(home.path)
    with records.held(name):
        record = records.read(name) or (Record(name=name) if name in BUNDLED else None)
        if record is None:
            known = ", ".join(sorted({*BUNDLED, *records.names()}))
            raise CommandError(f"runtime {name} is not installed; installed are: {known}", NOT_FOUND)
        ordered = dataclasses.replace(
            record,
            running=record.running if running is None else running,
            limits=limits.over(record.limits) if limits else record.limits,
            generation=record.generation + 1,
        )
        records.write(ordered)
    return ordered


async def _shown(home: Home, record: Record) -> int:
    state = await obeyed(home, record)
    if state is None:
        does = "starts" if record.running else "stays stopped"
        say(f"no mesh runs in {home.path}; {record.name} {does} with the next `pal up`")
    elif state.state == "failed" or (record.running and state.reason):
        raise CommandError(f"{record.name}: {state.reason}", RUN_FAILED)
    elif state.state == "serving":
        address = next(iter(state.services.values()), "")
        say(f"[green]{record.name}[/] serves at {address}, version {state.version}")
    else:
        say(f"{record.name} is {state.state}")
    return OK
