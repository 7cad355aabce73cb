"""The invariants of a drill, each held against what was seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from pal.v1 import gameday_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_gameday.evidence import Evidence, Seen
from pal_gameday.rollbacks import measured
from pal_log.grammar import violations

PASS, FAIL, INVALID = pb.DRILL_VERDICT_PASS, pb.DRILL_VERDICT_FAIL, pb.DRILL_VERDICT_INVALID
_EXECUTED = events.CALL_DISPOSITION_EXECUTED
_NAMED = 3
_ONE = {
    "documents": "document",
    "processes": "process",
    "runs": "run",
    "logs": "log",
    "runs audited": "run audited",
    "effects": "effect",
    "rollbacks": "rollback",
    "rollouts": "rollout",
}
Judged = tuple[pb.DrillVerdict, str]


def judged(invariant: pb.GameDayInvariant, seen: Evidence) -> pb.DrillFinding:
    """Return whether *invariant* held; what there is no data for did not."""
    verdict, detail = _RULES[invariant](seen)
    return pb.DrillFinding(invariant=invariant, verdict=verdict, detail=detail)


def _specs(seen: Evidence) -> Judged:
    changed = [f"{one.kind} {one.name}" for one in seen.documents if not one.before or one.before != one.after]
    return _of(len(seen.documents), "documents", changed, "changed")


def _processes(seen: Evidence) -> Judged:
    watched = [one for one in seen.processes if not one.planned]
    changed = [one.name for one in watched if not one.before or one.before != one.after]
    return _of(len(watched), "processes", changed, "lived on as another")


def _fates(seen: Evidence) -> Judged:
    return _of(len(seen.runs), "runs", [_fate(run) for run in seen.runs if not run.expected], "not as expected")


def _logs(seen: Evidence) -> Judged:
    read = [run for run in seen.runs if run.run_id]
    broken = [f"{run.run_id}: {problem}" for run in read for problem in violations(run.log)[:1]]
    return _of(len(read), "logs", broken, "broken")


def _audit(seen: Evidence) -> Judged:
    if seen.audit is None:
        return INVALID, "no audit was made"
    return _of(seen.audit.runs, "runs audited", list(seen.audit.findings), "findings")


def _effects(seen: Evidence) -> Judged:
    twice, unknown, writes = [], 0, 0
    for run in seen.runs:
        for tool, times, unsettled in _writes(run, seen.repeatable):
            writes += 1
            unknown += unsettled
            if times > 1:
                twice.append(f"{run.run_id}: {tool} {times} times")
    if not any(run.log for run in seen.runs):
        return INVALID, "no log was read"
    verdict, detail = _of(writes, "effects", twice, "happened more than once") if writes else (PASS, "no effects")
    return verdict, f"{detail}; {unknown} of unknown outcome" if unknown else detail


def _writes(run: Seen, repeatable: frozenset[str]) -> Iterator[tuple[str, int, bool]]:
    """Yield each intended write of *run*: its tool, how often it may have happened, whether its outcome is unknown.

    A write is known by its key, which is the same on every attempt.
    """
    asked: dict[str, events.ToolCallRequested] = {}
    sent: Counter[str] = Counter()
    done: Counter[str] = Counter()
    outcomes: defaultdict[str, set[int]] = defaultdict(set)
    for event in run.log:
        match event.WhichOneof("body"):
            case "tool_call_requested":
                asked[event.tool_call_requested.call_id] = event.tool_call_requested
            case "tool_call_dispatched" if event.tool_call_dispatched.disposition == _EXECUTED:
                sent[asked[event.tool_call_dispatched.call_id].idempotency_key] += 1
            case "tool_call_finished" if event.tool_call_finished.call_id in asked:
                finished = event.tool_call_finished
                key = asked[finished.call_id].idempotency_key
                outcomes[key].add(finished.outcome)
                done[key] += finished.outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED
    writes = {one.idempotency_key: one for one in asked.values() if one.effect_class == tools.EFFECT_CLASS_WRITE}
    for key, request in writes.items():
        if sent[key]:
            times = done[key] if request.tool.name in repeatable else max(sent[key], done[key])
            settled = events.TOOL_CALL_OUTCOME_SUCCEEDED in outcomes[key]
            yield request.tool.name, times, events.TOOL_CALL_OUTCOME_UNKNOWN in outcomes[key] and not settled


def _rollbacks(seen: Evidence) -> Judged:
    slow = []
    for one in measured(seen):
        if not one.HasField("ended_at"):
            return INVALID, f"{one.step}: fewer than five runs succeeded on {one.back_on} after it"
        if one.took.ToNanoseconds() > one.limit.ToNanoseconds() or one.late_runs:
            slow.append(f"{one.step}: {one.took.ToMilliseconds() / 1000:.1f} s, {one.late_runs} late runs")
    return _of(len(seen.rollbacks), "rollbacks", slow, "too slow")


def _rollouts(seen: Evidence) -> Judged:
    return _of(len(seen.rollouts), "rollouts", list(filter(None, map(_odd, seen.rollouts))), "not as expected")


def _odd(rollout: pb.DrillRollout) -> str:
    if rollout.repeated_acts:
        return f"{rollout.step}: done twice: {', '.join(rollout.repeated_acts)}"
    if rollout.ended == rollout.expected:
        return ""
    ended, expected = (
        pb.GameDayRolloutEnd.Name(end).removeprefix("GAME_DAY_ROLLOUT_END_")
        for end in (rollout.ended, rollout.expected)
    )
    return f"{rollout.step}: ended {ended}, expected {expected}: {rollout.reason or 'no reason'}"


def _fate(run: Seen) -> str:
    if run.problem:
        return f"{run.step.id}: {run.problem}"
    word = events.RunOutcome.Name(run.finished.outcome).removeprefix("RUN_OUTCOME_")
    return f"{run.run_id}: {word} {run.finished.failure.reason} on {', '.join(run.runtimes) or 'no runtime'}"


def _of(count: int, what: str, wrong: list[str], how: str) -> Judged:
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        return FAIL, f"{len(wrong)} of {count} {what} {how}: {'; '.join(wrong[:_NAMED])}{more}"
    return (PASS, f"{count} {_ONE.get(what, what) if count == 1 else what}") if count else (INVALID, f"no {what}")


_RULES: dict[int, Callable[[Evidence], Judged]] = {
    pb.GAME_DAY_INVARIANT_SPECS_UNCHANGED: _specs,
    pb.GAME_DAY_INVARIANT_PROCESSES_UNCHANGED: _processes,
    pb.GAME_DAY_INVARIANT_FATES_AS_EXPECTED: _fates,
    pb.GAME_DAY_INVARIANT_LOGS_COMPLETE: _logs,
    pb.GAME_DAY_INVARIANT_AUDIT_WHOLE: _audit,
    pb.GAME_DAY_INVARIANT_EFFECTS_ONCE: _effects,
    pb.GAME_DAY_INVARIANT_ROLLBACK_IN_TIME: _rollbacks,
    pb.GAME_DAY_INVARIANT_ROLLOUTS_AS_EXPECTED: _rollouts,
}
