"""What was seen in a drill: the facts that its certificate is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal.v1 import run_event_pb2 as events

SUCCEEDED = events.RUN_OUTCOME_SUCCEEDED


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One run of a drill by its whole log; a run that could not be started or read has a *problem* instead."""

    step: pb.GameDayStep
    log: Sequence[events.RunEvent] = ()
    run_id: str = ""
    problem: str = ""

    @property
    def agent(self) -> str:
        """Its agent; empty while nothing of it is known."""
        return self.log[0].run_accepted.agent.name if self.log else ""

    @property
    def runtimes(self) -> list[str]:
        """The runtimes of its attempts, in order."""
        return [event.run_routed.runtime for event in self.log if event.HasField("run_routed")]

    @property
    def finished(self) -> events.RunFinished:
        """Its end; an empty one while there is none."""
        return self.log[-1].run_finished if self.log else events.RunFinished()

    @property
    def accepted_ns(self) -> int:
        """When it was accepted, by the clock of the recorder."""
        return self.log[0].recorded_at.ToNanoseconds() if self.log else 0

    @property
    def ended_ns(self) -> int:
        """When it ended, by the clock of the recorder."""
        return self.log[-1].recorded_at.ToNanoseconds() if self.log else 0

    @property
    def receipts(self) -> list[tuple[int, events.FaultInjected]]:
        """The faults that it met, each with the position of its receipt."""
        return [(event.seq, event.fault_injected) for event in self.log if event.HasField("fault_injected")]

    @property
    def expected(self) -> bool:
        """Whether it went as the plan says."""
        runs = self.step.runs
        began_on = self.runtimes[0] if self.runtimes else ""
        as_told = self.finished.outcome in (runs.expect or [SUCCEEDED])
        return not self.problem and as_told and runs.expect_runtime in ("", began_on)


@dataclass(frozen=True, kw_only=True)
class Put:
    """A fault that was put by a step."""

    step: str
    fault_id: str
    kind: faults.FaultKind


@dataclass(frozen=True, kw_only=True)
class RolledBack:
    """A route that was put back: when that was ordered, when every router had acknowledged it, when it changed next.

    *until_ns* is 0 for one that did not change any more.
    """

    step: str
    agent: str
    left: str
    back_on: str
    switched_ns: int
    ordered_ns: int
    acknowledged_ns: int
    until_ns: int = 0


@dataclass(kw_only=True)
class Evidence:
    """Everything that was seen in one drill."""

    plan: pb.GameDay
    drill_id: str
    began_ns: int
    ended_ns: int = 0
    runs: list[Seen] = field(default_factory=list)
    faults: list[Put] = field(default_factory=list)
    # What was done beside faults; without *seen* nothing shows that it took place.
    actions: list[pb.DrillReceipt] = field(default_factory=list)
    rollbacks: list[RolledBack] = field(default_factory=list)
    rollouts: list[pb.DrillRollout] = field(default_factory=list)
    documents: list[pb.DrillDocument] = field(default_factory=list)
    processes: list[pb.DrillProcess] = field(default_factory=list)
    audit: pb.DrillAudit | None = None
    # Tools that may be sent twice without happening twice.
    repeatable: frozenset[str] = frozenset()
    # Why it was broken off. Empty when it was not.
    broken_off: str = ""
    # What else could not be done or read.
    problems: Mapping[str, str] = field(default_factory=dict)

    def receipts(self) -> list[pb.DrillReceipt]:
        """Return what shows that faults and actions took place."""
        steps = {put.fault_id: put for put in self.faults}
        met = [
            pb.DrillReceipt(
                step=steps[injected.fault_id].step,
                what=faults.FaultKind.Name(injected.kind).removeprefix("FAULT_KIND_"),
                run_id=run.run_id,
                seq=seq,
            )
            for run in self.runs
            for seq, injected in run.receipts
            if injected.fault_id in steps
        ]
        return [*met, *(action for action in self.actions if action.seen)]

    def without_receipt(self) -> list[str]:
        """Return the steps that were taken and left nothing that shows it."""
        shown = {receipt.step for receipt in self.receipts()}
        taken = [*(put.step for put in self.faults), *(action.step for action in self.actions)]
        return [step for step in dict.fromkeys(taken) if step not in shown]
