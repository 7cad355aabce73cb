"""The cases, group by group."""

from __future__ import annotations

from pal_conformance.case import Case
from pal_conformance.cases import answers, exactness, faults, output, tools

_GROUPS = (answers, output, faults, tools, exactness)
ALL: tuple[Case, ...] = tuple(case for group in _GROUPS for case in group.cases.found)
