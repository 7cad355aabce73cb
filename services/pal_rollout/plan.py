"""Plans of rollouts: what they say once defaults are filled in."""

from __future__ import annotations

from google.protobuf import duration_pb2, json_format

from pal.v1 import common_pb2 as common
from pal.v1 import rollout_pb2 as pb
from pal_log.canonical import canonical_digest

API_VERSION, KIND = "pal/v1", "Rollout"
WHOLE = 10_000
MILLION = 1_000_000
BURN_RATE, BURN_OBJECTIVE, BURN_RUNS = 14.4, 0.99, 10
GRACE_SECONDS = 10.0
OBJECTIVE_RUNS = 20


def basis_points(step: pb.RolloutStep) -> int:
    """Return the share of the candidate in *step*, of 10,000."""
    return round(step.weight * WHOLE / 100)


def step_name(step: pb.RolloutStep) -> str:
    """Return what *step* is called."""
    return step.name or ("shadow" if step.HasField("shadow") else f"{step.weight:g}%")


def place_name(plan: pb.RolloutPlan, wave: int, step: int) -> str:
    """Return what a step of a wave is called, for example ``canary/10%``."""
    return f"{plan.waves[wave].name}/{step_name(plan.waves[wave].steps[step])}"


def lane_of(plan: pb.RolloutPlan) -> common.ExecutionMode:
    """Return the mode of the runs that are looked at."""
    return plan.lane or common.EXECUTION_MODE_LIVE


def sample_ppm(shadow: pb.RolloutShadow) -> int:
    """Return the share of the live runs that is shadowed, in parts per million."""
    return round((shadow.sample or 100) * MILLION / 100)


def least_runs(gates: pb.RolloutGates) -> int:
    """Return how many runs a step needs: without any nothing is promoted."""
    return max(gates.min_runs, 1)


def wanted(abort: pb.RolloutAbort, trigger: str) -> bool:
    """Tell whether *trigger*, a field of *abort*, may fire."""
    return bool(getattr(abort, trigger)) if abort.HasField(trigger) else True


def seconds_of(duration: duration_pb2.Duration) -> float:
    """Return *duration* in seconds."""
    return duration.seconds + duration.nanos / 1e9


def digest_of(rollout: pb.Rollout) -> str:
    """Return the digest of what *rollout* says."""
    return canonical_digest(json_format.MessageToJson(rollout))
