"""What is read of the mesh before and after a drill: documents, processes, logs, the audit."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping

from pal.service.v1 import recorder_service_pb2 as recorder_pb
from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import gameday_pb2 as pb
from pal.v1 import tool_spec_pb2 as tools
from pal_gameday.evidence import Seen
from pal_gameday.mesh import Mesh
from pal_gameday.plan import steps_of
from pal_gameday.traffic import Followed
from pal_rpc.errors import MeshError
from pal_rpc.recorder_client import RecorderClient

CALL_SECONDS = 10.0
_REPEATABLE = frozenset({tools.IDEMPOTENCY_KIND_NATURAL, tools.IDEMPOTENCY_KIND_KEYED})
Documents = dict[tuple[str, str], registry.Document]


async def documents(mesh: Mesh, plan: pb.GameDayPlan) -> Documents:
    """Return the agents of *plan* and their tools as they are published now, by kind and name.

    Raises:
        AioRpcError: one of them is not there.
    """
    others = {step.runs.agent for step in steps_of(plan)} - {"", plan.agent.name}
    known: Documents = {}
    for agent in (plan.agent, *(common.SpecSelector(name=name) for name in sorted(others))):
        found = await _document(mesh, registry.DOCUMENT_KIND_AGENT, agent)
        known["AgentSpec", agent.name] = found
        for grant in found.agent.spec.tools:
            known["ToolSpec", grant.tool.name] = await _document(mesh, registry.DOCUMENT_KIND_TOOL, grant.tool)
    return known


def compared(before: Documents, after: Documents) -> list[pb.DrillDocument]:
    """Return the digests of documents before and after."""
    return [
        pb.DrillDocument(
            kind=kind,
            name=name,
            before=document.ref.digest,
            after=after[kind, name].ref.digest if (kind, name) in after else "",
        )
        for (kind, name), document in before.items()
    ]


def repeatable(known: Documents) -> frozenset[str]:
    """Return the tools of *known* that may be sent twice without happening twice."""
    specs = [(name, document.tool.spec) for (kind, name), document in known.items() if kind == "ToolSpec"]
    return frozenset(name for name, spec in specs if spec.effect.idempotency in _REPEATABLE)


async def check_runtimes(mesh: Mesh, plan: pb.GameDayPlan) -> None:
    """Check that the mesh has the runtimes that *plan* names.

    Raises:
        MeshError: it lacks one.
    """
    listed = await mesh.registry.ListRuntimes(registry.ListRuntimesRequest(), timeout=CALL_SECONDS)
    known = sorted(runtime.name for runtime in listed.runtimes)
    for step in steps_of(plan):
        runs, route = step.runs, step.route
        named = [runs.runtime, runs.expect_runtime, step.wait.runtime, step.fault.match.runtime]
        named += [route.stable, route.candidate, *route.fallbacks, step.rollout.plan.candidate]
        for name in filter(None, named):
            if name not in known:
                nearest = next(iter(difflib.get_close_matches(name, known, n=1)), "")
                advice = f"did you mean {nearest}?" if nearest else f"there are: {', '.join(known) or 'none'}"
                problem = f"step {step.id}: runtime {name} is not part of this mesh; {advice}"
                raise MeshError(reasons.ERROR_REASON_RUNTIME_NOT_FOUND, problem, runtime=name)


async def serving(mesh: Mesh, runtime: str) -> None:
    """Return once a runtime takes runs."""
    async for change in mesh.registry.Watch(registry.RegistryServiceWatchRequest()):
        known = [one for one in change.runtimes if one.name == runtime]
        if any(one.state == registry.RUNTIME_STATE_SERVING for one in known):
            return


async def whole(mesh: Mesh, run: Followed, until: float) -> Seen:
    """Return a run by its whole log, which it is given until a moment to end."""
    if not run.run_id:
        return run.seen()
    recorder = RecorderClient(mesh.recorder, mesh.recorder_address)
    try:
        while True:
            log = [event async for event in recorder.log(run.run_id)]
            if log[-1].type == "run.finished" or time.monotonic() > until:
                break
            async for frame in recorder.follow(run.run_id, log[-1].seq, ["run.finished"]):
                if frame.event.type == "run.finished" or time.monotonic() > until:
                    break
    except MeshError as error:
        return Seen(step=run.step, run_id=run.run_id, problem=error.message)
    problem = "" if log[-1].type == "run.finished" else "it has not ended"
    return Seen(step=run.step, run_id=run.run_id, log=log, problem=problem)


async def audited(mesh: Mesh, runs: Iterable[Seen]) -> pb.DrillAudit:
    """Return what the audit of the record finds in *runs*."""
    audit = pb.DrillAudit()
    for run_id in filter(None, (run.run_id for run in runs)):
        async for frame in mesh.recorder.Audit(recorder_pb.AuditRequest(run_id=run_id)):
            if frame.HasField("finding"):
                audit.findings.append(frame.finding.message)
            elif frame.HasField("summary"):
                audit.runs += frame.summary.runs
                audit.events += frame.summary.events
    return audit


def processes(
    before: Mapping[str, str], after: Mapping[str, str], plan: pb.GameDayPlan, runs: Iterable[Seen]
) -> list[pb.DrillProcess]:
    """Return the processes before and after: by their supervisor, or where it is not here by who stated the facts."""
    if not before:
        return _instances(runs)
    acted_on = [step.process for step in steps_of(plan) if step.HasField("process")]
    planned = {process.name for process in acted_on if process.action != pb.GAME_DAY_ACTION_PAUSE}
    return [
        pb.DrillProcess(name=name, before=life, after=after.get(name, ""), planned=name in planned)
        for name, life in before.items()
    ]


def _instances(runs: Iterable[Seen]) -> list[pb.DrillProcess]:
    facts = sorted((fact for run in runs for fact in run.log), key=lambda fact: fact.recorded_at.ToNanoseconds())
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for fact in facts:
        first.setdefault(fact.producer.component, fact.producer.instance_id)
        last[fact.producer.component] = fact.producer.instance_id
    # Adapters are what a drill may do anything to; the rest is the platform.
    platform = sorted(name for name in first if not name.startswith("adapter."))
    return [pb.DrillProcess(name=name, before=first[name], after=last[name]) for name in platform]


async def _document(mesh: Mesh, kind: registry.DocumentKind, selector: common.SpecSelector) -> registry.Document:
    request = registry.GetDocumentRequest(kind=kind, selector=selector)
    return (await mesh.registry.GetDocument(request, timeout=CALL_SECONDS)).document
