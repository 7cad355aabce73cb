"""What puts everything back, and why."""

from __future__ import annotations

from collections.abc import Iterator

from pal.service.v1 import rollout_service_pb2 as pb
from pal.service.v1 import slo_pb2 as slo
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import rollout_pb2 as plans
from pal_rollout.metrics import burn_of
from pal_rollout.plan import (
    BURN_OBJECTIVE,
    BURN_RATE,
    BURN_RUNS,
    GRACE_SECONDS,
    WHOLE,
    seconds_of,
    wanted,
)
from pal_rollout.ratio import mismatched
from pal_rollout.routes import share_of
from pal_rollout.seen import AgentSeen, Seen

# Both at once: the long one says that it matters, the short one that it still goes on. Beyer et al., "The Site
# Reliability Workbook" (2018), chapter 5: 14.4 uses up 2 % of a budget of 30 days in one hour.
BURN_WINDOWS = (3600, 300)


def trigger(status: pb.RolloutStatus, seen: Seen) -> str:
    """Return why everything has to be put back; empty while nothing says so."""
    abort = status.rollout.spec.abort
    exposed = [agent for agent in status.agents if not agent.left and (share_of(agent) or agent.shadow_id)]
    if not exposed:
        return ""
    found = [*_mesh(status, abort, seen)]
    for agent in exposed:
        told = seen.of(agent.agent)
        found.extend(f"{agent.agent}: {why}" for why in _agent(abort, agent, told))
        if share_of(agent) and told.burn is not None and not abort.burn.off and _own(status, agent, seen.now_ns):
            found.extend(f"{agent.agent}: {why}" for why in _burning(abort.burn, told.burn))
    return "; ".join(found)


def objective_of(burn: plans.RolloutBurn) -> float:
    """Return the share of runs that should succeed."""
    return burn.objective or BURN_OBJECTIVE


def _mesh(status: pb.RolloutStatus, abort: plans.RolloutAbort, seen: Seen) -> Iterator[str]:
    grace = seconds_of(abort.adapter_grace) if abort.HasField("adapter_grace") else GRACE_SECONDS
    if wanted(abort, "adapter") and seen.candidate_away_seconds > grace:
        yield f"lost adapter: {status.rollout.spec.candidate} has taken no runs for {seen.candidate_away_seconds:.1f} s"
    spent, budget = status.spent, abort.budget
    if abort.HasField("budget") and spent.currency_code == budget.currency_code and spent.nanos >= budget.nanos:
        code = budget.currency_code
        yield f"budget: {spent.nanos / 1e9:.4g} of {budget.nanos / 1e9:g} {code} are spent"


def _agent(abort: plans.RolloutAbort, agent: pb.RolloutAgent, seen: AgentSeen) -> Iterator[str]:
    if agent.shadow_id and seen.verdict is not None:
        yield from _compared(abort, seen.verdict)
    share = share_of(agent)
    if not share:
        return
    if seen.breaker and wanted(abort, "breaker"):
        yield f"open breaker: {seen.breaker}"
    counts = agent.counts
    if wanted(abort, "sample_ratio") and mismatched(counts.to_candidate, counts.to_stable, share / WHOLE):
        total = counts.to_candidate + counts.to_stable
        yield f"sample-ratio mismatch: {counts.to_candidate} of {total} new runs, where the weight is {share / 100:g} %"


def _compared(abort: plans.RolloutAbort, verdict: comparisons.Verdict) -> Iterator[str]:
    hard = next((top for top in verdict.findings if top.finding.hard), None)
    if hard is not None and wanted(abort, "hard_finding"):
        yield f"hard finding in {hard.pairs} of {hard.pairs_compared} pairs: {hard.finding.message}"
    elif verdict.outcome == comparisons.VERDICT_OUTCOME_FAIL and wanted(abort, "verdict"):
        yield f"verdict FAIL: {verdict.reason}"


def _own(status: pb.RolloutStatus, agent: pb.RolloutAgent, now_ns: int) -> bool:
    """Tell whether the step is to blame: one that is younger than the short window has to burn by its own runs.

    What an earlier attempt burnt is in the windows as well, and would end the next one before its first run.
    """
    burn, counts = status.rollout.spec.abort.burn, agent.counts
    if not status.HasField("step_began_at"):
        return False
    if now_ns - status.step_began_at.ToNanoseconds() >= min(BURN_WINDOWS) * 10**9:
        return True
    if counts.ended < (burn.min_runs or BURN_RUNS):
        return False
    failed = 1 - counts.succeeded / counts.ended
    return failed / (1 - objective_of(burn)) >= (burn.rate or BURN_RATE)


def _burning(burn: plans.RolloutBurn, report: slo.SloReport) -> Iterator[str]:
    rate, least = burn.rate or BURN_RATE, burn.min_runs or BURN_RUNS
    found = [burn_of(report, window) for window in BURN_WINDOWS]
    if all(one is not None and one.HasField("rate") and one.runs >= least and one.rate >= rate for one in found):
        hour, minutes = (one.rate for one in found if one is not None)
        yield f"burn rate: {hour:.1f} over 1 h and {minutes:.1f} over 5 min, where {rate:g} is too much"
