"""Identifiers of calls that are made again: a later attempt of a run repeats a lost call under a name of its own."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import TypeVar

T = TypeVar("T")

_AGAIN = "~"
_REPEAT = re.compile(rf"{_AGAIN}\d+$")


def fresh(call_id: str, taken: Container[str]) -> str:
    """Return *call_id*, or ``call_id~2``, ``call_id~3`` and so on where it is *taken*."""
    candidate, number = call_id, 2
    while candidate in taken:
        candidate, number = f"{call_id}{_AGAIN}{number}", number + 1
    return candidate


def newest(call_id: str, calls: Mapping[str, T]) -> T | None:
    """Return the newest of *calls* that was made for *call_id*."""
    found, number = calls.get(call_id), 2
    while (again := calls.get(f"{call_id}{_AGAIN}{number}")) is not None:
        found, number = again, number + 1
    return found


def first(call_id: str) -> str:
    """Return the identifier that the call was made under first.

    A tool call is named after the model call that asked for it, which may have been made again itself: that part of its
    name stays, or two calls of one answer would be taken for one.
    """
    return _REPEAT.sub("", call_id)
