"""Becomes an adapter, with the rights that an adapter has: ``python confine.py JSON COMMAND...``.

Runs before the adapter in its process and needs nothing but the standard library. What this kernel cannot enforce is
left out; :func:`abilities` says what it can, and `pal doctor` tells.

* The process ends with its supervisor, and the kernel short of memory takes it before the rest of the mesh.
* TCP connections go to the ports of the mesh alone (Landlock). The rule knows ports, not hosts.
* No other way out: no UDP, no Unix sockets, no raw ones, no other transport that Landlock does not see (seccomp).
* The keys and the record of the mesh cannot be read or changed, nor the environments of other processes (Landlock).
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH, _RULE_PORT = 1, 2
_CONNECT_TCP = 1 << 1
_WRITE_FILE, _READ_FILE = 1 << 1, 1 << 2
_REMOVE_DIR, _REMOVE_FILE, _REFER, _TRUNCATE = 1 << 4, 1 << 5, 1 << 13, 1 << 14
_OF_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE
_OF_TREES = _OF_FILES | _REMOVE_DIR | _REMOVE_FILE | _REFER
_PORTS_ABI, _TREES_ABI = 4, 3
# By machine: its name in audit records, and the number of socket(2).
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425
_EACCES, _ENOSYS = 13, 38
_PROC = Path("/proc")
_MIB = 1024 * 1024
# An adapter may map more than it uses: stacks of threads, heaps that are reserved ahead.
_DATA_FACTOR, _DATA_EXTRA_MIB = 2, 1024
_EAGER_VICTIM = "500"


class Settings(TypedDict):
    """What a process is confined to: who it dies with, its control group, ports, paths out of reach, ceilings."""

    parent: int
    group: str
    ports: list[int]
    hidden: list[str]
    memory_mib: int | None
    open_files: int | None


def abilities() -> dict[str, bool]:
    """Return what this kernel can enforce: ``connections``, ``keys``, ``sockets``."""
    abi = _syscall(_CREATE_RULESET, None, 0, 1)
    return {
        "connections": abi >= _PORTS_ABI,
        "keys": abi >= _TREES_ABI,
        "sockets": platform.machine() in _MACHINES and Path("/proc/sys/kernel/seccomp").exists(),
    }


def main(settings: Settings, command: list[str]) -> None:
    """Take the rights away that *settings* do not grant, then become *command*."""
    able = abilities()
    _die_with(settings["parent"])
    if settings["group"]:
        Path(settings["group"], "cgroup.procs").write_text("0")
    _limit(settings["memory_mib"], settings["open_files"])
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if able["connections"] or able["keys"]:
        hidden = [Path(path) for path in settings["hidden"]] if able["keys"] else []
        _landlock(settings["ports"] if able["connections"] else None, hidden)
    if able["sockets"]:
        _filter_sockets(*_MACHINES[platform.machine()])
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


def _die_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")


def _limit(memory_mib: int | None, open_files: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if open_files is not None:
        _lower(resource.RLIMIT_NOFILE, open_files)
    if memory_mib is not None:
        # The supervisor watches what is used. This stops what grows faster than it looks.
        _lower(resource.RLIMIT_DATA, (memory_mib * _DATA_FACTOR + _DATA_EXTRA_MIB) * _MIB)
    try:
        Path("/proc/self/oom_score_adj").write_text(_EAGER_VICTIM)
    except OSError:
        return


def _lower(kind: int, wanted: int) -> None:
    _, hard = resource.getrlimit(kind)
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (ceiling, ceiling))


def _landlock(ports: list[int] | None, hidden: list[Path]) -> None:
    trees = _OF_TREES if hidden else 0
    attributes = struct.pack("QQ", trees, _CONNECT_TCP if ports is not None else 0)
    ruleset = _syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    for port in ports or ():
        _syscall(_ADD_RULE, ruleset, _RULE_PORT, struct.pack("QQ", _CONNECT_TCP, port), 0)
    for path in [*_beside(hidden), _PROC / "self"] if hidden else ():
        _allow(ruleset, path)
    _syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _beside(hidden: list[Path]) -> Iterator[Path]:
    """Yield the largest trees that hold none of *hidden* and together everything else that is there."""
    upper = {parent for path in hidden for parent in path.parents} | {_PROC}
    for folder in upper:
        try:
            children = list(folder.iterdir())
        except OSError:
            continue
        if folder == _PROC:
            children = [child for child in children if not child.name.isdigit()]
        # A link grants nothing: it may lead to what is hidden, and where it leads elsewhere that is granted by itself.
        yield from (c for c in children if not c.is_symlink() and c not in upper and c not in hidden)


def _allow(ruleset: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rights = _OF_TREES if path.is_dir() else _OF_FILES
    _syscall(_ADD_RULE, ruleset, _RULE_PATH, struct.pack("=Qi", rights, opened), 0)
    os.close(opened)


def _filter_sockets(machine: int, socket_number: int) -> None:
    """Let socket(2) open TCP and netlink alone; netlink is how a process asks for its own addresses."""
    refuse, absent, allow = 0x00050000 | _EACCES, 0x00050000 | _ENOSYS, 0x7FFF0000
    load, equal, above, both, answer = 0x20, 0x15, 0x35, 0x54, 0x06
    # Each line: instruction, value, lines to skip when it holds, and when it does not.
    lines = [
        (load, 4, 0, 0),
        (equal, machine, 1, 0),
        (answer, absent, 0, 0),
        (load, 0, 0, 0),
        (above, 0x40000000, 1, 0),
        (equal, _IO_URING_SETUP, 0, 1),
        (answer, absent, 0, 0),
        (equal, socket_number, 1, 0),
        (answer, allow, 0, 0),
        (load, 16, 0, 0),
        (equal, 16, 7, 0),
        (equal, 2, 1, 0),
        (equal, 10, 0, 6),
        (load, 24, 0, 0),
        (both, 0xF, 0, 0),
        (equal, 1, 0, 3),
        (load, 32, 0, 0),
        (equal, 0, 0, 2),
        (answer, allow, 0, 0),
        (answer, refuse, 0, 0),
        (equal, 6, 0, 1),
        (answer, allow, 0, 0),
        (answer, refuse, 0, 0),
    ]
    _install(lines)


def _install(lines: Iterable[tuple[int, int, int, int]]) -> None:
    code = b"".join(struct.pack("HBBI", what, then, otherwise, value) for what, value, then, otherwise in lines)
    text = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(text)))
    _LIBC.prctl(_PR_SET_SECCOMP, 2, header, 0, 0)


def _syscall(number: int, *arguments: object) -> int:
    return int(_LIBC.syscall(number, *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
