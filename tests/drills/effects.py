"""Tools that count what they do to the world, which is a file, and that may take their process down while they do it.

They stand for back ends: *charge* drops a second call with the same key, *note* does not, *look* changes nothing.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

WORLD = Path(os.environ.get("PAL_DRILL_WORLD", "world"))
BEFORE, AFTER = "before-effect", "after-effect"


def charge(order: str, idempotency_key: str) -> dict[str, Any]:
    """Charge an order, once for each key."""
    if not _done(idempotency_key):
        _effect("charge", order, idempotency_key)
    return {"charged": order}


def note(order: str, idempotency_key: str) -> dict[str, Any]:
    """Add a note; twice when called twice."""
    _effect("note", order, idempotency_key)
    return {"noted": order}


def look(order: str) -> dict[str, Any]:
    """Look an order up."""
    return {"order": order}


def effects(world: Path) -> list[dict[str, str]]:
    """Return what was done to the world."""
    file = world / "effects.jsonl"
    if not file.exists():
        return []
    # Whoever reads while a line is written across two pages of the file sees the half of it.
    whole, _, _ = file.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def _done(key: str) -> bool:
    return any(effect["key"] == key for effect in effects(WORLD))


def _effect(tool: str, order: str, key: str) -> None:
    _die(BEFORE)
    with (WORLD / "effects.jsonl").open("a") as file:
        file.write(json.dumps({"tool": tool, "order": order, "key": key}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    _die(AFTER)


def _die(point: str) -> None:
    """End this process at *point* when the drill has asked for it; the wish is good for one death."""
    wish = WORLD / point
    try:
        wish.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
