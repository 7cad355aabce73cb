"""A case: one claim about an adapter, and how it is put to the test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pal.v1 import run_event_pb2 as events
from pal.v1 import runtime_capability_pb2 as capabilities
from pal_conformance.run import ending

if TYPE_CHECKING:
    from pal_conformance.bench import Bench

Test = Callable[["Bench"], Awaitable[None]]

SUCCEEDED = (events.RUN_OUTCOME_SUCCEEDED, "")
CANCELLED = (events.RUN_OUTCOME_CANCELLED, "RUN_CANCELLED")
# Capabilities as cases and declarations name them: fields of RuntimeFeatures, or "mode:" and the word.
CONVERSATIONAL, WORKFLOW = "mode:conversational", "mode:workflow"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One claim.

    *capability* is what the adapter has to declare for the claim to be its own; empty means that every adapter makes
    it. *outcome* is how the runs of the case end on every runtime, with the reason; None where no run is made. A case
    that is *alone* measures time or load, so nothing runs beside it.
    """

    id: str
    claim: str
    test: Test
    capability: str = ""
    outcome: tuple[events.RunOutcome, str] | None = SUCCEEDED
    # The rules of the event grammar it is about; empty: all of them hold beside the claim.
    rules: frozenset[str] = frozenset()
    alone: bool = False

    @property
    def ending(self) -> str:
        """How its runs end, for people."""
        return ending(*self.outcome) if self.outcome else "-"


def declares(declared: capabilities.RuntimeCapability, capability: str) -> bool:
    """Tell whether *declared* has *capability*; every adapter has the empty one."""
    if capability.startswith("mode:"):
        return capability.removeprefix("mode:") in declared.capabilities.modes
    return not capability or bool(getattr(declared.capabilities, capability))


class Cases:
    """The cases of one group, in the order they are written in."""

    def __init__(self, group: str, capability: str = "") -> None:
        """Start the ids with *group*; its cases need *capability* unless they say otherwise."""
        self.found: list[Case] = []
        self._group = group
        self._capability = capability

    def case(
        self,
        name: str,
        claim: str,
        *,
        capability: str | None = None,
        outcome: tuple[events.RunOutcome, str] | None = SUCCEEDED,
        rules: frozenset[str] = frozenset(),
        alone: bool = False,
    ) -> Callable[[Test], Test]:
        """Add the decorated test as a case."""

        def add(test: Test) -> Test:
            self.found.append(
                Case(
                    id=f"{self._group}.{name}",
                    claim=claim,
                    test=test,
                    capability=self._capability if capability is None else capability,
                    outcome=outcome,
                    rules=rules,
                    alone=alone,
                )
            )
            return test

        return add
