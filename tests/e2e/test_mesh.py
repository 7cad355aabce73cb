"""What a stranger does first: start a mesh, apply the examples, run an agent on two runtimes, look at the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format

from pal.v1 import run_event_pb2 as events
from pal_log.grammar import violations
from tests.e2e.conftest import EXAMPLES, Cli

SAMPLE = EXAMPLES / "testcase-writer" / "requirements.md"
RUNTIMES = ("agno", "pydantic-ai")
STRANGE = """# Coffee machine

The machine shall brew a cup within 45 seconds.
It is red.

* CM-7: If the tank is empty, the machine must not heat.
"""


async def run(pal: Cli, *arguments: str) -> tuple[int, list[events.RunEvent]]:
    """Run an agent and return the exit code and the events that the command printed."""
    finished = await pal("run", *arguments, "-o", "json")
    frames = [frame["event"] for frame in finished.lines if "event" in frame]
    return finished.code, [json_format.ParseDict(frame, events.RunEvent()) for frame in frames]


async def test_both_runtimes_give_the_same_artifact(pal: Cli, tmp_path: Path) -> None:
    for runtime in RUNTIMES:
        code, log = await run(
            pal, "testcase-writer", "-i", f"@{SAMPLE}", "-r", runtime, "--save", str(tmp_path / runtime)
        )
        assert code == 0
        assert violations(log) == []

    first, second = ((tmp_path / runtime / "testcases.json").read_text() for runtime in RUNTIMES)
    assert first == second
    assert {case["requirement"] for case in json.loads(first)["testcases"]} == {f"REQ-{n}" for n in range(1, 11)}


async def test_both_runtimes_leave_the_same_events(pal: Cli) -> None:
    types = []
    for runtime in RUNTIMES:
        _, log = await run(pal, "testcase-writer", "-i", f"@{SAMPLE}", "-r", runtime)
        types.append(sorted(event.type for event in log))

    assert types[0] == types[1]


async def test_a_document_nobody_here_wrote_gets_test_cases_for_that_document(pal: Cli, tmp_path: Path) -> None:
    (tmp_path / "strange.md").write_text(STRANGE)

    await run(pal, "testcase-writer", "-i", f"@{tmp_path / 'strange.md'}", "--save", str(tmp_path))
    cases = json.loads((tmp_path / "testcases.json").read_text())["testcases"]

    assert {case["requirement"] for case in cases} == {"R-1", "CM-7"}
    assert any("45 seconds" in step for case in cases for step in [*case["steps"], case["title"]])
    assert {case["kind"] for case in cases if case["requirement"] == "CM-7"} == {"negative"}


async def test_a_conversation_has_turns_and_a_refund_needs_a_person(pal: Cli) -> None:
    first = await pal("run", "support-desk", "-c", "talk", "-i", "Where is order A-1002?")
    asked = await pal("run", "support-desk", "-c", "talk", "-i", "I want my money back", "-o", "json")
    log = [json_format.ParseDict(frame["event"], events.RunEvent()) for frame in asked.lines if "event" in frame]
    requested = [event.tool_call_requested for event in log if event.type == "tool.call.requested"]
    sent = [event.tool_call_dispatched.call_id for event in log if event.type == "tool.call.dispatched"]
    cancelled = await pal("runs", "cancel", log[0].run_id)

    assert "office chair" in first.out
    assert asked.code == 7, asked.err
    assert requested[-1].tool.name == "refund_order"
    assert "A-1002" in requested[-1].arguments.json
    assert requested[-1].call_id not in sent
    assert log[-1].type == "run.suspended"
    assert cancelled.code == 0, cancelled.err


async def test_the_record_tells_what_the_run_showed(pal: Cli) -> None:
    _, seen = await run(pal, "support-desk", "-i", "Where is order A-1001?")
    run_id = seen[0].run_id

    exported = await pal("runs", "export", run_id)
    shown = await pal("runs", "show", run_id, "-o", "json")
    watched = await pal("runs", "watch", run_id, "-o", "json")

    assert [json_format.ParseDict(line, events.RunEvent()) for line in exported.lines] == seen
    assert shown.json["run"]["headSeq"] == str(len(seen))
    assert len([frame for frame in watched.lines if "event" in frame]) == len(seen)


async def test_an_artifact_can_be_fetched_later(pal: Cli, tmp_path: Path) -> None:
    _, log = await run(pal, "testcase-writer", "-i", "The door shall close.")

    saved = await pal("runs", "artifacts", log[0].run_id, "--save", str(tmp_path))

    assert saved.code == 0
    assert json.loads((tmp_path / "testcases.json").read_text())["testcases"]


async def test_a_repeated_request_id_makes_no_second_run(pal: Cli) -> None:
    arguments = ("support-desk", "-i", "Where is order A-1001?", "--request-id", "e2e-repeat")

    _, first = await run(pal, *arguments)
    _, again = await run(pal, *arguments)

    assert first == again


@pytest.mark.parametrize("command", [["status"], ["doctor"], ["version"], ["runtimes", "list"], ["runs", "list"]])
async def test_what_is_shown_has_a_form_for_people_and_one_for_machines(pal: Cli, command: list[str]) -> None:
    people, machines = await pal(*command), await pal(*command, "-o", "json")

    assert people.code == machines.code == 0, people.out + people.err
    assert people.out.strip() and machines.json


async def test_documents_can_be_listed_described_and_withdrawn(pal: Cli, tmp_path: Path) -> None:
    spec = (
        "apiVersion: pal/v1\nkind: AgentSpec\nmetadata: {name: brief, version: 1.0.0}\nspec: {objective: Be brief.}\n"
    )
    (tmp_path / "brief.yaml").write_text(spec)

    applied = await pal("apply", "-f", str(tmp_path / "brief.yaml"))
    again = await pal("apply", "-f", str(tmp_path / "brief.yaml"))
    (tmp_path / "brief.yaml").write_text(spec.replace("Be brief.", "Be long."))
    changed = await pal("apply", "-f", str(tmp_path / "brief.yaml"))
    described = await pal("describe", "agent", "brief")
    withdrawn = await pal("delete", "agent", "brief@1.0.0")
    refused = await pal("run", "brief", "-i", "hello")

    assert ("created" in applied.out, "unchanged" in again.out) == (True, True)
    assert changed.code == 4 and "version" in changed.err
    assert "Be brief." in described.out and withdrawn.code == 0
    assert refused.code == 3
