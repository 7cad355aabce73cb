"""The cases, group by group."""

from __future__ import annotations

from pal_conformance.case import Case
from pal_conformance.cases import (
    abilities,
    answers,
    cancelling,
    exactness,
    faults,
    load,
    output,
    run_events,
    stages,
    tools,
)

_GROUPS = (answers, output, faults, tools, exactness, run_events, cancelling, load, abilities, stages)
ALL: tuple[Case, ...] = tuple(case for group in _GROUPS for case in group.cases.found)
