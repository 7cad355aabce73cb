"""The directory of a mesh, as far as drills need it: its keys, its certificates, its processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc import mesh_state
from pal_rpc.errors import MeshError
from pal_rpc.mesh_state import ProcessState


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

    def processes(self) -> dict[str, ProcessState]:
        """Return the processes of the mesh by name; empty when no mesh runs here."""
        state = mesh_state.read(self.path)
        return state.processes if state else {}

    def find(self, name: str) -> ProcessState:
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
