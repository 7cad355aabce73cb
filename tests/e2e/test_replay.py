"""Recorded runs are repeated on any runtime, from this mesh and from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.e2e.conftest import ROOT, Cli

pytestmark = pytest.mark.drill

TRAJECTORIES = ROOT.parent / "shared/data/tau-bench-airline/runs.jsonl"
READS = ("get_*", "search_*", "list_*", "calculate", "think")
FEW = 4


async def test_a_run_is_repeated_on_another_runtime(pal: Cli) -> None:
    text = "Where is order A-1001?"
    first = await pal("run", "support-desk", "-i", text, "-r", "agno", "-o", "json")
    run_id = next(frame["event"]["runId"] for frame in first.lines if "event" in frame)

    repeated = await pal("replay", run_id, "-r", "pydantic-ai", "-o", "json")

    log = [frame["event"] for frame in repeated.lines if "event" in frame]
    claim = log[-1]["runFinished"]["replayClaim"]
    assert repeated.code == 0, repeated.err
    assert {event["mode"] for event in log} == {"EXECUTION_MODE_REPLAY"}
    assert (claim["modelHits"], claim["toolHits"], claim["loosestModelMatch"]) == (2, 1, "MATCH_KEY_BYTES")
    assert "misses" not in claim and "unused" not in claim
    assert log[-1]["runFinished"]["output"]["text"] == _output(first.lines)


def _output(lines: list[dict[str, dict[str, dict[str, dict[str, str]]]]]) -> str:
    return lines[-1]["event"]["runFinished"]["output"]["text"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "nobody"], 3, "RUN_NOT_FOUND"),
        (["replay"], 2, "name a run"),
        (["replay", "--select", "agnt=x"], 2, "there are: agent"),
        (["replay", "--select", "agent=nobody-has-this"], 3, "no finished run"),
        (["replay", "--select", "agent=x", "--report", "report.pdf"], 2, ".json"),
        (["import", "openai-messages", "no-such-file", "--agent", "x"], 3, "No such file"),
    ],
)
async def test_wrong_input_is_named(pal: Cli, arguments: list[str], code: int, words: str) -> None:
    finished = await pal(*arguments)

    assert finished.code == code, finished.err
    assert words in finished.err


async def test_a_run_that_is_going_is_not_repeated(pal: Cli) -> None:
    started = await pal("run", "support-desk", "-i", "Refund order A-1002, it is broken", "-o", "json")
    run_id = next(frame["event"]["runId"] for frame in started.lines if "event" in frame)

    refused = await pal("replay", run_id)
    await pal("runs", "cancel", run_id)

    assert refused.code == 4
    assert "RUN_NOT_FINISHED" in refused.err


async def test_a_broken_line_leaves_nothing_behind(pal: Cli, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    good = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    file.write_text(json.dumps(good) + "\n{oops\n")

    refused = await pal("import", "openai-messages", str(file), "--agent", "broken-import")

    assert refused.code == 2
    assert "line 2" in refused.err and "nothing was imported" in refused.err
    assert (await pal("runs", "list", "--agent", "broken-import", "-o", "json")).json == {"runs": []}


@pytest.mark.skipif(not TRAJECTORIES.exists(), reason=f"{TRAJECTORIES.name} of tau-bench is not there")
@pytest.mark.parametrize("fidelity", ["F1", "F2"])
async def test_real_trajectories_are_imported_and_repeated(pal: Cli, tmp_path: Path, fidelity: str) -> None:
    lines = TRAJECTORIES.read_text().splitlines()[:FEW]
    calls = sum(len(message.get("tool_calls") or ()) for line in lines for message in json.loads(line)["traj"])
    file = tmp_path / f"airline-{fidelity}.jsonl"
    file.write_text("\n".join(lines))
    reads = [part for glob in READS for part in ("--read", glob)]
    report = tmp_path / "report.xml"

    brought = await pal(
        "import", "openai-messages", str(file), "--agent", f"airline-{fidelity.lower()}", *reads, "-o", "json"
    )
    again = await pal("import", "openai-messages", str(file), "--agent", f"airline-{fidelity.lower()}", *reads)
    options = ["--fidelity", fidelity, "-r", "agno", "--report", str(report), "-o", "json"]
    repeated = await pal("replay", "--select", f"agent=airline-{fidelity.lower()}", *options)

    assert (brought.code, again.code) == (0, 0), brought.err + again.err
    assert brought.json["tool_calls"] == calls
    summary = repeated.json["summary"]
    assert summary["replays"] == brought.json["runs"]
    assert (summary["toolHits"], summary["modelHits"]) == (calls, brought.json["model_calls"])
    # A trajectory that ends with a tool result has no answer to what the runtime then asks.
    assert summary["replays"] - summary["same"] == summary["misses"]
    assert int(ElementTree.parse(report).getroot().get("failures", "")) == summary["misses"]
