"""Drills from the command line: each plan that ships, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES, PAL, ROOT, TWO, Cli, Finished, started

PLANS = sorted((EXAMPLES / "gamedays").glob("*.yaml"))
QUICK = "failing-tool"
APPROVED = """
apiVersion: pal/v1
kind: Rollout
metadata: {name: approved, version: 1.0.0}
spec:
  candidate: pydantic-ai
  waves:
    - name: canary
      labels: {tier: canary}
      steps: [{name: small, weight: 5, gates: {approval: true}}, {name: whole, weight: 100, gates: {minRuns: 1}}]
"""


@pytest.fixture(scope="module")
async def drilled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    async with started(tmp_path_factory.mktemp("drills") / "home", "--drills", runtimes=TWO) as cli:
        applied = await cli("apply", "-f", "examples")
        assert applied.code == 0, applied.err
        yield cli


@pytest.mark.drill
async def test_a_drill_ends_in_a_certificate_that_can_be_believed(pal: Cli, tmp_path: Path) -> None:
    ran = await pal("gameday", "run", str(EXAMPLES / "gamedays" / f"{QUICK}.yaml"), "-o", "json")
    assert ran.code == 0, ran.err + ran.out
    file = Path(ran.json["file"])
    genuine = await pal("certificate", "verify", str(file), "-o", "json")
    numbered = await pal("certificate", "verify", ran.json["certificate"]["number"], "-o", "json")
    listed = await pal("certificate", "list", "--plan", QUICK, "-o", "json")
    edited = tmp_path / "edited.json"
    edited.write_text(file.read_text().replace('"expected": true', '"expected": false', 1))
    refused = await pal("certificate", "verify", str(edited))

    certificate = ran.json["certificate"]
    assert certificate["verdict"] == "DRILL_VERDICT_PASS"
    assert [run["faults"] for run in certificate["runs"] if run["step"] == "during"] == ["1"] * 4
    assert {one["what"] for one in certificate["receipts"]} == {"TOOL_ERROR"}
    assert (genuine.code, genuine.json["problems"]) == (0, [])
    assert numbered.json == genuine.json
    assert listed.json["certificates"][0] == certificate
    assert refused.code == 1 and "edited: the signature does not fit" in refused.out
    assert "<title>failing-tool 1.0.0: PASS" in file.with_suffix(".html").read_text()
    assert (await pal("gameday", "faults", "-o", "json")).json == {"faults": []}


@pytest.mark.drill
@pytest.mark.parametrize(
    ("plan", "step", "reason"),
    [
        ("clock-skew", "expired", "LEASE_EXPIRED"),
        ("old-adapter", "traffic", ""),
        # What the model says without the stages is no output of the agent; the adapter itself notices that.
        ("old-adapter-stages", "refused", "OUTPUT_INVALID"),
    ],
)
async def test_clocks_and_adapters_that_do_not_fit_are_refused_by_name(
    pal: Cli, plan: str, step: str, reason: str
) -> None:
    ran = await pal("gameday", "run", str(EXAMPLES / "gamedays" / f"{plan}.yaml"), "-o", "json")

    certificate = ran.json["certificate"]
    assert (ran.code, certificate["verdict"]) == (0, "DRILL_VERDICT_PASS"), ran.err + ran.out
    assert {run.get("reason", "") for run in certificate["runs"] if run["step"] == step} == {reason}


@pytest.mark.drill
async def test_a_plan_that_names_what_is_not_there_keeps_no_other_from_being_carried_out(
    pal: Cli, tmp_path: Path
) -> None:
    good = EXAMPLES / "gamedays" / f"{QUICK}.yaml"
    missing = tmp_path / "missing.yaml"
    missing.write_text(good.read_text().replace("runtime: agno}", "runtime: agnoo}"))

    ran = await pal("gameday", "run", str(missing), str(good), "-o", "json")

    assert (ran.code, ran.json["certificate"]["verdict"]) == (3, "DRILL_VERDICT_PASS")
    assert f"error: {missing}: " in ran.err and "did you mean agno?" in ran.err


async def test_what_is_wrong_is_said_and_nothing_is_done(pal: Cli, tmp_path: Path) -> None:
    good = (EXAMPLES / "gamedays" / f"{QUICK}.yaml").read_text()
    wrong = {
        "field": (
            good.replace("hypothesis:", "hypothesys:"),
            2,
            "spec.hypothesys: unknown field; did you mean hypothesis?",
        ),
        "agent": (good.replace("agent: support-desk", "agent: suport-desk"), 3, "did you mean support-desk?"),
        "runtime": (good.replace("runtime: agno}", "runtime: agnoo}"), 3, "did you mean agno?"),
    }
    for name, (text, _, _) in wrong.items():
        (tmp_path / f"{name}.yaml").write_text(text)

    ended = await asyncio.gather(*(pal("gameday", "run", str(tmp_path / f"{name}.yaml")) for name in wrong))

    for one, (_, code, words) in zip(ended, wrong.values(), strict=True):
        assert (one.code, words in one.err) == (code, True), one.err


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
async def test_a_plan_that_ships_passes(drilled: Cli, plan: Path) -> None:
    if plan.stem == "minor-upgrade":
        installed = await drilled("runtime", "install", "agno==3.0.11", "--name", "agno-blue")
        assert installed.code == 0, installed.err
    ran = await drilled("gameday", "run", str(plan), "--delay", "2", "-o", "json")

    assert ran.code == 0, ran.err + ran.out
    certificate = json.loads(ran.out)["certificate"]
    assert certificate["verdict"] == "DRILL_VERDICT_PASS"
    assert certificate["receipts"]
    verified = await drilled("certificate", "verify", json.loads(ran.out)["file"])
    assert verified.code == 0, verified.out


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_drill_that_is_interrupted_heals_what_it_put(drilled: Cli, tmp_path: Path) -> None:
    plan = (EXAMPLES / "gamedays" / "recorder-away.yaml").read_text()
    file = tmp_path / "plan.yaml"
    file.write_text(plan)
    environment = {**os.environ, "PAL_HOME": str(drilled.home)}
    running = await asyncio.create_subprocess_exec(
        PAL, "gameday", "run", str(file), env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    while b"during" not in await running.stdout.readline():
        pass
    standing = await drilled("gameday", "faults", "-o", "json")

    running.send_signal(signal.SIGINT)
    code = await running.wait()

    healed = await drilled("gameday", "faults", "-o", "json")
    assert len(standing.json["faults"]) == 1
    assert (code, healed.json) == (130, {"faults": []})


CUT_OFF = """
apiVersion: pal/v1
kind: GameDay
metadata: {name: cut-off, version: 1.0.0}
spec:
  hypothesis: Whatever a drill has changed is put back when its controller is killed.
  agent: order-notes
  inputs: [Nothing.]
  method:
    - {id: switched, route: {stable: pydantic-ai}}
    - {id: slow, fault: {kind: ADAPTER_SLOW, ttl: 600s}}
    - {id: silent, process: {name: pydantic-ai, action: PAUSE, lasting: 300s}}
    - {id: never, runs: {count: 1}}
