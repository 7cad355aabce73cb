"""The directory of a mesh, as far as drills need it: its keys, its certificates, its processes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of the mesh as its supervisor last saw it."""

    pid: int
    restarts: int
    state: str
    version: str


class ProcessNotFound(MeshError):
    """The mesh has no such process on this machine."""

    def __init__(self, name: str, problem: str) -> None:
        """Say in *problem* what there is instead."""
        super().__init__(reasons.ERROR_REASON_PROCESS_NOT_FOUND, problem, process=name)


@dataclass(frozen=True)
class Home:
    """The home of a mesh, which its supervisor holds."""

    path: Path

    @property
    def keys(self) -> Path:
        """The keys."""
        return self.path / "keys"

    @property
    def certificates(self) -> Path:
        """One file for each drill."""
        return self.path / "certificates"

    def processes(self) -> dict[str, Process]:
        """Return the processes of the mesh by name; empty when no mesh runs here."""
        state = self._state()
        known = state.get("processes", {}).items()
        names = ("pid", "restarts", "state", "version")
        return {process: Process(**{name: one[name] for name in names}) for process, one in known}

    def find(self, name: str) -> Process:
        """Return a process of the mesh.

        Raises:
            ProcessNotFound: there is none.
        """
        known = self.processes()
        if not known:
            raise ProcessNotFound(name, f"no mesh runs in {self.path}; processes are reached on their own machine only")
        if name not in known:
            there = ", ".join(sorted(known))
            raise ProcessNotFound(name, f"process {name} is not part of this mesh; there are: {there}")
        return known[name]

    def _state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads((self.path / "mesh.json").read_text())
            # What a supervisor that was killed left behind is not the mesh.
            os.kill(state["pid"], 0)
        except (OSError, ValueError, KeyError):
            return {}
        return state
