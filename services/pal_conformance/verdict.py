"""What a case found, and how it says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

_EVIDENCE_CHARACTERS = 2000


class Status(StrEnum):
    """How a case ended."""

    passed = "passed"
    failed = "failed"
    skipped = "skipped"


class Broken(Exception):
    """A rule is broken: which, and the event or request that broke it."""

    def __init__(self, problem: str, evidence: Message | str = "") -> None:
        """Say in *problem* what was expected and what came; *evidence* is shown beside it."""
        super().__init__(problem)
        self.problem = problem
        self.evidence = shown(evidence)
        # What was seen of the runs until then.
        self.runs: tuple[dict[str, Any], ...] = ()


class Unmeasured(Exception):
    """The case does not apply to this target; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one case found on one target."""

    case_id: str
    claim: str
    status: Status
    seconds: float = 0.0
    # Why it failed or was skipped.
    reason: str = ""
    evidence: str = ""
    # The capability that it measures; empty for what every adapter has to hold.
    capability: str = ""
    # What was seen of each run, comparable between runtimes.
    runs: tuple[dict[str, Any], ...] = field(default=())


def shown(evidence: Message | str) -> str:
    """Return *evidence* as one line of at most 2000 characters."""
    if isinstance(evidence, Message):
        name = evidence.DESCRIPTOR.name
        text = json_format.MessageToJson(evidence, indent=None, ensure_ascii=False)
        evidence = f"{name} {text}"
    return evidence if len(evidence) <= _EVIDENCE_CHARACTERS else evidence[:_EVIDENCE_CHARACTERS] + "…"
