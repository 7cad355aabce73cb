"""Work in stages on a whole mesh: the record keeps to the grammar, whatever happens in a stage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format

from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from tests.e2e.conftest import EXAMPLES, Cli
from tests.e2e.test_mesh import run

pytestmark = pytest.mark.drill

STAGES = ("extract", "write-cases", "find-doubts", "merge")
DOCUMENT = EXAMPLES / "testcase-review" / "requirements.md"
REFUNDER = """\
apiVersion: pal/v1
kind: AgentSpec
metadata: {name: refunder, version: 1.0.0}
spec:
  objective: Help with an order.
  tools: [lookup_order, refund_order]
  policies: [support-desk-guard]
  plan:
    stages:
      - {id: look, objective: Look the order up., tools: [lookup_order]}
      - {id: refund, objective: Pay the order back., tools: [refund_order]}
      - {id: tell, objective: Say what was done., after: [look, refund], tools: [lookup_order]}
"""


def steps(log: list[events.RunEvent]) -> list[str]:
    return [f"{event.type} {event.stage_id}" for event in log if event.type.startswith("stage.")]


async def recorded(pal: Cli, run_id: str) -> list[events.RunEvent]:
    exported = await pal("runs", "export", run_id)
    return [json_format.ParseDict(line, events.RunEvent()) for line in exported.lines]


async def test_a_review_goes_through_its_stages(pal: Cli, tmp_path: Path) -> None:
    code, log = await run(pal, "testcase-review", "-i", f"@{DOCUMENT}", "-r", "agno", "--save", str(tmp_path))

    assert code == 0
    assert violations(log) == []
    assert steps(log)[:2] == ["stage.started extract", "stage.finished extract"]
    assert steps(log)[-2:] == ["stage.started merge", "stage.finished merge"]
    calls = {event.model_call_finished.call_id: event.stage_id for event in log if event.type == "model.call.finished"}
    assert calls == {"extract.model-2": "extract", **{f"{stage}.model-1": stage for stage in STAGES}}
    review = json.loads((tmp_path / "review.json").read_text())
    listed = json.loads((tmp_path / "requirements.json").read_text())["requirements"]
    assert [requirement["id"] for requirement in listed] == [f"PG-{n}" for n in range(1, 9)]
    assert {case["requirement"] for case in review["testcases"]} == {f"PG-{n}" for n in range(1, 9)}
    assert [doubt["requirement"] for doubt in review["doubts"]] == ["PG-1", "PG-3", "PG-5", "PG-6"]
    assert {case["requirement"] for case in review["testcases"] if case["inDoubt"]} == {"PG-1", "PG-3", "PG-5", "PG-6"}


async def test_stages_are_shown(pal: Cli) -> None:
    followed = await pal("run", "testcase-review", "-i", "CM-1: The machine shall stop quickly.", "-r", "agno")
    run_id = followed.out.split("run ", 1)[1].split()[0]

    shown = await pal("runs", "show", run_id)
    listed = await pal("runs", "events", run_id)

    marks = [line for line in followed.out.splitlines() if line.startswith(("▸", "✓"))]
    assert marks[:2] == ["▸ extract", "✓ extract"]
    assert marks[-2:-1] == ["✓ merge"]
    assert [line.split()[0] for line in shown.out.splitlines() if line.endswith("succeeded")][-4:] == list(STAGES)
    assert "STAGE" in listed.out.splitlines()[0]
    assert any("model.call.started" in line and "find-doubts" in line for line in listed.out.splitlines())


async def test_a_runtime_without_the_mode_is_refused(pal: Cli) -> None:
    refused = await pal("run", "testcase-review", "-i", "The door shall close.", "-r", "pydantic-ai")

    assert refused.code == 4
    assert "runtime pydantic-ai lacks what agent testcase-review requires: modes: workflow" in refused.err


async def test_a_stage_waits_for_a_person_and_the_others_are_not_repeated(pal: Cli, tmp_path: Path) -> None:
    (tmp_path / "refunder.yaml").write_text(REFUNDER)
    await pal("apply", "-f", str(tmp_path / "refunder.yaml"))

    waiting = await pal("run", "refunder", "-i", "I want my money back for A-1003", "-r", "agno", "-o", "json")
    run_id = next(line["event"]["runId"] for line in waiting.lines if "event" in line)
    before = await recorded(pal, run_id)
    approved = await pal("inputs", "approve", run_id)
    watched = await pal("runs", "watch", run_id)
    log = await recorded(pal, run_id)

    asked = next(event for event in before if event.type == "input.requested")
    assert asked.stage_id == "refund"
    assert (approved.code, watched.code) == (0, 0), approved.err + watched.err
    assert violations(log) == []
    assert sorted(steps(log)) == sorted(
        f"stage.{step} {stage}" for step in ("started", "finished") for stage in ("look", "refund", "tell")
    )
    assert [event.stage_id for event in log if event.type == "tool.call.dispatched"].count("refund") == 1
    assert "A-1003" in log[-1].run_finished.output.text
