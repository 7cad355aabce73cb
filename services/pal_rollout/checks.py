"""What is wrong with a plan of a rollout, as far as the plan alone can tell."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Sequence

import semantic_version

from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import rollout_pb2 as pb
from pal_rollout.metrics import METRICS, SHARES
from pal_rollout.plan import API_VERSION, KIND, WHOLE, seconds_of

# Where, by the path that people write, and what is wrong there and how it is mended.
Problem = tuple[str, str]
MAX_NAME_CHARACTERS = 63
MAX_WAVES, MAX_STEPS = 20, 20
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_STEP_NAME = re.compile(r"[A-Za-z0-9%][A-Za-z0-9%. _-]{0,62}")
_DECIMALS = 1e-9


def problems(rollout: pb.Rollout) -> list[Problem]:
    """Return what is wrong with *rollout*, in the order of the document; empty when nothing is."""
    return [*_head(rollout), *_plan(rollout.spec)]


def nearest(name: str, names: Sequence[str]) -> str:
    """Return what may help whoever wrote *name*: the nearest of *names*, else all of them."""
    meant = next(iter(difflib.get_close_matches(name, names, n=1)), "")
    return f"did you mean {meant}?" if meant else f"there are: {', '.join(names) or 'none'}"


def _head(rollout: pb.Rollout) -> Iterator[Problem]:
    for path, stated, wanted in (("apiVersion", rollout.api_version, API_VERSION), ("kind", rollout.kind, KIND)):
        if stated != wanted:
            yield path, f'expected {wanted}, found "{stated}"' if stated else f"missing; write {path}: {wanted}"
    name = rollout.metadata.name
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_CHARACTERS:
        yield "metadata.name", _said_name(name)
    version = rollout.metadata.version
    if version and not semantic_version.validate(version):
        yield "metadata.version", f'"{version[:40]}" is not a version; write MAJOR.MINOR.PATCH, for example 1.0.0'


def _plan(plan: pb.RolloutPlan) -> Iterator[Problem]:
    if not plan.candidate:
        yield "spec.candidate", "missing; name the runtime that the agents are moved to"
    if plan.lane not in (0, common.EXECUTION_MODE_LIVE, common.EXECUTION_MODE_DRILL):
        yield "spec.lane", "a rollout looks at LIVE runs, or at DRILL runs to be rehearsed; write one of them"
    if not plan.waves:
        yield "spec.waves", "missing; write at least one wave with labels and steps"
    if len(plan.waves) > MAX_WAVES:
        yield "spec.waves", f"{len(plan.waves)} waves; at most {MAX_WAVES}"
    names: set[str] = set()
    for place, wave in enumerate(plan.waves[:MAX_WAVES]):
        path = f"spec.waves[{place}]"
        if not _NAME.fullmatch(wave.name) or len(wave.name) > MAX_NAME_CHARACTERS:
            yield f"{path}.name", _said_name(wave.name)
        elif wave.name in names:
            yield f"{path}.name", f"{wave.name} is the name of another wave; names are unique"
        names.add(wave.name)
        if not wave.labels:
            yield f"{path}.labels", "missing; say which agents the wave is for, for example {tier: canary}"
        yield from _steps(wave, path, drill=plan.lane == common.EXECUTION_MODE_DRILL)
    yield from _abort(plan.abort)


def _steps(wave: pb.RolloutWave, path: str, *, drill: bool) -> Iterator[Problem]:
    if not wave.steps:
        yield f"{path}.steps", "missing; write at least one step, for example {weight: 100}"
        return
    if len(wave.steps) > MAX_STEPS:
        yield f"{path}.steps", f"{len(wave.steps)} steps; at most {MAX_STEPS}"
        return
    before = 0.0
    for place, step in enumerate(wave.steps):
        where = f"{path}.steps[{place}]"
        if step.name and not _STEP_NAME.fullmatch(step.name):
            yield f"{where}.name", f'"{step.name[:40]}" is not a name; use letters, digits, spaces, dots and dashes'
        yield from _what(step, where, place, drill=drill)
        if step.HasField("weight"):
            if step.weight <= before and before:
                yield f"{where}.weight", f"{step.weight:g} does not grow after {before:g}; weights only grow in a wave"
            before = max(before, step.weight)
        yield from _gates(step, f"{where}.gates", shadowed=wave.steps[0].HasField("shadow"))
    if before < 100 and wave.steps[-1].HasField("weight"):
        yield f"{path}.steps[{len(wave.steps) - 1}].weight", "the last step of a wave moves all runs; write 100"
    elif not wave.steps[-1].HasField("weight"):
        yield f"{path}.steps", "no step moves the agents; end with {weight: 100}"


def _what(step: pb.RolloutStep, where: str, place: int, *, drill: bool) -> Iterator[Problem]:
    if step.HasField("weight") == step.HasField("shadow"):
        yield where, "says both weight and shadow; keep one" if step.HasField("weight") else "write weight or shadow"
    elif step.HasField("weight"):
        points = step.weight * WHOLE / 100
        if not 0 < step.weight <= 100:
            yield f"{where}.weight", f"{step.weight:g} is not above 0 and at most 100 percent"
        elif abs(points - round(points)) > _DECIMALS:
            yield f"{where}.weight", f"{step.weight:g} has more than two decimals; write for example 2.5"
    elif place:
        yield f"{where}.shadow", "comes after a weight; shadow first, as the first step of the wave"
    elif drill:
        yield f"{where}.shadow", "only LIVE runs are shadowed; leave it out of a rehearsal"
    else:
        if not 0 <= step.shadow.sample <= 100:
            yield f"{where}.shadow.sample", f"{step.shadow.sample:g} is not within 0 to 100 percent"
        if step.shadow.max_runs_per_day < 0:
            yield f"{where}.shadow.maxRunsPerDay", f"cannot be negative, found {step.shadow.max_runs_per_day}"


def _gates(step: pb.RolloutStep, path: str, *, shadowed: bool) -> Iterator[Problem]:
    gates = step.gates
    if gates.verdict not in (comparisons.VERDICT_OUTCOME_UNSPECIFIED, comparisons.VERDICT_OUTCOME_PASS):
        yield f"{path}.verdict", "nothing but PASS is a gate; write verdict: PASS"
    elif gates.verdict and not shadowed:
        yield f"{path}.verdict", "no step of the wave shadows the candidate; begin the wave with {shadow: {}}"
    if gates.min_runs < 0:
        yield f"{path}.minRuns", f"cannot be negative, found {gates.min_runs}"
    if seconds_of(gates.min_time) < 0:
        yield f"{path}.minTime", "cannot be negative"
    if gates.fill not in pb.RolloutFill.values():
        yield f"{path}.fill", f"{gates.fill} is unknown to this version; write REPLAY, or leave it out"
    elif gates.fill and not step.HasField("weight"):
        yield f"{path}.fill", "only a step with a weight is filled; a shadow is compared with live runs"
    for place, objective in enumerate(gates.slo):
        yield from _objective(objective, f"{path}.slo[{place}]")
    if gates.HasField("certificate"):
        if not gates.certificate.plan:
            yield f"{path}.certificate.plan", "missing; name the plan of the drill, as in its metadata.name"
        if gates.certificate.HasField("max_age") and seconds_of(gates.certificate.max_age) <= 0:
            yield f"{path}.certificate.maxAge", "write more than 0, for example 168h"


def _objective(objective: pb.RolloutObjective, path: str) -> Iterator[Problem]:
    if objective.metric not in METRICS:
        said = f'there is no figure "{objective.metric[:40]}"' if objective.metric else "missing"
        yield f"{path}.metric", f"{said}; {nearest(objective.metric, list(METRICS))}"
    for field, name in (("at_least", "atLeast"), ("at_most", "atMost")):
        if objective.HasField(field) and (problem := _bound(objective.metric, getattr(objective, field))):
            yield f"{path}.{name}", problem
    if not (objective.HasField("at_least") or objective.HasField("at_most")):
        yield path, "has no bound; write atLeast or atMost, a gate without one decides nothing"
    elif objective.HasField("at_least") and objective.HasField("at_most") and objective.at_least > objective.at_most:
        yield f"{path}.atMost", f"{objective.at_most:g} is below atLeast, {objective.at_least:g}; no figure fits"
    if objective.min_runs < 0:
        yield f"{path}.minRuns", f"cannot be negative, found {objective.min_runs}"
    if objective.HasField("window") and not 60 <= seconds_of(objective.window) <= 400 * 86_400:
        yield f"{path}.window", "write 1m to 9600h"


def _bound(metric: str, bound: float) -> str:
    """Return what is wrong with a bound of *metric* that no figure, or every figure, would keep."""
    if not math.isfinite(bound):
        return f"{bound:g} is no bound; write a number"
    if metric in SHARES and bound > 1:
        return f"{metric} is a share, {bound:g} is above 1; write 0.99 for 99 %"
    if metric in METRICS and metric != "budget-left" and bound < 0:
        return f"{metric} is never negative, found {bound:g}"
    return ""


def _abort(abort: pb.RolloutAbort) -> Iterator[Problem]:
    if abort.HasField("adapter_grace") and seconds_of(abort.adapter_grace) < 0:
        yield "spec.abort.adapterGrace", "cannot be negative"
    if abort.burn.rate < 0:
        yield "spec.abort.burn.rate", f"cannot be negative, found {abort.burn.rate:g}"
    elif not math.isfinite(abort.burn.rate):
        yield "spec.abort.burn.rate", f"{abort.burn.rate:g} is never reached; write a number, or off: true"
    if not 0 <= abort.burn.objective < 1:
        yield (
            "spec.abort.burn.objective",
            f"{abort.burn.objective:g} is not above 0 and below 1; write for example 0.9",
        )
    if abort.burn.min_runs < 0:
        yield "spec.abort.burn.minRuns", f"cannot be negative, found {abort.burn.min_runs}"
    if abort.HasField("budget") and (abort.budget.nanos <= 0 or len(abort.budget.currency_code) != 3):
        yield "spec.abort.budget", "write an amount above 0 and its currency, for example 5 USD"


def _said_name(name: str) -> str:
    if not name:
        return "missing; give it a name"
    allowed = "lower-case letters, digits, dots and dashes, with a letter or digit at both ends"
    return f'"{name[:70]}" is not a name; use at most {MAX_NAME_CHARACTERS} {allowed}'
