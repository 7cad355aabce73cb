"""`pal up`, `down`, `status`, `logs`: the mesh as a whole."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from pal_cli.bundled import ROOT, installed_runtimes
from pal_cli.child import STOP_SECONDS
from pal_cli.failures import OK, TIMEOUT, UNAVAILABLE, CommandError
from pal_cli.health import SERVING, UNREACHABLE, health, wait_ready
from pal_cli.home import Home
from pal_cli.plugins.records import Records
from pal_cli.programs import CORE, CORE_SERVICES, Plan, plan
from pal_cli.settings import HomeOption, Output, OutputFormat, command, home_of
from pal_cli.show import print_json, say, table
from pal_cli.supervisor import START_SECONDS, supervised
from pal_rpc.config import StartError
from pal_rpc.mesh_state import MeshState

DEFAULT_PORT = 7400
EXAMPLE_TOOLS = ROOT / "examples" / "tools.yaml"


@command
async def up(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="port of the router, the others follow; 0 picks free ones")] = DEFAULT_PORT,
    runtime: Annotated[
        list[str] | None, typer.Option(help="runtime to start, repeatable; default: all that are installed")
    ] = None,
    default_runtime: Annotated[str, typer.Option(help="runtime of agents that name none")] = "agno",
    profiles: Annotated[Path | None, typer.Option(help="model profiles (YAML); default: the scripted stand-in")] = None,
    tools: Annotated[Path | None, typer.Option(help="tool bindings (YAML); default: the examples' tools")] = None,
    store: Annotated[
        str,
        typer.Option(
            envvar="PAL_STORE_URL",
            help="PostgreSQL database of record and documents, postgresql://USER@HOST/NAME; default: files in the home",
        ),
    ] = "",
    drills: Annotated[bool, typer.Option("--drills", help="allow drills: `pal gameday run` injects faults")] = False,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65500, help="serve Prometheus metrics from this port on, one a process")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="go to the background once the mesh is ready")] = False,
) -> int:
    """Start a mesh on loopback and keep it running until Ctrl-C or `pal down`."""
    where = home_of(home)
    if detach:
        return await _in_background(where)
    chosen = runtime or sorted({*installed_runtimes(), *Records(where.path).names()})
    _check_port(port)
    with where.held():
        planned = plan(
            where,
            port=port,
            runtimes=chosen,
            profiles=profiles,
            tools=tools or (EXAMPLE_TOOLS if EXAMPLE_TOOLS.exists() else None),
            default_runtime=default_runtime,
            store_url=store,
            drills=drills,
            metrics_port=metrics_port,
        )
        async with _stopped_by_signal() as stop, running(where, planned) as state:
            _tell_parent()
            say(banner(where, state))
            await stop.wait()
            say("stopping")
    return OK


@asynccontextmanager
async def running(home: Home, planned: Plan) -> AsyncIterator[MeshState]:
    """Run the mesh of *planned*, ready to take runs, until the block ends.

    Raises:
        StartError: something did not start.
    """
    async with supervised(home, planned) as state:
        serving = [name for name, known in state.processes.items() if known.adapter and known.state == "serving"]
        await wait_ready(planned.addresses, serving, START_SECONDS)
        state.ready = True
        home.write_state(state)
        yield state


@command
async def down(home: HomeOption = None) -> int:
    """Stop the mesh."""
    where = home_of(home)
    state = where.read_state()
    if state is None:
        say(f"no mesh runs in {where.path}")
        return OK
    os.kill(state.pid, signal.SIGTERM)
    until = time.monotonic() + 2 * STOP_SECONDS + 5
    while where.in_use():
        if time.monotonic() > until:
            raise CommandError(f"the supervisor (pid {state.pid}) does not end; `pal logs` shows why", TIMEOUT)
        # The lock is freed by the end of another process, which sends us nothing.
        await asyncio.sleep(0.05)
    say("stopped")
    return OK


@command
async def status(home: HomeOption = None, output: Output = OutputFormat.table) -> int:
    """Show the processes of the mesh and whether they serve."""
    where = home_of(home)
    state = where.read_state()
    if state is None:
        raise CommandError(f"no mesh runs in {where.path}; `pal up` starts one", UNAVAILABLE)
    rows = []
    for name, process in state.processes.items():
        for service, address in (process.services or {name: ""}).items():
            found = await health(address) if address else UNREACHABLE
            rows.append(
                {
                    "process": name,
                    "service": service,
                    "address": address,
                    "health": found,
                    "pid": process.pid,
                    "restarts": process.restarts,
                    "uptimeSeconds": round(time.time() - process.started_at),
                    "state": process.state,
                    "reason": process.reason,
                    "ended": process.ended,
                }
            )
    if output is OutputFormat.json:
        print_json({"home": str(where.path.resolve()), "pid": state.pid, "services": rows})
    else:
        columns = ["PROCESS", "SERVICE", "ADDRESS", "HEALTH", "PID", "RESTARTS", "UP", "STATE"]
        cells = [[*list(row.values())[:6], f"{row['uptimeSeconds']} s", _state(row)] for row in rows]
        table(columns, cells, empty="nothing runs")
    return OK if all(row["health"] == SERVING or row["state"] == "stopped" for row in rows) else UNAVAILABLE


@command
async def logs(
    name: Annotated[str, typer.Argument(help="process; default: all")] = "",
    home: HomeOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="lines of each log")] = 20,
) -> int:
    """Show the newest lines of the logs."""
    where = home_of(home)
    known = sorted(where.logs.glob("*.log"))
    # Router, registry and recorder share a process and its log.
    name = CORE if name in CORE_SERVICES else name
    chosen = [path for path in known if name in ("", path.stem)]
    if not chosen:
        names = ", ".join(path.stem for path in known) or "none yet"
        raise CommandError(f"no log of {name or 'any process'} in {where.logs}; there are: {names}", 3)
    for path in chosen:
        for line in path.read_text(errors="replace").splitlines()[-lines:]:
            say(f"[dim]{path.stem:14}[/] {escape(line)}")
    return OK


def _state(row: dict[str, Any]) -> str:
    """Return where a process stands and why, or else why it ended last."""
    why = f": {row['reason']}" if row["reason"] else f"; before: {row['ended']}" if row["ended"] else ""
    return f"{row['state']}{why}"


def banner(home: Home, state: MeshState) -> str:
    """Return what people see once a mesh is ready."""
    took = time.time() - state.started_at
    services = "\n".join(f"  {name:14} {address}" for name, address in state.addresses.items())
    return (
        f"[bold green]mesh ready[/] after {took:.1f} s in {home.path}\n{services}\n"
        "[dim]models are the scripted stand-in unless --profiles names others; "
        "`pal apply -f examples` publishes the examples, `pal run AGENT --input TEXT` runs one[/]"
    )


async def _in_background(home: Home) -> int:
    reading, writing = os.pipe()
    arguments = [argument for argument in sys.argv[1:] if argument not in ("--detach", "-d")]
    home.logs.mkdir(parents=True, exist_ok=True)
    with (home.logs / "supervisor.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pal_cli",
            *arguments,
            env={**os.environ, "PAL_UP_READY_FD": str(writing)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            start_new_session=True,
        )
    os.close(writing)
    with os.fdopen(reading) as ready:
        line = await asyncio.to_thread(ready.readline)
    state = home.read_state()
    if not line or state is None:
        await process.wait()
        log = (home.logs / "supervisor.log").read_text().strip().splitlines()
        raise StartError((log[-1] if log else "the mesh did not start").removeprefix("error: "))
    say(banner(home, state))
    return OK


def _tell_parent() -> None:
    if descriptor := os.environ.pop("PAL_UP_READY_FD", ""):
        with os.fdopen(int(descriptor), "w") as ready:
            ready.write(json.dumps({"pid": os.getpid()}) + "\n")


@asynccontextmanager
async def _stopped_by_signal() -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _check_port(port: int) -> None:
    if port and not 1024 <= port <= 65_000:
        raise CommandError(f"--port {port}: choose one between 1024 and 65000, or 0 for free ports")
