"""What the home wants of its runtimes, as one small file for each.

``runtimes/NAME/runtime.json`` is the only thing that a command and the supervisor have in common. A command replaces it
at once and under a lock; the supervisor notices and acts. Either may die at any moment.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pal_cli.failures import REFUSED, CommandError
from pal_cli.plugins.limits import Limits

_FILE = "runtime.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is wanted of one runtime.

    *source* is what a person asked for. *command* is empty for a runtime that comes with PAL. *environment* is the
    folder below the runtime's own that the command lives in, empty for none. *made* grows with every upgrade,
    *generation* with every order, so that the same order again is a new one. *limits* were stated by a person,
    *declared* by the adapter when it was checked.
    """

    name: str
    source: str = ""
    command: tuple[str, ...] = ()
    environment: str = ""
    runtime: str = ""
    version: str = ""
    running: bool = True
    generation: int = 1
    made: int = 1
    limits: Limits = field(default_factory=Limits)
    declared: Limits = field(default_factory=Limits)
    start_seconds: float = 60.0


class Records:
    """The records of one home."""

    def __init__(self, home: Path) -> None:
        """Keep them below *home*."""
        self.path = home / "runtimes"

    def folder(self, name: str) -> Path:
        """Return the folder of a runtime: its record, its environments, its working directory."""
        return self.path / name

    def names(self) -> list[str]:
        """Return the names that have a record."""
        return sorted(path.parent.name for path in self.path.glob(f"*/{_FILE}"))

    def read(self, name: str) -> Record | None:
        """Return a record; None when there is none, or none that can be read."""
        try:
            raw = json.loads((self.folder(name) / _FILE).read_text())
            limits, declared = Limits(**raw["limits"]), Limits(**raw["declared"])
            return Record(**{**raw, "command": tuple(raw["command"]), "limits": limits, "declared": declared})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, record: Record) -> None:
        """Replace a record at once, so that no reader sees half of it."""
        folder = self.folder(record.name)
        folder.mkdir(parents=True, exist_ok=True)
        incoming = folder / f"{_FILE}.tmp"
        incoming.write_text(json.dumps(dataclasses.asdict(record), indent=2))
        os.replace(incoming, folder / _FILE)

    def forget(self, name: str) -> None:
        """Withdraw a record; what it was made of stays until :meth:`clear`."""
        (self.folder(name) / _FILE).unlink(missing_ok=True)

    def clear(self, name: str) -> None:
        """Delete everything of a runtime."""
        shutil.rmtree(self.folder(name), ignore_errors=True)

    def adopt(self, name: str, made: Path) -> str:
        """Move the environment *made* to a place of its own below the folder of a runtime, and return which.

        Environments that no record names are deleted; the one in use stays.
        """
        kept = record.environment if (record := self.read(name)) else ""
        environments = self.folder(name) / "envs"
        for path in environments.glob("*"):
            if f"envs/{path.name}" != kept:
                shutil.rmtree(path, ignore_errors=True)
        number = int(Path(kept).name) + 1 if kept else 1
        environments.mkdir(parents=True, exist_ok=True)
        os.rename(made, environments / str(number))
        return f"envs/{number}"

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Work on a runtime alone.

        Raises:
            CommandError: another command works on it.
        """
        locks = self.path / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / name).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CommandError(
                    f"another command works on runtime {name} right now; try again when it is done", REFUSED
                ) from None
            yield
