"""Drills from the command line: each plan that ships, and what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES, TWO, Cli, started

PLANS = sorted((EXAMPLES / "gamedays").glob("*.yaml"))
QUICK = "failing-tool"


@pytest.fixture(scope="module")
async def drilled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    async with started(tmp_path_factory.mktemp("drills") / "home", "--drills", runtimes=TWO) as cli:
        applied = await cli("apply", "-f", "examples")
        assert applied.code == 0, applied.err
        yield cli


async def test_a_drill_ends_in_a_certificate_that_can_be_believed(pal: Cli, tmp_path: Path) -> None:
    ran = await pal("gameday", "run", str(EXAMPLES / "gamedays" / f"{QUICK}.yaml"), "-o", "json")
    assert ran.code == 0, ran.err + ran.out
    file = Path(ran.json["file"])
    genuine = await pal("certificate", "verify", str(file), "-o", "json")
    edited = tmp_path / "edited.json"
    edited.write_text(file.read_text().replace('"expected": true', '"expected": false', 1))
    refused = await pal("certificate", "verify", str(edited))

    certificate = ran.json["certificate"]
    assert certificate["verdict"] == "DRILL_VERDICT_PASS"
    assert [run["faults"] for run in certificate["runs"] if run["step"] == "during"] == ["1"] * 4
    assert {one["what"] for one in certificate["receipts"]} == {"TOOL_ERROR"}
    assert (genuine.code, genuine.json["problems"]) == (0, [])
    assert refused.code == 1 and "edited: the signature does not fit" in refused.out
    assert "<title>failing-tool 1.0.0: PASS" in file.with_suffix(".html").read_text()
    assert (await pal("gameday", "faults", "-o", "json")).json == {"faults": []}


async def test_what_is_wrong_is_said_and_nothing_is_done(pal: Cli, tmp_path: Path) -> None:
    good = (EXAMPLES / "gamedays" / f"{QUICK}.yaml").read_text()
    wrong = {
        "fault": (good.replace("TOOL_ERROR", "TOOL_EROR"), 2, "did you mean TOOL_ERROR?"),
        "field": (
            good.replace("hypothesis:", "hypothesys:"),
            2,
            "spec.hypothesys: unknown field; did you mean hypothesis?",
        ),
        "agent": (good.replace("agent: support-desk", "agent: suport-desk"), 3, "did you mean support-desk?"),
        "runtime": (good.replace("runtime: agno}", "runtime: agnoo}"), 3, "did you mean agno?"),
    }
    for name, (text, code, words) in wrong.items():
        plan = tmp_path / f"{name}.yaml"
        plan.write_text(text)

        ended = await pal("gameday", "run", str(plan))

        assert (ended.code, words in ended.err) == (code, True), ended.err


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
async def test_a_plan_that_ships_passes(drilled: Cli, plan: Path) -> None:
    ran = await drilled("gameday", "run", str(plan), "--delay", "2", "-o", "json")

    assert ran.code == 0, ran.err + ran.out
    certificate = json.loads(ran.out)["certificate"]
    assert certificate["verdict"] == "DRILL_VERDICT_PASS"
    assert certificate["receipts"]
    verified = await drilled("certificate", "verify", json.loads(ran.out)["file"])
    assert verified.code == 0, verified.out


@pytest.mark.slow
async def test_a_mesh_that_forbids_drills_refuses_them(tmp_path: Path) -> None:
    async with started(tmp_path) as mesh:
        await mesh("apply", "-f", "examples")

        refused = await mesh("gameday", "run", str(EXAMPLES / "gamedays" / f"{QUICK}.yaml"))

        runs = await mesh("runs", "list", "-o", "json")
    assert refused.code == 4
    assert "pal up --drills" in refused.err and "DRILLS_FORBIDDEN" in refused.err
    assert runs.json["runs"] == []