"""


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_what_a_drill_has_changed_is_put_back_when_its_controller_is_killed(drilled: Cli, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(CUT_OFF)
    silent = drilled.pid("pydantic-ai")
    environment = {**os.environ, "PAL_HOME": str(drilled.home)}
    running = await asyncio.create_subprocess_exec(
        PAL, "gameday", "run", str(file), env=environment, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    await until(lambda: is_stopped(silent))
    switched = await drilled("route", "get", "order-notes", "-o", "json")
    standing = await drilled("gameday", "faults", "-o", "json")

    os.kill(drilled.pid("migration"), signal.SIGKILL)

    _, said = await running.communicate()
    await until(lambda: goes_on(silent))
    await until(lambda: no_fault(drilled))
    back = await drilled("route", "get", "order-notes", "-o", "json")
    assert (running.returncode, len(standing.json["faults"])) == (5, 1), said
    assert [stable(one) for one in (switched, back)] == ["pydantic-ai", "agno"]
    assert not list((drilled.home / "certificates").glob("*cut-off*"))
    assert drilled.pid("pydantic-ai") == silent


def stable(shown: Finished) -> str:
    (route,) = shown.json["routes"]
    return str(route["stable"])


async def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def goes_on(pid: int) -> bool:
    return not await is_stopped(pid)


async def no_fault(mesh: Cli) -> bool:
    return not (await mesh("gameday", "faults", "-o", "json")).json["faults"]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once *condition*, of which nobody tells us, holds."""
    async with asyncio.timeout(60):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.1)


