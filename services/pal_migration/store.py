"""Where the migration service keeps what cannot be read from the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What an item is."""

    SHADOW = "shadow"
    SAMPLE = "sample"
    COMPARISON = "comparison"
    VERDICT = "verdict"
    CURSOR = "cursor"
    ROLLOUT = "rollout"
    DRILL = "drill"


@dataclass(frozen=True)
class Item:
    """Something kept under a key, encoded. Keys sort by what they begin with: ``SHADOW_ID/RUN_ID``."""

    kind: Kind
    key: str
    encoded: bytes


class MigrationStore(Protocol):
    """Keeps items; what a write returns from is durable.

    Raises (every method):
        MeshError: STORE_UNAVAILABLE; nothing of a write was kept.
    """

    async def put(self, items: Sequence[Item]) -> None:
        """Insert or replace all of *items* or none."""

    async def items(self, kind: Kind, prefix: str = "") -> list[Item]:
        """Return the items of *kind* whose key begins with *prefix*, in the order of their keys."""

    async def close(self) -> None:
        """Release everything."""
