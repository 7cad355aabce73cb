"""From the plan of a shadow to one that holds: what is checked before anything begins, and what is said about it."""

from __future__ import annotations

import difflib

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import tool_spec_pb2 as tools
from pal_migration.sampling import WHOLE_PPM
from pal_policy.requirements import missing
from pal_rpc.errors import InvalidField, MeshError
from pal_rpc.snapshot import RegistrySnapshot

TIER, CANARY = "tier", "canary"
RUNS_PER_DAY = 500
COST_PER_DAY = common.Money(currency_code="USD", nanos=5 * 10**9)
_REVERSIBLE = frozenset({tools.REVERSIBILITY_COMPENSATABLE, tools.REVERSIBILITY_STAGED})


def filled(asked: pb.ShadowPlan, snapshot: RegistrySnapshot) -> pb.ShadowPlan:
    """Return *asked* with every default filled in; the AgentSpec may set a lower ceiling on the cost of a day.

    Raises:
        MeshError: something in it is wrong, or the agent is not there.
    """
    for field in ("agent", "candidate"):
        if not getattr(asked, field):
            raise InvalidField(f"plan.{field}", f"empty; name the {'agent' if field == 'agent' else 'runtime'}")
    if not 0 < asked.sample_ppm <= WHOLE_PPM:
        raise InvalidField("plan.sample_ppm", f"{asked.sample_ppm} is no share of the runs; write 1 to {WHOLE_PPM}")
    plan = pb.ShadowPlan()
    plan.CopyFrom(asked)
    if not plan.HasField("baseline_ppm"):
        plan.baseline_ppm = WHOLE_PPM
    if not 0 <= plan.baseline_ppm <= WHOLE_PPM:
        raise InvalidField("plan.baseline_ppm", f"{plan.baseline_ppm} is no share; write 0 to {WHOLE_PPM}")
    plan.start = plan.start or pb.SHADOW_START_AFTER_PRIMARY
    if plan.max_runs_per_day < 0:
        raise InvalidField("plan.max_runs_per_day", f"{plan.max_runs_per_day} is negative; write 0 for {RUNS_PER_DAY}")
    plan.max_runs_per_day = plan.max_runs_per_day or RUNS_PER_DAY
    declared = _agent(plan, snapshot).spec.comparison
    if not plan.HasField("max_cost_per_day"):
        plan.max_cost_per_day.CopyFrom(
            declared.max_shadow_cost if declared.HasField("max_shadow_cost") else COST_PER_DAY
        )
    if plan.max_cost_per_day.nanos <= 0 or len(plan.max_cost_per_day.currency_code) != 3:
        raise InvalidField("plan.max_cost_per_day", "write an amount above 0 and its currency, for example 5 USD")
    ceiling = declared.max_shadow_cost
    if declared.HasField("max_shadow_cost") and ceiling.currency_code == plan.max_cost_per_day.currency_code:
        plan.max_cost_per_day.nanos = min(plan.max_cost_per_day.nanos, ceiling.nanos)
    return plan


def checked(plan: pb.ShadowPlan, snapshot: RegistrySnapshot) -> list[str]:
    """Check that *plan* can be carried out, and return what an operator has to know about it.

    Raises:
        MeshError: AGENT_NOT_FOUND, NOT_CANARY, RUNTIME_NOT_FOUND or CAPABILITY_MISSING.
    """
    agent = _agent(plan, snapshot)
    tier = agent.metadata.labels.get(TIER, "")
    if tier != CANARY and not plan.any_tier:
        raise MeshError(
            reasons.ERROR_REASON_NOT_CANARY,
            f"agent {plan.agent} is not labelled {TIER}: {CANARY} (it has {TIER}: {tier or 'nothing'}); label it in "
            "metadata.labels, or ask for any tier (`--any-tier`)",
            agent=plan.agent,
            tier=tier,
        )
    runtimes = snapshot.runtimes
    if plan.candidate not in runtimes:
        nearest = next(iter(difflib.get_close_matches(plan.candidate, runtimes, n=1)), "")
        hint = f"did you mean {nearest}? " if nearest else ""
        raise MeshError(
            reasons.ERROR_REASON_RUNTIME_NOT_FOUND,
            f"plan.candidate: runtime {plan.candidate} is not registered; {hint}registered are: "
            f"{', '.join(sorted(runtimes)) or 'none'}",
            runtime=plan.candidate,
            nearest=nearest,
        )
    if lacking := missing(agent.spec, runtimes[plan.candidate].capability):
        raise MeshError(
            reasons.ERROR_REASON_CAPABILITY_MISSING,
            f"plan.candidate: runtime {plan.candidate} lacks what agent {plan.agent} requires: {', '.join(lacking)}",
            runtime=plan.candidate,
            missing=", ".join(lacking),
        )
    granted = [snapshot.resolve(registry.DOCUMENT_KIND_TOOL, grant.tool).tool for grant in agent.spec.tools]
    warnings = [said for tool in granted if (said := _about(tool))]
    if runtimes[plan.candidate].state != registry.RUNTIME_STATE_SERVING:
        warnings.append(f"runtime {plan.candidate} does not take runs now: until it does, every sampled run is lost")
    if plan.baseline_ppm == 0:
        warnings.append("no sampled run is run again in production (baseline share 0): there will be no verdict")
    return warnings


def _agent(plan: pb.ShadowPlan, snapshot: RegistrySnapshot) -> agents.AgentSpec:
    return snapshot.resolve(registry.DOCUMENT_KIND_AGENT, common.SpecSelector(name=plan.agent)).agent


def _about(tool: tools.ToolSpec) -> str:
    effect, name = tool.spec.effect, tool.metadata.name
    if effect.effect_class == tools.EFFECT_CLASS_UNSPECIFIED:
        return (
            f"tool {name} declares no effect and counts as an irreversible write: a shadow that calls it otherwise "
            "than the live run ends there; state spec.effect.effectClass"
        )
    if effect.effect_class == tools.EFFECT_CLASS_WRITE and effect.reversibility not in _REVERSIBLE:
        if effect.dry_run.name:
            return ""
        return (
            f"tool {name} is an irreversible write without a dry run: a shadow that calls it otherwise than the live "
            "run ends there (spec.effect.dryRun)"
        )
    return ""