@pytest.mark.drill
async def test_a_drill_leaves_the_route_alone_that_a_rollout_has(drilled: Cli, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(APPROVED)
    begun = await drilled("rollout", "apply", str(tmp_path / "plan.yaml"))
    before = await drilled("route", "history", "support-desk", "-o", "json")

    refused = await drilled("gameday", "run", str(EXAMPLES / "gamedays" / "switch-and-back.yaml"))
    after = await drilled("route", "history", "support-desk", "-o", "json")
    aborted = await drilled("rollout", "abort", "approved")

    assert (begun.code, aborted.code) == (0, 0), begun.err + aborted.err
    assert (refused.code, "rollout approved has agent support-desk" in refused.err) == (4, True), refused.err
    assert after.json == before.json


@pytest.mark.slow
async def test_a_drill_whose_condition_to_stop_is_met_is_broken_off(drilled: Cli, tmp_path: Path) -> None:
    plan = (EXAMPLES / "gamedays" / "quota-gone.yaml").read_text()
    file = tmp_path / "plan.yaml"
    file.write_text(plan.replace(", expect: [FAILED]", "").replace("parallel: 3", "parallel: 1"))

    ran = await drilled("gameday", "run", str(file), "-o", "json")

    certificate = ran.json["certificate"]
    assert (ran.code, certificate["verdict"]) == (1, "DRILL_VERDICT_FAIL")
    assert certificate["reasons"][0].startswith("broken off: 1 runs ended otherwise than expected")
    assert [run["step"] for run in certificate["runs"]] == ["during"]
    assert (await drilled("gameday", "faults", "-o", "json")).json == {"faults": []}


@pytest.mark.slow
async def test_a_mesh_that_forbids_drills_refuses_them(tmp_path: Path) -> None:
    async with started(tmp_path) as mesh:
        await mesh("apply", "-f", "examples")

        refused = await mesh("gameday", "run", str(EXAMPLES / "gamedays" / f"{QUICK}.yaml"))

        runs = await mesh("runs", "list", "-o", "json")
    assert refused.code == 4
    assert "pal up --drills" in refused.err and "DRILLS_FORBIDDEN" in refused.err
    assert runs.json["runs"] == []


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_the_tour_ends_in_a_rollout_that_went_back_by_itself(tmp_path: Path) -> None:
    tour = await asyncio.create_subprocess_exec(
        PAL, "gameday", "tour", "--out", str(tmp_path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said = (await tour.communicate())[0].decode()
    (file,) = tmp_path.glob("*.json")
    verified = await asyncio.create_subprocess_exec(PAL, "certificate", "verify", file, "--keys", tmp_path)

    assert (tour.returncode, await verified.wait()) == (0, 0), said
    assert "120 of 120 sampled runs were compared" in said
    certificate = json.loads(file.read_text())["certificate"]
    (rollout,) = certificate["rollouts"]
    assert (rollout["ended"], rollout["expected"]) == ("GAME_DAY_ROLLOUT_END_ABORTED",) * 2
    assert rollout["reason"].startswith("order-notes: burn rate")
    assert [entry for entry in rollout["history"] if entry.startswith("step")] == [
        "step canary/50%",
        "step canary/100%",
        "step prod/50%",
    ]
    back = {one["agent"] for one in certificate["rollbacks"]}
    assert back == {"support-desk", "order-notes", "testcase-writer"}
    assert {one["what"] for one in certificate["receipts"]} == {"MODEL_ERROR", "ROLLOUT"}
