"""How much of the machine an adapter process may use."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Self

from pal.v1 import runtime_capability_pb2 as capabilities


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Ceilings of one adapter process and what it starts; None means not stated.

    *memory_mib* is memory of its own, not shared with files. *cpu_percent* is a share of one core over time.
    *processes* counts threads too.
    """

    memory_mib: int | None = None
    cpu_percent: int | None = None
    open_files: int | None = None
    processes: int | None = None

    @classmethod
    def declared(cls, declared: capabilities.RuntimeLimits) -> Self:
        """Return what a runtime declares."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: getattr(declared, name) or None for name in names})

    def over(self, other: Limits) -> Limits:
        """Return these, with those of *other* where nothing is stated here."""
        stated = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        return dataclasses.replace(other, **stated)


DEFAULTS = Limits(memory_mib=1024, open_files=4096, processes=512)
