"""The mesh as its supervisor last saw it, in a file that others read."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

LOCK = "mesh.lock"
_FILE = "mesh.json"


@dataclass(kw_only=True)
class ProcessState:
    """A process of the mesh as its supervisor last saw it; *services* maps names to addresses.

    *generation* is that of the record which the state answers to. *reason* says why it does not serve, or not as its
    record wants; *ended* why it ended last.
    """

    pid: int
    services: dict[str, str]
    log: str
    started_at: float
    serving_at: float = 0.0
    restarts: int = 0
    state: str = "starting"
    adapter: bool = False
    generation: int = 0
    reason: str = ""
    ended: str = ""
    version: str = ""


@dataclass(kw_only=True)
class MeshState:
    """The mesh as its supervisor last saw it."""

    pid: int
    started_at: float
    addresses: dict[str, str]
    processes: dict[str, ProcessState] = field(default_factory=dict)
    ready: bool = False


def read(home: Path) -> MeshState | None:
    """Return the state of the mesh that runs in *home*; None when none runs, whatever was left behind."""
    if not in_use(home):
        return None
    try:
        raw = json.loads((home / _FILE).read_text())
        raw["processes"] = {name: ProcessState(**known) for name, known in raw["processes"].items()}
        return MeshState(**raw)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(home: Path, state: MeshState) -> None:
    """Replace the state at once, so that no reader sees half of it."""
    incoming = home / "mesh.tmp"
    incoming.write_text(json.dumps(dataclasses.asdict(state), indent=2))
    os.replace(incoming, home / _FILE)


def forget(home: Path) -> None:
    """Remove what was written, if anything was."""
    (home / _FILE).unlink(missing_ok=True)


def in_use(home: Path) -> bool:
    """Tell whether a supervisor holds *home*."""
    try:
        with (home / LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
