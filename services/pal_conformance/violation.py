"""One rule, broken by one run."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message


@dataclass(frozen=True)
class Violation:
    """Which *rule* is broken, what the problem is, and the frame, event or request that shows it."""

    rule: str
    problem: str
    evidence: Message | str = ""
