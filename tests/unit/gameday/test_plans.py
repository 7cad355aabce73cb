"""Plans are checked to the last field, and every plan that ships holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pal.v1 import fault_pb2 as faults
from pal.v1 import gameday_pb2 as pb
from pal_gameday.plan import ALWAYS, drafted, invariants_of
from pal_registry.documents import drafts
from pal_rpc.errors import MeshError
from tests.unit.gameday.seen import PLAN, plan

SHIPPED = sorted((Path(__file__).parents[3] / "examples" / "gamedays").glob("*.yaml"))
WAVES = "candidate: b, waves: [{name: all, labels: {tier: prod}, steps: [{weight: 100}]}]"
MOVE = f"rollout: {{plan: {{{WAVES}}}}}"
FAULT = "fault: {kind: TOOL_ERROR, match: {tool: lookup_order}, ttl: 30s}"


def refused(text: str) -> MeshError:
    with pytest.raises(MeshError) as error:
        drafted(text, "plan.yaml")
    return error.value


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_plan_that_ships_is_good(path: Path) -> None:
    assert drafted(path.read_text(), path.name).metadata.name == path.stem


def test_a_plan_says_what_is_done() -> None:
    broken, during = plan().spec.method

    assert (broken.fault.kind, broken.fault.match.tool) == (faults.FAULT_KIND_TOOL_ERROR, "lookup_order")
    assert during.runs.count == 1


@pytest.mark.parametrize(
    ("old", "new", "path", "advice"),
    [
        ("hypothesis:", "hypotesis:", "spec.hypotesis", "did you mean hypothesis?"),
        ("kind: TOOL_ERROR", "kind: TOOL_EROR", "spec.method[0].fault.kind", "did you mean TOOL_ERROR?"),
        ("kind: TOOL_ERROR, ", "", "spec.method[0].fault.kind", "missing"),
        ("{tool: lookup_order}", "{tol: x}", "spec.method[0].fault.match.tol", "did you mean tool?"),
        ("ttl: 30s", "ttl: 2h", "spec.method[0].fault.ttl", "1s to 3600s"),
        ("ttl: 30s", "ttl: soon", "spec.method[0].fault.ttl", "a duration such as 10s"),
        ("match: {tool: lookup_order}", "match: {probabilityPpm: -1}", "spec.method[0].fault.match", "0 to 1000000"),
        (FAULT, "fault: {kind: MODEL_ERROR, match: {tool: x}}", "spec.method[0].fault.match.tool", "leave it out"),
        (FAULT, "fault: {kind: CLOCK_SKEW}", "spec.method[0].fault.delay", "how far the clock is off"),
        (FAULT, "fault: {kind: TOOL_ERROR, backward: true}", "spec.method[0].fault.backward", "leave it out"),
        (
            FAULT,
            "fault: {kind: CLOCK_SKEW, delay: 9s, match: {service: recorder}}",
            "spec.method[0].fault.match.service",
            "router, llm_provider, tool_executor",
        ),
        (FAULT, "rollout: {plan: {candidate: b}}", "spec.method[0].rollout.plan.waves", "missing"),
        (FAULT, f"rollout: {{plan: {{{WAVES}, lane: LIVE}}}}", "spec.method[0].rollout.plan.lane", "leave it out"),
        (FAULT, "wait: {rollout: move}", "spec.method[0].wait.rollout", "no step before it has rollout"),
        (
            f"{FAULT}}}",
            f"{MOVE}}}\n    - {{id: w, wait: {{rollout: broken, wave: alll}}}}",
            "spec.method[1].wait.wave",
            "mean all?",
        ),
        (f"{FAULT}}}", f"{MOVE}}}\n    - {{id: r, route: {{stable: b}}}}", "spec.method[1].route", "keep one"),
        (FAULT, "heal: nothing", "spec.method[0].heal", "no step before it has fault"),
        (FAULT, "routeBack: true", "spec.method[0].routeBack", "there is nothing to put back"),
        (FAULT, "route: {stable: agno, candidateBasisPoints: 5}", "spec.method[0].route.candidate", "missing"),
        (FAULT, "process: {name: agno}", "spec.method[0].process.action", "KILL, PAUSE, STOP, START, UPGRADE"),
        (FAULT, "process: {name: agno, action: UPGRADE}", "spec.method[0].process.to", "agno==3.1.5"),
        (FAULT, "wait: {runs: during}", "spec.method[0].wait.runs", "no step before it"),
        (FAULT, "wait: {}", "spec.method[0]", "say one thing"),
        (FAULT, f"{FAULT}, routeBack: true", "spec.method[0]", "does fault and routeBack; keep one"),
        ("id: during", "id: broken", "spec.method[1].id", "ids are unique"),
        ("count: 1}", "count: 1001}", "spec.method[1].runs.count", "1 to 1000"),
        ("count: 1}", "expect: [FINE]}", "spec.method[1].runs.expect[0]", "SUCCEEDED"),
        ("[Where is order A-1001?]", "[]", "spec.inputs", "at least one text"),
        ("agent: support-desk", "agent: ''", "spec.agent", "missing"),
        ("kind: GameDay", "kind: AgentSpec", "kind", "expected GameDay"),
    ],
)
def test_a_wrong_field_is_named_with_its_path(old: str, new: str, path: str, advice: str) -> None:
    assert old in PLAN

    error = refused(PLAN.replace(old, new))

    assert error.reason_name == "INVALID_DOCUMENT"
    assert error.metadata["path"].startswith(path)
    assert error.message.startswith("plan.yaml:")
    assert advice in error.message


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ("  probes: [{id: p, measure: FAULTS_MET}]", "spec.probes[0]"),
        ("  probes: [{id: p, measure: FAULTS_MEET, atLeast: 1}]", "spec.probes[0].measure"),
        ("  probes: [{id: p, measure: FAULTS_MET, atLeast: 1, steps: [durin]}]", "spec.probes[0].steps[0]"),
        ("  probes: [{id: p, measure: SUCCEEDED_PERCENT, atLeast: 101}]", "spec.probes[0].atLeast"),
        ("  probes: [{id: p, measure: FAULTS_MET, atMost: -1}]", "spec.probes[0].atMost"),
        ("  probes: [{id: p, measure: FAULTS_MET, atLeast: 2, atMost: 1}]", "spec.probes[0].atMost"),
        ("  stop: {maxDuration: 0s}", "spec.stop.maxDuration"),
        ("  evidence: {validFor: 0s}", "spec.evidence.validFor"),
        ("  invariants: [ROLLBACK_IN_TIME]", "spec.invariants"),
        ("  stop: {maxUnexpectedRuns: -1}", "spec.stop.maxUnexpectedRuns"),
    ],
)
def test_terms_are_checked(more: str, path: str) -> None:
    assert refused(f"{PLAN}{more}\n").metadata["path"] == path


def test_a_rollback_needs_runs_to_be_measured_by() -> None:
    steps = "[{id: to, route: {stable: agno}}, {id: back, routeBack: true}, {id: few, runs: {count: 4}}]"

    error = refused(PLAN.partition("  method:")[0] + f"  method: {steps}\n")

    assert (error.metadata["path"], "4 runs follow" in error.message) == ("spec.method[1].routeBack", True)


def test_without_traffic_there_is_no_drill() -> None:
    error = refused(PLAN.partition("    - {id: during")[0])

    assert (error.metadata["path"], "without traffic" in error.message) == ("spec.method", True)


def test_a_plan_that_says_nothing_else_has_to_hold_everything() -> None:
    assert invariants_of(plan()) == list(ALWAYS)
    assert pb.GAME_DAY_INVARIANT_ROLLBACK_IN_TIME in invariants_of(
        drafted((SHIPPED[0].parent / "switch-and-back.yaml").read_text())
    )


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "---\na: 1\n---\nb: 2\n"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    assert refused(text).reason_name == "INVALID_DOCUMENT"


def test_the_example_of_the_documentation_is_a_plan() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (SHIPPED[0].parents[2] / "docs" / "gameday.md").read_text(), re.DOTALL)

    assert drafted(text, "docs/gameday.md").metadata.name == "failing-candidate"


def test_whoever_publishes_a_plan_is_told_what_to_do_with_it() -> None:
    with pytest.raises(MeshError, match="pal gameday run FILE"):
        drafts(PLAN, "plan.yaml")
