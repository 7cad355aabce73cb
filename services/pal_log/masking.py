"""Masking: values at JSON Pointers (RFC 6901) that must not reach the record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

MASK = "[masked]"


def masked(json_text: str, pointers: Sequence[str]) -> tuple[str, list[str]]:
    """Return *json_text* without the values at *pointers*, and the pointers that there was a value at.

    Text that is not JSON is masked as a whole.
    """
    try:
        value = json.loads(json_text)
    except (ValueError, RecursionError):
        return json.dumps(MASK), [""]
    hidden = []
    for pointer in pointers:
        value, found = _masked(value, pointer)
        if found:
            hidden.append(pointer)
    return (json.dumps(value, ensure_ascii=False), hidden) if hidden else (json_text, [])


def _masked(value: Any, pointer: str) -> tuple[Any, bool]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    if not steps:
        return MASK, True
    parent = value
    for step in steps[:-1]:
        parent = _child(parent, step)
    last = steps[-1]
    if isinstance(parent, dict) and last in parent:
        parent[last] = MASK
        return value, True
    if isinstance(parent, list) and last.isdigit() and int(last) < len(parent):
        parent[int(last)] = MASK
        return value, True
    return value, False


def _child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None
