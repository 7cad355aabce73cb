"""Control groups for adapters, where this machine lets us have some: the kernel keeps the account then.

A supervisor may make groups below its own when that was delegated to it, as ``systemd-run --user --scope -p
Delegate=yes pal up`` does, or when it is alone in a container.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pal_cli.plugins.limits import Limits

_NEEDED = ("cpu", "memory", "pids")
_PERIOD_MICROSECONDS = 100_000
_MIB = 1024 * 1024
_SUPERVISOR = "supervisor"


class Group:
    """The group of one life of an adapter."""

    def __init__(self, path: Path, limits: Limits) -> None:
        """Make it, with *limits* in force."""
        self.path = path
        path.mkdir()
        if limits.memory_mib:
            self._write("memory.max", str(limits.memory_mib * _MIB))
            self._write("memory.swap.max", "0")
            self._write("memory.oom.group", "1")
        if limits.processes:
            self._write("pids.max", str(limits.processes))
        if limits.cpu_percent:
            quota = limits.cpu_percent * _PERIOD_MICROSECONDS // 100
            self._write("cpu.max", f"{quota} {_PERIOD_MICROSECONDS}")
        self._limits = limits

    def verdict(self) -> str:
        """Return why the kernel ended what was in it; nothing when it did not."""
        events = dict(line.split() for line in (self.path / "memory.events").read_text().splitlines())
        if int(events.get("oom_kill", "0")):
            return f"killed: out of memory: its limit is {self._limits.memory_mib} MiB"
        return ""

    def end(self) -> None:
        """End whatever is left in it, and the group with it."""
        with contextlib.suppress(OSError):
            self._write("cgroup.kill", "1")
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _write(self, file: str, value: str) -> None:
        (self.path / file).write_text(value)


class Groups:
    """Groups below the one that this process is in."""

    def __init__(self, path: Path) -> None:
        """Make them below *path*."""
        self._path = path
        self._made = 0

    def make(self, name: str, limits: Limits) -> Group:
        """Return a new group for the adapter *name*."""
        self._made += 1
        return Group(self._path / f"{name}-{self._made}", limits)


def own_group() -> tuple[Path, str]:
    """Return where the version 2 hierarchy is mounted, and this process's place in it; empty where there is none."""
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    mount = next((Path(fields[4]) for fields in mounts if "cgroup2" in fields), Path())
    places = Path("/proc/self/cgroup").read_text().splitlines()
    return mount, next((line.removeprefix("0::") for line in places if line.startswith("0::")), "")


def offered(mount: Path, own: str) -> bool:
    """Tell whether the hierarchy at *mount* has what adapters are kept by, in the group *own*."""
    try:
        controllers = (mount / own.lstrip("/") / "cgroup.controllers").read_text().split()
    except OSError:
        return False
    return set(_NEEDED) <= set(controllers) and os.access(mount / own.lstrip("/"), os.W_OK)


@contextmanager
def delegated(mount: Path, own: str) -> Iterator[Groups | None]:
    """Yield the groups that this process may make below *own* in the hierarchy at *mount*; None where it may not.

    This process moves to a leaf of its own meanwhile, for a group holds processes or groups, not both.
    """
    if not offered(mount, own):
        yield None
        return
    path = mount / own.lstrip("/")
    leaf = path / _SUPERVISOR
    try:
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(str(os.getpid()))
        (path / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in _NEEDED))
    except OSError:
        # Not ours to divide, or somebody else is in it.
        with contextlib.suppress(OSError):
            (path / "cgroup.procs").write_text(str(os.getpid()))
            leaf.rmdir()
        yield None
        return
    try:
        yield Groups(path)
    finally:
        with contextlib.suppress(OSError):
            (path / "cgroup.subtree_control").write_text(" ".join(f"-{name}" for name in _NEEDED))
            (path / "cgroup.procs").write_text(str(os.getpid()))
            leaf.rmdir()
