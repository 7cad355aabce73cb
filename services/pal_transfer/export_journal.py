"""How far an export has come: one line for each step, written once everything of the step is on the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pal_transfer.export_file import BrokenExport, Part, sync

JOURNAL = "unfinished.jsonl"


@dataclass(kw_only=True)
class Step:
    """What one step has brought."""

    # Where the next step goes on in the list of runs.
    cursor: str
    # Whether there is no next step.
    complete: bool
    parts: list[Part] = field(default_factory=list)
    unfinished_runs: int = 0
    # Kind and digest of the documents that runs pin.
    documents: list[list[str]] = field(default_factory=list)
    # Artifacts that runs refer to, but nobody keeps.
    missing: list[str] = field(default_factory=list)


class Journal:
    """The steps of the export in a directory."""

    def __init__(self, directory: Path, words: Mapping[str, Any]) -> None:
        """Begin the export that *words* tell from others, or take up the one that was begun.

        Raises:
            BrokenExport: the directory holds something else.
        """
        self._path = directory / JOURNAL
        self.steps: list[Step] = []
        directory.mkdir(parents=True, exist_ok=True)
        lines = _whole_lines(self._path.read_bytes()) if self._path.exists() else []
        if not lines:
            if any(entry.name != JOURNAL for entry in directory.iterdir()):
                raise BrokenExport(f"{directory} is not empty and holds no export; choose another place")
            self._add(words)
            return
        if lines[0] != words:
            raise BrokenExport(f"{directory} holds the beginning of another export; choose another place, or remove it")
        for line in lines[1:]:
            parts = [Part(**part) for part in line.pop("parts")]
            self.steps.append(Step(parts=parts, **line))

    @property
    def parts(self) -> list[Part]:
        """The parts so far."""
        return [part for step in self.steps for part in step.parts]

    def add(self, step: Step) -> None:
        """Note durably that *step* is done."""
        self._add(asdict(step))
        self.steps.append(step)

    def remove(self) -> None:
        """Forget the steps: the manifest is there."""
        self._path.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Forget the steps, and the directory with them when nothing else is in it."""
        self.remove()
        if not any(self._path.parent.iterdir()):
            self._path.parent.rmdir()

    def _add(self, line: Mapping[str, Any]) -> None:
        with self._path.open("ab") as file:
            # What a crash has left of a line is overwritten, not continued.
            file.truncate(_whole_bytes(self._path))
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync(self._path.parent)


def _whole_lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


def _whole_bytes(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1
