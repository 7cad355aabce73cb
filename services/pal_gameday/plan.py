"""Plans of drills: from a text to a plan that can be carried out, checked to the last field."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import duration_pb2, json_format

from pal.v1 import common_pb2 as common
from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal.v1 import rollout_pb2 as rollouts
from pal_log.canonical import canonical_digest
from pal_registry.checks import API_VERSION
from pal_registry.conversion import to_message
from pal_registry.names import problem_with_name, problem_with_version
from pal_registry.nodes import Node
from pal_registry.problems import Problems, refuse
from pal_registry.single import only
from pal_registry.words import found, hint
from pal_rollout.checks import problems as problems_of
from pal_rpc.faults import problems_with_clock

KIND = "GameDay"
MAX_RUNS = 1000
MILLION, WHOLE_BASIS_POINTS, HUNDRED = 1_000_000, 10_000, 100
# What a rollback is measured by.
RUNS_AFTER_ROLLBACK = 5
MAX_TTL_SECONDS = 3600
DEFAULT_MAX_SECONDS, DEFAULT_ROLLBACK_SECONDS, DEFAULT_VALID_SECONDS = 600.0, 300.0, 30 * 86_400.0
ALWAYS = (
    pb.GAME_DAY_INVARIANT_SPECS_UNCHANGED,
    pb.GAME_DAY_INVARIANT_PROCESSES_UNCHANGED,
    pb.GAME_DAY_INVARIANT_FATES_AS_EXPECTED,
    pb.GAME_DAY_INVARIANT_LOGS_COMPLETE,
    pb.GAME_DAY_INVARIANT_AUDIT_WHOLE,
    pb.GAME_DAY_INVARIANT_EFFECTS_ONCE,
)
_ACTIONS = ("runs", "fault", "heal", "route", "route_back", "process", "wait", "rollout")
_WORDS = ("runs", "fault", "heal", "route", "routeBack", "process", "wait", "rollout")
_WAITS = ("runs", "runtime", "fault", "rollout")
# Faults that know no tool: they come before anybody has asked for one.
_TOOLLESS = frozenset(
    {
        faults.FAULT_KIND_MODEL_ERROR,
        faults.FAULT_KIND_MODEL_STALL,
        faults.FAULT_KIND_MODEL_CUT,
        faults.FAULT_KIND_QUOTA_GONE,
        faults.FAULT_KIND_QUOTA_EXCEEDED,
        faults.FAULT_KIND_ADAPTER_CRASH,
        faults.FAULT_KIND_ADAPTER_HANG,
        faults.FAULT_KIND_ADAPTER_SLOW,
        faults.FAULT_KIND_ADAPTER_OLD,
        faults.FAULT_KIND_CLOCK_SKEW,
    }
)


def drafted(text: str, source: str = "") -> pb.GameDay:
    """Return the plan in *text*; messages call it *source*.

    Raises:
        MeshError: INVALID_DOCUMENT with the first few problems, each with its line, its path and how to mend it.
    """
    node = only(text, source, "a plan")
    name = _named(node)
    problems = Problems(f"{KIND}/{name}" if name else KIND, node.line)
    _head(node, problems)
    # What a document of another kind says would be a problem in each line.
    if any(problem.path == "kind" for problem in problems.found):
        refuse(problems.found, source)
    plan = to_message(node, pb.GameDay, problems)
    if not problems.found:
        _check(plan, problems)
    refuse(problems.found, source)
    return plan


def check(plan: pb.GameDay) -> None:
    """Check a plan that came as a message.

    Raises:
        MeshError: INVALID_DOCUMENT with the first few problems.
    """
    problems = Problems(f"{KIND}/{plan.metadata.name[:80]}", 1)
    for field, stated, wanted in (("apiVersion", plan.api_version, API_VERSION), ("kind", plan.kind, KIND)):
        if stated != wanted:
            problems.add(field, f"expected {wanted}, found {stated[:60] or 'nothing'}")
    _check(plan, problems)
    refuse(problems.found, "")


def action_of(step: pb.GameDayStep) -> str:
    """Return the name of the field that says what *step* does."""
    return next(iter(_stated(step, _ACTIONS)), "")


def digest_of(plan: pb.GameDay) -> str:
    """Return the digest of what *plan* says."""
    return canonical_digest(json_format.MessageToJson(plan))


def steps_of(spec: pb.GameDayPlan) -> Iterator[pb.GameDayStep]:
    """Yield the steps of the method, then those of the rollback."""
    yield from spec.method
    yield from spec.rollback


def invariants_of(plan: pb.GameDay) -> list[pb.GameDayInvariant]:
    """Return what has to hold in the drill of *plan*."""
    if plan.spec.invariants:
        return list(plan.spec.invariants)
    known = list(ALWAYS)
    if _rolls_back(plan.spec):
        known.append(pb.GAME_DAY_INVARIANT_ROLLBACK_IN_TIME)
    if any(step.HasField("rollout") for step in plan.spec.method):
        known.append(pb.GAME_DAY_INVARIANT_ROLLOUTS_AS_EXPECTED)
    return known


def seconds_of(holder: duration_pb2.Duration, default: float) -> float:
    """Return a duration in seconds; *default* for one that is not stated."""
    return holder.seconds + holder.nanos / 1e9 or default


def _named(node: Node) -> str:
    metadata = node.value.get("metadata") if isinstance(node.value, dict) else None
    name = metadata.value.get("name") if metadata is not None and isinstance(metadata.value, dict) else None
    return name.value[:80] if name is not None and isinstance(name.value, str) else ""


def _head(node: Node, problems: Problems) -> None:
    if not isinstance(node.value, dict):
        problems.add("", f"expected a plan, found {found(node)}; begin with apiVersion: {API_VERSION}")
        return
    for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
        stated = node.value.get(field)
        if stated is None:
            problems.add(field, f"missing; write {field}: {wanted}")
        elif stated.value != wanted:
            problems.add(field, f"expected {wanted}, found {found(stated)}", line=stated.line)


def _check(plan: pb.GameDay, problems: Problems) -> None:
    spec = plan.spec
    if problem := problem_with_name(plan.metadata.name):
        problems.add("metadata.name", problem)
    if problem := problem_with_version(plan.metadata.version):
        problems.add("metadata.version", problem)
    if not spec.hypothesis.strip():
        problems.add("spec.hypothesis", "missing; say in a sentence what is claimed")
    if problem := problem_with_name(spec.agent.name):
        problems.add("spec.agent", problem)
    if not spec.inputs:
        problems.add("spec.inputs", "missing; write at least one text that the runs are given")
    for position, text in enumerate(spec.inputs):
        if not text.strip():
            problems.add(f"spec.inputs[{position}]", "empty; write what the runs are given")
    if not any(step.HasField("runs") for step in spec.method):
        problems.add("spec.method", "no step starts runs; a drill without traffic shows nothing")
    _steps(plan, problems)
    _probes(plan, problems)
    _terms(spec, problems)


def _steps(plan: pb.GameDay, problems: Problems) -> None:
    seen: dict[str, pb.GameDayStep] = {}
    for part, steps in (("method", plan.spec.method), ("rollback", plan.spec.rollback)):
        for position, step in enumerate(steps):
            path = f"spec.{part}[{position}]"
            if problem := problem_with_name(step.id):
                problems.add(f"{path}.id", problem)
            if step.id in seen:
                problems.add(f"{path}.id", f"{step.id} is the id of another step; ids are unique")
            stated = _stated(step, _ACTIONS)
            if len(stated) != 1:
                said = " and ".join(_WORDS[_ACTIONS.index(name)] for name in stated)
                problem = f"does {said}; keep one" if stated else "say one thing that it does"
                problems.add(path, f"{problem}: {', '.join(_WORDS)}")
            elif (check := _CHECKS.get(stated[0])) is not None:
                check(step, path, seen, problems)
            seen[step.id] = step
    _after_rollback(plan, problems)


def _after_rollback(plan: pb.GameDay, problems: Problems) -> None:
    steps = list(plan.spec.method)
    for position, step in enumerate(steps):
        after = sum(later.runs.count or 1 for later in steps[position:] if later.HasField("runs"))
        if step.route_back and after < RUNS_AFTER_ROLLBACK:
            problem = f"{after} runs follow; a rollback is measured by {RUNS_AFTER_ROLLBACK} that succeed after it"
            problems.add(f"spec.method[{position}].routeBack", problem)


def _runs(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    runs = step.runs
    for name, number in (("count", runs.count), ("parallel", runs.parallel)):
        if not 0 <= number <= MAX_RUNS:
            problems.add(f"{path}.runs.{name}", f"write 1 to {MAX_RUNS}, found {number}")


def _fault(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    fault, match = step.fault, step.fault.match
    if not fault.kind:
        problems.add(f"{path}.fault.kind", f"missing; {hint('', _kinds())}")
    if match.tool and fault.kind in _TOOLLESS:
        problems.add(f"{path}.fault.match.tool", "this fault comes before a tool is asked for; leave it out")
    if not 0 <= match.probability_ppm <= MILLION:
        problems.add(f"{path}.fault.match.probabilityPpm", f"write 0 to {MILLION}, found {match.probability_ppm}")
    for name, number in (("firstCall", match.first_call), ("calls", match.calls)):
        if number < 0:
            problems.add(f"{path}.fault.match.{name}", f"cannot be negative, found {number}")
    for name, problem in problems_with_clock(fault):
        problems.add(f"{path}.fault.{name}", problem)
    if fault.HasField("ttl") and not 1 <= seconds_of(fault.ttl, 0) <= MAX_TTL_SECONDS:
        problems.add(f"{path}.fault.ttl", f"write 1s to {MAX_TTL_SECONDS}s")


def _heal(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    _earlier(step.heal, "fault", f"{path}.heal", seen, problems)


def _route(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    route = step.route
    if any(known.HasField("rollout") for known in seen.values()):
        problems.add(f"{path}.route", "a plan that has a rollout sets no route itself; keep one")
    if not route.stable:
        problems.add(f"{path}.route.stable", "missing; name the runtime that runs go to")
    if not 0 <= route.candidate_basis_points <= WHOLE_BASIS_POINTS:
        problem = f"write 0 to {WHOLE_BASIS_POINTS}, found {route.candidate_basis_points}"
        problems.add(f"{path}.route.candidateBasisPoints", problem)
    elif route.candidate_basis_points and not route.candidate:
        problems.add(f"{path}.route.candidate", "missing; name the runtime that gets the share")


def _route_back(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    if not any(known.HasField("route") or known.route_back for known in seen.values()):
        problems.add(f"{path}.routeBack", "no step before it changes the route; there is nothing to put back")


def _process(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    if (step.process.action == pb.GAME_DAY_ACTION_UPGRADE) != bool(step.process.to):
        problems.add(f"{path}.process.to", "belongs to UPGRADE, which needs it; write for example agno==3.1.5")
    if not step.process.name:
        problems.add(f"{path}.process.name", "missing; name a process as `pal status` does, for example agno")
    if not step.process.action:
        words = [name.removeprefix("GAME_DAY_ACTION_") for name in pb.GameDayAction.keys()][1:]
        problems.add(f"{path}.process.action", f"missing; one of {', '.join(words)}")


def _rollout(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    plan = step.rollout.plan
    if plan.lane not in (common.EXECUTION_MODE_UNSPECIFIED, common.EXECUTION_MODE_DRILL):
        problems.add(f"{path}.rollout.plan.lane", "a rehearsal looks at the runs of the drill; leave it out")
    for place, problem in problems_of(rollouts.Rollout(spec=plan)):
        if place.startswith("spec"):
            problems.add(f"{path}.rollout.plan{place.removeprefix('spec')}", problem)
    if any(known.HasField("route") for known in seen.values()):
        problems.add(f"{path}.rollout", "a plan that sets a route itself cannot have a rollout as well; keep one")


def _wait(step: pb.GameDayStep, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    stated = _stated(step.wait, _WAITS)
    if len(stated) != 1:
        problems.add(f"{path}.wait", f"say one thing that is waited for: {', '.join(_WAITS)}")
    elif stated[0] != "runtime":
        _earlier(getattr(step.wait, stated[0]), stated[0], f"{path}.wait.{stated[0]}", seen, problems)
    waves = [wave.name for wave in seen[step.wait.rollout].rollout.plan.waves] if step.wait.rollout in seen else []
    if step.wait.wave and step.wait.wave not in waves:
        problem = f"{step.wait.wave[:60]} is no wave of that rollout; {hint(step.wait.wave, waves)}"
        problems.add(f"{path}.wait.wave", problem)


def _earlier(name: str, action: str, path: str, seen: dict[str, pb.GameDayStep], problems: Problems) -> None:
    known = [step_id for step_id, step in seen.items() if step.HasField(action)]
    if name not in known:
        advice = hint(name, known) if known else f"no step before it has {action}"
        problems.add(path, f"{name[:60]} is no step before it with {action}; {advice}")


def _probes(plan: pb.GameDay, problems: Problems) -> None:
    seen: set[str] = set()
    known = [step.id for step in steps_of(plan.spec) if step.HasField("runs")]
    for position, probe in enumerate(plan.spec.probes):
        path = f"spec.probes[{position}]"
        if problem := problem_with_name(probe.id):
            problems.add(f"{path}.id", problem)
        if probe.id in seen:
            problems.add(f"{path}.id", f"{probe.id} is the id of another probe; ids are unique")
        seen.add(probe.id)
        if not probe.measure:
            words = [name.removeprefix("GAME_DAY_MEASURE_") for name in pb.GameDayMeasure.keys()][1:]
            problems.add(f"{path}.measure", f"missing; one of {', '.join(words)}")
        if not (probe.HasField("at_least") or probe.HasField("at_most")):
            problems.add(path, "has no bound; write atLeast or atMost, a probe without one decides nothing")
        _bounds(probe, path, problems)
        for place, step in enumerate(probe.steps):
            if step not in known:
                advice = hint(step, known) if known else "there is none"
                problems.add(f"{path}.steps[{place}]", f"{step[:60]} is no step with runs; {advice}")


def _bounds(probe: pb.GameDayProbe, path: str, problems: Problems) -> None:
    percent = probe.measure == pb.GAME_DAY_MEASURE_SUCCEEDED_PERCENT
    for field, name in (("at_least", "atLeast"), ("at_most", "atMost")):
        bound = getattr(probe, field)
        if probe.HasField(field) and (bound < 0 or (percent and bound > HUNDRED)):
            problem = f"write 0 to {HUNDRED}, found {bound}" if percent else f"cannot be negative, found {bound}"
            problems.add(f"{path}.{name}", problem)
    if probe.HasField("at_least") and probe.HasField("at_most") and probe.at_least > probe.at_most:
        problems.add(f"{path}.atMost", f"{probe.at_most} is below atLeast, {probe.at_least}; nothing fits")


def _terms(spec: pb.GameDayPlan, problems: Problems) -> None:
    if spec.stop.HasField("max_unexpected_runs") and spec.stop.max_unexpected_runs < 0:
        problems.add("spec.stop.maxUnexpectedRuns", f"cannot be negative, found {spec.stop.max_unexpected_runs}")
    for path, stated, given in (
        ("stop.maxDuration", spec.stop.max_duration, spec.stop.HasField("max_duration")),
        ("evidence.rollbackLimit", spec.evidence.rollback_limit, spec.evidence.HasField("rollback_limit")),
        ("evidence.validFor", spec.evidence.valid_for, spec.evidence.HasField("valid_for")),
    ):
        if given and seconds_of(stated, 0) <= 0:
            problems.add(f"spec.{path}", "write more than 0, or leave it out for the default")
    if not _rolls_back(spec) and pb.GAME_DAY_INVARIANT_ROLLBACK_IN_TIME in spec.invariants:
        problems.add("spec.invariants", "ROLLBACK_IN_TIME: no step puts a route back; there is nothing to measure")


def _rolls_back(spec: pb.GameDayPlan) -> bool:
    aborted = pb.GAME_DAY_ROLLOUT_END_ABORTED
    return any(step.route_back or step.rollout.expect == aborted for step in steps_of(spec))


def _stated(message: pb.GameDayStep | pb.GameDayWait, names: tuple[str, ...]) -> list[str]:
    present = {field.name for field, _ in message.ListFields()}
    return [name for name in names if name in present]


def _kinds() -> list[str]:
    return [name.removeprefix("FAULT_KIND_") for name in faults.FaultKind.keys()][1:]


_CHECKS = {
    "runs": _runs,
    "fault": _fault,
    "heal": _heal,
    "route": _route,
    "route_back": _route_back,
    "process": _process,
    "wait": _wait,
    "rollout": _rollout,
}
