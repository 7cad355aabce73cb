"""`pal doctor` and `pal version`: is everything there, and does it work?"""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import apsw
import grpc
from rich.markup import escape

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import registry_service_pb2 as pb
from pal.service.v1 import router_service_pb2 as router
from pal_cli.bundled import BUNDLED, ROOT, installed_runtimes
from pal_cli.failures import OK, RUN_FAILED
from pal_cli.health import SERVING, UNREACHABLE, health
from pal_cli.home import DEFAULT_ADDRESSES, Home
from pal_cli.plugins.cgroups import offered, own_group
from pal_cli.plugins.confine import abilities
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, addresses, command, connected, home_of
from pal_cli.show import count, print_json, say
from pal_cli.version import pal_version

_ENFORCED = {
    "connections": "connections to the mesh only",
    "keys": "keys and record out of reach",
    "sockets": "TCP only",
}
_MIN_FREE_BYTES = 1024**3
_CALL_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; *mend* says what to do when it is not *good*."""

    subject: str
    good: bool
    seen: str
    mend: str = ""


@command
async def doctor(home: HomeOption = None, output: Output = OutputFormat.table) -> int:
    """Find what is wrong with this set-up and say how to mend it. Exit code 1 when something is."""
    where = home_of(home)
    findings = [*_machine(), *_isolation(), *_home(where)]
    if where.in_use():
        findings += [finding async for finding in _mesh(where)]
    else:
        findings += _ports()
    if output is OutputFormat.json:
        print_json({"findings": [vars(finding) for finding in findings]})
    else:
        for finding in findings:
            mark = "[green]✓[/]" if finding.good else "[bold red]✗[/]"
            say(f"{mark} {finding.subject:22} {escape(finding.seen)}")
            if not finding.good:
                say(f"  [yellow]→ {escape(finding.mend)}[/]")
    return OK if all(finding.good for finding in findings) else RUN_FAILED


@command
async def version(home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """Show the versions of PAL, of its contracts, and of the runtimes that take part."""
    versions = {
        "pal": pal_version(),
        "contracts": "pal.v1, pal.service.v1",
        "python": platform.python_version(),
        "grpcio": importlib.metadata.version("grpcio"),
        "sqlite": apsw.sqlite_lib_version(),
    }
    where = home_of(home)
    if where.in_use():
        async with connected(where) as mesh:
            response = await mesh.registry.ListRuntimes(pb.ListRuntimesRequest(), timeout=_CALL_SECONDS)
            versions.update((runtime.name, runtime.installed_version) for runtime in response.runtimes)
    if output is OutputFormat.json:
        print_json(versions)
        return
    for name, found in versions.items():
        say(f"[dim]{name:14}[/] {found}")


def _machine() -> Iterator[Finding]:
    good = sys.version_info >= (3, 11)
    yield Finding("python", good, platform.python_version(), "install Python 3.11 or newer and run `make setup`")
    provider = (ROOT / ".venvs" / "llm_provider" / "bin" / "python").exists()
    yield Finding("model provider", provider, "installed" if provider else "not installed", "run `make setup`")
    found = installed_runtimes()
    missing = [kind for kind in BUNDLED.values() if kind.name not in found]
    left_out = [f"no {kind.name} without {kind.installer}" for kind in missing if not kind.installable]
    wanted = [kind.name for kind in missing if kind.installable]
    seen = ", ".join([*found, *left_out]) or "none"
    yield Finding("runtimes", not wanted, seen, f"run `make setup`; missing: {', '.join(wanted)}")


def _isolation() -> Iterator[Finding]:
    able = abilities()
    lacking = [_ENFORCED[what] for what, can in able.items() if not can]
    kept = "by control groups, where they are delegated" if offered(*own_group()) else "by rlimits and by looking"
    yield Finding("limits of adapters", True, f"kept {kept}")
    yield Finding(
        "isolation of adapters",
        not lacking,
        f"not enforced: {', '.join(lacking)}" if lacking else ", ".join(_ENFORCED.values()),
        "run the mesh on Linux 6.7 or newer with Landlock and seccomp, or install only adapters that you trust",
    )


def _home(home: Home) -> Iterator[Finding]:
    path = _nearest(home.path)
    try:
        free = shutil.disk_usage(path).free
        seen = f"{home.path}, {free / 1024**3:.1f} GiB free"
        yield Finding("disk", free >= _MIN_FREE_BYTES, seen, "free at least 1 GiB, or choose another --home")
    except OSError as error:
        yield Finding("disk", False, f"{home.path}: {error.strerror}", "choose another --home")
    writable = _writable(path)
    yield Finding("home", writable, str(home.path), f"make {path} writable, or choose another --home")
    database = home.data / "record.db"
    if database.exists():
        yield _database(database)


def _nearest(path: Path) -> Path:
    resolved = path.resolve()
    return next((candidate for candidate in (resolved, *resolved.parents) if candidate.exists()), Path("/"))


def _writable(path: Path) -> bool:
    import os

    return path.is_dir() and os.access(path, os.W_OK)


def _database(path: Path) -> Finding:
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        found = db.pragma("user_version")
        db.close()
    except apsw.Error as error:
        return Finding("record", False, f"{path}: {error}", "restore it from a backup, or choose another --home")
    return Finding("record", True, f"schema {found}")


def _ports() -> Iterator[Finding]:
    yield Finding("mesh", True, "not running; `pal up` starts one")
    taken = [f"{name} {address}" for name, address in DEFAULT_ADDRESSES.items() if not _free(address)]
    seen = "7400 to 7405 are free" if not taken else f"in use: {', '.join(taken)}"
    yield Finding("ports", not taken, seen, "stop what has them, or `pal up --port 17400`")


def _free(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return False
    return True


async def _mesh(home: Home) -> AsyncIterator[Finding]:
    state = home.read_state()
    known = addresses(home)
    for name in DEFAULT_ADDRESSES:
        found = await health(known[name])
        mend = f"`pal logs {name}` shows why" if found == UNREACHABLE else "wait a moment; `pal logs` if it stays so"
        yield Finding(name, found == SERVING, f"{found.lower()} at {known[name]}", mend)
    for name, process in (state.processes if state else {}).items():
        if process.reason or process.restarts:
            restarted = f"restarted {count(process.restarts, 'time')}"
            seen = process.reason or f"{restarted}; the last time it was {process.ended}"
            yield Finding(name, process.state == "stopped", seen, f"`pal logs {name}` shows why")
    try:
        async with connected(home) as mesh:
            async for finding in _contents(mesh):
                yield finding
    except grpc.aio.AioRpcError as error:
        yield Finding("registry", False, f"does not answer: {error.code().name}", "`pal logs core` shows why")


async def _contents(mesh: Mesh) -> AsyncIterator[Finding]:
    runtimes = await mesh.registry.ListRuntimes(pb.ListRuntimesRequest(), timeout=_CALL_SECONDS)
    serving = [found.name for found in runtimes.runtimes if found.state == pb.RUNTIME_STATE_SERVING]
    routes = await mesh.registry.GetRoute(pb.GetRouteRequest(), timeout=_CALL_SECONDS)
    default = next((route.stable for route in routes.routes), "")
    yield Finding(
        "default runtime",
        default in serving,
        f"{default or 'none'}; serving: {', '.join(serving) or 'none'}",
        f'start {default}, or choose another: `pal route set "" RUNTIME`',
    )
    profiles = await mesh.llm_provider.ListProfiles(llm.ListProfilesRequest(), timeout=_CALL_SECONDS)
    for profile in profiles.profiles:
        usable = "not set" not in profile.notice
        seen = f"{profile.name}: {profile.provider}/{profile.model} {profile.notice}"
        yield Finding("model profile", usable, seen, "set the variable where `pal up` is started, then start it again")
    # A router that does not answer was told of before.
    with suppress(grpc.aio.AioRpcError):
        known = await mesh.router.ListBreakers(router.ListBreakersRequest(), timeout=_CALL_SECONDS)
        for finding in opened(known):
            yield finding


def opened(known: router.ListBreakersResponse) -> Iterator[Finding]:
    """Yield what is to be said of breakers that keep runs away from a runtime."""
    for one in known.breakers:
        if one.state != router.BREAKER_STATE_CLOSED:
            seen = f"{one.runtime} fails {one.agent}: {one.failures} of {one.attempts} runs, last with {one.cause}"
            mend = f"`pal logs {one.runtime}` shows why, `pal route get {one.agent}` and `rollback` the way back"
            yield Finding("breaker", False, seen, mend)
