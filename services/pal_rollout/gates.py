"""Whether the gates of the present step hold; what is not known never holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import rollout_pb2 as plans
from pal_rollout.metrics import value_of
from pal_rollout.plan import OBJECTIVE_RUNS, least_runs, seconds_of
from pal_rollout.seen import Seen

_VERDICT_PREFIX = "VERDICT_OUTCOME_"


def gates(status: pb.RolloutStatus, seen: Seen) -> list[pb.RolloutGate]:
    """Return the gates of the present step, each with whether it holds and what is known."""
    step = status.rollout.spec.waves[status.wave].steps[status.step]
    agents = [agent for agent in status.agents if agent.wave == status.wave and not agent.left]
    found = [_runs(step, agents)]
    if step.gates.HasField("min_time"):
        found.append(_time(step.gates, status, seen))
    if step.gates.verdict:
        found.append(_verdict(agents))
    for place, objective in enumerate(step.gates.slo):
        reports = {agent.agent: seen.of(agent.agent).objectives.get(place) for agent in agents}
        found.append(_objective(objective, reports))
    if step.gates.HasField("certificate"):
        problem = seen.certificate_problem
        found.append(pb.RolloutGate(name="certificate", holds=not problem, detail=problem or "good"))
    if step.gates.approval:
        found.append(approval(status))
    return found


def approval(status: pb.RolloutStatus) -> pb.RolloutGate:
    """Return the gate that a person opens."""
    said = f"approved by {status.approved_by}" if status.approved_by else "nobody has approved yet"
    return pb.RolloutGate(name="approval", holds=bool(status.approved_by), detail=said)


def held(found: Sequence[pb.RolloutGate]) -> bool:
    """Tell whether every gate holds."""
    return all(gate.holds for gate in found)


def _runs(step: plans.RolloutStep, agents: Sequence[pb.RolloutAgent]) -> pb.RolloutGate:
    least = least_runs(step.gates)
    filled = step.gates.fill == plans.ROLLOUT_FILL_REPLAY
    details, holds = [], True
    for agent in agents:
        counts = agent.counts
        if step.HasField("shadow"):
            enough, said = counts.pairs >= least, f"{counts.pairs} of {least} pairs"
        elif filled:
            # A replay says nothing about the world: one live run at least is needed beside them.
            enough = counts.ended >= 1 and counts.ended + counts.replayed >= least
            said = f"{counts.ended} live runs and {counts.replayed} replays of {least}"
        else:
            enough, said = counts.ended >= least, f"{counts.ended} of {least} runs"
        holds = holds and enough
        details.append(f"{agent.agent}: {said}")
    # Every agent of the wave may be left alone; then there is nothing to wait for.
    return pb.RolloutGate(name="min-runs", holds=holds, detail="; ".join(details) or "no agent is moved here")


def _time(wanted: plans.RolloutGates, status: pb.RolloutStatus, seen: Seen) -> pb.RolloutGate:
    least = seconds_of(wanted.min_time)
    passed = (seen.now_ns - status.step_began_at.ToNanoseconds()) / 1e9
    return pb.RolloutGate(name="min-time", holds=passed >= least, detail=f"{min(passed, least):.0f} of {least:g} s")


def _verdict(agents: Sequence[pb.RolloutAgent]) -> pb.RolloutGate:
    details = []
    for agent in agents:
        outcome = comparisons.VerdictOutcome.Name(agent.verdict).removeprefix(_VERDICT_PREFIX)
        details.append(f"{agent.agent}: {outcome if agent.verdict else 'NO_DATA'}")
    passed = all(agent.verdict == comparisons.VERDICT_OUTCOME_PASS for agent in agents)
    return pb.RolloutGate(name="verdict", holds=passed, detail="; ".join(details) or "no agent is moved here")


def _objective(objective: plans.RolloutObjective, reports: dict[str, slo.SloReport | None]) -> pb.RolloutGate:
    details, holds = [], True
    for agent, report in reports.items():
        fits, said = _figure(objective, report)
        holds = holds and fits
        details.append(f"{agent}: {said}")
    bounds = " and ".join(_bounds(objective))
    return pb.RolloutGate(name=f"slo {objective.metric} {bounds}", holds=holds, detail="; ".join(details))


def _figure(objective: plans.RolloutObjective, report: slo.SloReport | None) -> tuple[bool, str]:
    least = objective.min_runs or OBJECTIVE_RUNS
    runs = report.counted if report is not None else 0
    value = value_of(objective.metric, report) if report is not None else None
    if value is None or runs < least:
        return False, f"no data ({runs} of {least} runs)"
    below = objective.HasField("at_least") and value < objective.at_least
    above = objective.HasField("at_most") and value > objective.at_most
    return not (below or above), f"{value:.4g} of {runs} runs"


def _bounds(objective: plans.RolloutObjective) -> Iterator[str]:
    if objective.HasField("at_least"):
        yield f"at least {objective.at_least:g}"
    if objective.HasField("at_most"):
        yield f"at most {objective.at_most:g}"
