"""What is wrong with a text of documents: where, what, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pal.v1 import error_reason_pb2 as reasons
from pal_rpc.errors import MeshError

_REPORTED = 5
_ENOUGH = 50
# A status message holds 1024 bytes.
_MESSAGE_CHARACTERS = 900
_PROBLEM_CHARACTERS = 400


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    line: int
    path: str
    text: str
    document: str
    reason: reasons.ErrorReason = reasons.ERROR_REASON_INVALID_DOCUMENT
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Problems:
    """Collects what is wrong with one document, which is called *document*."""

    document: str
    first_line: int
    lines: dict[str, int] = field(default_factory=dict)
    found: list[Problem] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether so much is wrong that reading on helps nobody."""
        return len(self.found) >= _ENOUGH

    def add(
        self,
        path: str,
        text: str,
        *,
        line: int | None = None,
        reason: reasons.ErrorReason = reasons.ERROR_REASON_INVALID_DOCUMENT,
        values: Mapping[str, str] | None = None,
    ) -> None:
        """Note that *text* is wrong with *path*; the line is that of the path or of what it lies in.

        Nothing is noted inside something that is wrong as a whole: one mistake is one problem.
        """
        if self.full or any(
            path == known.path or path.startswith((f"{known.path}.", f"{known.path}[")) for known in self.found
        ):
            return
        self.found.append(Problem(line or self.line(path), path, text, self.document, reason, values or {}))

    def line(self, path: str) -> int:
        """Return the line of *path*, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = re.sub(r"(^|\.)[^.\[\]]+$|\[[^\[\]]*\]$", "", path)
        return self.lines.get(path, self.first_line)


def refuse(problems: list[Problem], source: str) -> None:
    """Raise the first few *problems* as one error, or do nothing when there are none.

    Raises:
        MeshError: with the reason of the first problem, whose path, document, line and values are the metadata.
    """
    if not problems:
        return
    problems = sorted(problems, key=lambda problem: problem.line)
    first = problems[0]
    document = " ".join(filter(None, (source, first.document)))
    where = {"path": first.path, "document": document, "line": first.line}
    error = MeshError(first.reason, _message(problems, source), **where, **first.values)
    if len(problems) > 1:
        error.violations = [(problem.path, problem.text) for problem in problems if problem.path]
    raise error


def _within(path: str, whole: str) -> bool:
    return path == whole or path.startswith((f"{whole}.", f"{whole}["))


def _message(problems: list[Problem], source: str) -> str:
    lines: list[str] = []
    for problem in problems[:_REPORTED]:
        where = f"{source}:{problem.line}" if source else f"line {problem.line}"
        text = ": ".join(filter(None, (where, problem.path, problem.text)))
        if lines and sum(map(len, lines)) + min(len(text), _PROBLEM_CHARACTERS) > _MESSAGE_CHARACTERS:
            break
        lines.append(text if len(text) <= _PROBLEM_CHARACTERS else text[:_PROBLEM_CHARACTERS] + "…")
    if more := len(problems) - len(lines):
        lines.append(f"and {more} more")
    return "\n".join(lines)
