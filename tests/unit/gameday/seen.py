"""What a drill may have seen, for tests: a plan, and runs as they are recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pal.v1 import common_pb2 as common
from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal.v1 import tool_spec_pb2 as tools
from pal_gameday.evidence import Evidence, Put, Seen
from pal_gameday.plan import drafted
from pal_log.events import TYPES

SECOND = 1_000_000_000
PLAN = """
apiVersion: pal/v1
kind: GameDay
metadata: {name: broken-tool, version: 1.0.0}
spec:
  hypothesis: A broken tool is told to the customer.
  agent: support-desk
  inputs: [Where is order A-1001?]
  method:
    - {id: broken, fault: {kind: TOOL_ERROR, match: {tool: lookup_order}, ttl: 30s}}
    - {id: during, runs: {count: 1}}
"""
WRITE = tools.EFFECT_CLASS_WRITE


def plan(text: str = PLAN) -> pb.GameDay:
    """Return a plan."""
    return drafted(text, "plan.yaml")


def log(
    run_id: str, at: int, *bodies: dict[str, Any], runtime: str = "agno", outcome: int = 1
) -> list[events.RunEvent]:
    """Return the log of a run that was accepted at second *at* and took one; *bodies* lie between start and end."""
    facts: list[dict[str, Any]] = [
        {"run_accepted": events.RunAccepted(agent=common.SpecRef(name="support-desk", digest="sha256:a"))},
        {"run_routed": events.RunRouted(runtime=runtime)},
        {"run_started": events.RunStarted(attempt=1)},
        *bodies,
        {"run_finished": events.RunFinished(outcome=outcome)},  # type: ignore[arg-type]
    ]
    recorded = []
    for seq, body in enumerate(facts, start=1):
        (name,) = body
        event = events.RunEvent(run_id=run_id, seq=seq, type=TYPES[name], mode=common.EXECUTION_MODE_DRILL, **body)
        event.recorded_at.FromNanoseconds(at * SECOND + (SECOND if seq == len(facts) else seq))
        recorded.append(event)
    return recorded


def receipt(fault_id: str = "d/broken") -> dict[str, Any]:
    """Return the fact that a fault was met."""
    return {"fault_injected": events.FaultInjected(drill_id="d", fault_id=fault_id, kind=faults.FAULT_KIND_TOOL_ERROR)}


def write(call_id: str, *dispatched: int, key: str = "k", outcome: int = 1) -> list[dict[str, Any]]:
    """Return the facts of a WRITE that was sent as often as there are numbers in *dispatched*."""
    asked = events.ToolCallRequested(
        call_id=call_id, tool=common.SpecRef(name="charge"), idempotency_key=key, effect_class=WRITE
    )
    sent = [
        events.ToolCallDispatched(call_id=call_id, attempt=number, disposition=events.CALL_DISPOSITION_EXECUTED)
        for number in dispatched
    ]
    ended = events.ToolCallFinished(call_id=call_id, outcome=outcome)  # type: ignore[arg-type]
    return [
        {"tool_call_requested": asked},
        *({"tool_call_dispatched": one} for one in sent),
        {"tool_call_finished": ended},
    ]


def evidence(runs: Iterable[list[events.RunEvent]] = (), text: str = PLAN, step: int = -1) -> Evidence:
    """Return what a drill of a plan saw in which nothing went wrong; its runs belong to one step."""
    drilled = plan(text)
    logs = list(runs) or [log("r1", 10, receipt())]
    of = drilled.spec.method[step]
    return Evidence(
        plan=drilled,
        drill_id="d",
        began_ns=0,
        ended_ns=100 * SECOND,
        runs=[Seen(step=of, run_id=facts[0].run_id, log=facts) for facts in logs],
        faults=[Put(step="broken", fault_id="d/broken", kind=faults.FAULT_KIND_TOOL_ERROR)],
        documents=[pb.DrillDocument(kind="AgentSpec", name="support-desk", before="sha256:a", after="sha256:a")],
        processes=[pb.DrillProcess(name="core", before="pid 1", after="pid 1")],
        audit=pb.DrillAudit(runs=len(logs), events=5),
    )
