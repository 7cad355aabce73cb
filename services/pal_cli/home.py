"""Where a mesh keeps its things, and what is known of the one that runs."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pal_rpc.config import StartError

DEFAULT_ADDRESSES = {
    "router": "127.0.0.1:7400",
    "registry": "127.0.0.1:7401",
    "recorder": "127.0.0.1:7402",
    "llm_provider": "127.0.0.1:7403",
    "tool_executor": "127.0.0.1:7404",
    "migration": "127.0.0.1:7405",
}
FIRST_ADAPTER_OFFSET = 10


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

    @property
    def _state(self) -> Path:
        return self.path / "mesh.json"

    def read_state(self) -> MeshState | None:
        """Return the state of the mesh that runs here; None when none runs, whatever was left behind."""
        if not self.in_use():
            return None
        try:
            raw = json.loads(self._state.read_text())
            raw["processes"] = {name: ProcessState(**known) for name, known in raw["processes"].items()}
            return MeshState(**raw)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_state(self, state: MeshState) -> None:
        """Replace the state at once, so that no reader sees half of it."""
        incoming = self._state.with_suffix(".tmp")
        incoming.write_text(json.dumps(dataclasses.asdict(state), indent=2))
        os.replace(incoming, self._state)

    def in_use(self) -> bool:
        """Tell whether a supervisor holds this home."""
        try:
            with (self.path / "mesh.lock").open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this home for one supervisor; what an earlier one left behind is removed.

        Raises:
            StartError: another supervisor holds it, or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            lock = (self.path / "mesh.lock").open("a")
        except OSError as error:
            raise StartError(f"{self.path}: {error.strerror}; make it writable or choose another with --home") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StartError(
                    f"a mesh runs in {self.path} already; `pal status` shows it, `pal down` stops it"
                ) from None
            self._state.unlink(missing_ok=True)
            try:
                yield
            finally:
                self._state.unlink(missing_ok=True)


def default_home() -> Path:
    """Return the home that commands use when none is named."""
    return Path(os.environ.get("PAL_HOME") or ".pal")
