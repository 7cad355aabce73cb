"""`pal diff`: the same input on two runtimes, side by side, out of a mesh."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest

from tests.e2e.conftest import EXAMPLES, Cli

pytestmark = pytest.mark.drill

SAMPLE = EXAMPLES / "testcase-writer" / "requirements.md"


async def run_id(pal: Cli, *arguments: str) -> str:
    """Run an agent and return the run."""
    finished = await pal("run", *arguments, "-o", "json")
    return str(next(frame["event"]["runId"] for frame in finished.lines if "event" in frame))


async def test_two_runtimes_are_compared_and_differ_in_nothing_hard(pal: Cli, tmp_path: Path) -> None:
    one, two = [
        await run_id(pal, "testcase-writer", "-i", f"@{SAMPLE}", "-r", name) for name in ("agno", "pydantic-ai")
    ]

    page, junit = tmp_path / "diff.html", tmp_path / "diff.xml"
    found = await pal("diff", one, two, "--json", "--html", str(page), "--junit", str(junit))
    schema = await pal("diff", "--schema")

    assert found.code == 0, found.err
    jsonschema_rs.validator_for(schema.json).validate(found.json)
    assert (found.json["a"]["runtime"], found.json["b"]["runtime"]) == ("agno", "pydantic-ai")
    assert found.json["a"]["success"] == "SUCCESS_STATE_REACHED"
    assert not [remark for remark in found.json.get("remarks", []) if "not in the registry" in remark]
    assert not any(entry.get("hard") for entry in found.json["tiers"])
    assert not [one for one in found.json.get("findings", []) if one["path"].startswith("artifacts/")]
    assert "</html>" in page.read_text() and "<testsuites" in junit.read_text()


async def test_wrong_runs_are_named(pal: Cli) -> None:
    one = await run_id(pal, "support-desk", "-i", "Where is order A-1001?")
    other = await run_id(pal, "testcase-writer", "-i", "The door shall close within 3 seconds.")

    going = await run_id(pal, "support-desk", "-i", "Refund order A-1002, it is broken")

    unknown, twice = await pal("diff", one, "no-such-run"), await pal("diff", one, one)
    unlike = await pal("diff", one, other, "--json")

    still = await pal("diff", one, going)
    assert (await pal("runs", "cancel", going)).code == 0

    assert still.code == 4 and f"pal runs watch {going}" in still.err
    assert unknown.code == 3 and "no-such-run" in unknown.err
    assert twice.code == 2 and "name two" in twice.err
    assert any("the agents differ" in remark for remark in unlike.json["remarks"])
