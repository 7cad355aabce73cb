"""Where a mesh keeps its things, and what is known of the one that runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pal_rpc import mesh_state
from pal_rpc.config import StartError
from pal_rpc.mesh_state import MeshState

DEFAULT_ADDRESSES = {
    "router": "127.0.0.1:7400",
    "registry": "127.0.0.1:7401",
    "recorder": "127.0.0.1:7402",
    "llm_provider": "127.0.0.1:7403",
    "tool_executor": "127.0.0.1:7404",
    "migration": "127.0.0.1:7405",
}
FIRST_ADAPTER_OFFSET = 10


@dataclass(frozen=True)
class Home:
    """A directory that holds one mesh: keys, data, logs, and the state of its supervisor."""

    path: Path

    @property
    def keys(self) -> Path:
        """The keys and service tokens."""
        return self.path / "keys"

    @property
    def data(self) -> Path:
        """The record and the documents."""
        return self.path / "data"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.path / "logs"

    @property
    def certificates(self) -> Path:
        """One file for each drill."""
        return self.path / "certificates"

    def read_state(self) -> MeshState | None:
        """Return the state of the mesh that runs here; None when none runs."""
        return mesh_state.read(self.path)

    def write_state(self, state: MeshState) -> None:
        """Replace the state."""
        mesh_state.write(self.path, state)

    def in_use(self) -> bool:
        """Tell whether a supervisor holds this home."""
        return mesh_state.in_use(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this home for one supervisor; what an earlier one left behind is removed.

        Raises:
            StartError: another supervisor holds it, or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            lock = (self.path / mesh_state.LOCK).open("a")
        except OSError as error:
            raise StartError(f"{self.path}: {error.strerror}; make it writable or choose another with --home") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StartError(
                    f"a mesh runs in {self.path} already; `pal status` shows it, `pal down` stops it"
                ) from None
            mesh_state.forget(self.path)
            try:
                yield
            finally:
                mesh_state.forget(self.path)


def default_home() -> Path:
    """Return the home that commands use when none is named."""
    return Path(os.environ.get("PAL_HOME") or ".pal")
