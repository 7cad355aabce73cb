"""A candidate is tried on live traffic: nothing of it reaches the world, and the verdict is what its pairs prove."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pal.service.v1 import migration_service_pb2 as pb
from pal.service.v1 import router_service_pb2 as router
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_cli.home import Home
from pal_cli.settings import Mesh, connected
from tests.e2e.conftest import ROOT, Cli, started
from tests.e2e.plugins import install
from tests.fakes.counted_orders import LEDGER

LANGGRAPH = ROOT / ".venvs" / "langgraph" / "bin" / "python"
CANDIDATE = f"{LANGGRAPH} {ROOT / 'tests/fakes/dropping_adapter.py'}"
TOOLS = {name: {"python": f"tests.fakes.counted_orders:{name}"} for name in ("lookup_order", "refund_order")} | {
    name: {"python": f"pal_example_tools.requirements:{name}"} for name in ("list_requirements", "get_requirement")
}
PASS, FAIL, INCONCLUSIVE = "VERDICT_OUTCOME_PASS", "VERDICT_OUTCOME_FAIL", "VERDICT_OUTCOME_INCONCLUSIVE"
REQUIREMENTS = "The door {0} shall close within {1} seconds. It must not open underway."


@dataclass(frozen=True)
class Desk:
    """A mesh whose refunds are counted at the back end."""

    pal: Cli
    mesh: Mesh
    ledger: Path

    @property
    def refunds(self) -> list[str]:
        """The orders that were paid back, as the back end counted them."""
        return [line.split()[0] for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []

    async def run(self, text: str, agent: str = "support-desk") -> events.RunFinished:
        """Run an agent live on agno; whatever waits for a person is agreed to."""
        request = router.RunRequest(
            agent=common.SpecSelector(name=agent), input=common.Payload(text=text), pinned_runtime="agno"
        )
        run_id = ""
        async for response in self.mesh.router.Run(request):
            for frame in response.frames:
                run_id = frame.event.run_id or run_id
                if frame.event.type == "run.suspended":
                    await self._approve(run_id)
                if frame.event.type == "run.finished":
                    return frame.event.run_finished
        raise AssertionError(f"run {run_id} was cut")

    async def _approve(self, run_id: str) -> None:
        waiting = await self.mesh.router.ListInputs(router.ListInputsRequest(run_id=run_id))
        for entry in waiting.inputs:
            answer = router.AnswerRequest(
                run_id=run_id, input_id=entry.input.input_id, decision=events.INPUT_DECISION_ACCEPTED
            )
            await self.mesh.router.Answer(answer)

    async def runs(self, texts: Sequence[str], agent: str = "support-desk") -> None:
        """Make live runs, a few at a time."""
        places = asyncio.Semaphore(4)

        async def one(text: str) -> None:
            async with places:
                finished = await self.run(text, agent)
                assert finished.outcome == events.RUN_OUTCOME_SUCCEEDED, finished

        async with asyncio.TaskGroup() as tasks:
            for text in texts:
                tasks.create_task(one(text))

    async def compared(self, agent: str, candidate: str, pairs: int) -> pb.Shadow:
        """Return the shadow once it has compared so many pairs."""
        selector = pb.ShadowSelector(agent=agent, candidate=candidate)
        async with asyncio.timeout(240):
            async for frame in self.mesh.migration.WatchShadow(pb.WatchShadowRequest(shadow=selector)):
                progress = frame.shadow.progress
                if progress.pairs + sum(loss.pairs for loss in progress.losses) >= pairs:
                    return frame.shadow
        raise AssertionError("the watch ended")

    async def shadows(self, lane: str) -> list[shared.Run]:
        """Return the shadow runs of a lane."""
        query = shared.RunQuery(mode=common.EXECUTION_MODE_SHADOW, labels={"pal.lane": lane}, page_size=200)
        return list((await self.mesh.router.ListRuns(router.ListRunsRequest(query=query))).runs)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    tools = {"python_path": [str(ROOT), str(ROOT / "examples")], "tools": TOOLS}
    (folder / "tools.yaml").write_text(yaml.safe_dump(tools))
    settings = {LEDGER: str(folder / "ledger"), "PAL_SHADOW_RUNS_PER_SECOND": "2000"}
    async with started(folder / "home", "--tools", str(folder / "tools.yaml"), **settings) as pal:
        assert (await pal("apply", "-f", "examples")).code == 0
        await install(pal, "candidate", CANDIDATE)
        await install(pal, "defective", f"{CANDIDATE} refund_order.reason")
        async with connected(Home(folder / "home")) as mesh:
            yield Desk(pal, mesh, folder / "ledger")


@pytest.mark.drill
async def test_a_candidate_is_judged_on_live_runs_without_an_effect_of_its_own(tmp_path: Path) -> None:
    refunds = [f"Refund order A-20{number}, it is broken" for number in range(3)]
    lookups = [f"Where is order A-10{number}?" for number in range(3)]
    async with desk(tmp_path) as desk_:
        pal = desk_.pal
        for candidate in ("candidate", "defective"):
            begun = await pal("shadow", "start", "support-desk", "-c", candidate, "--sample", "100%")
            assert begun.code == 0, begun.err

        await desk_.runs([*refunds, *lookups])
        shadows = [await desk_.compared("support-desk", name, 6) for name in ("candidate", "defective")]
        sound = await pal("verdict", "support-desk", "-c", "candidate", "-o", "json")
        broken = await pal("verdict", "support-desk", "-c", "defective", "-o", "json")
        pairs = await pal("diff", "--shadow", "support-desk", "-c", "defective", "--json")
        history = await pal("verdict", "support-desk", "--history", "-o", "json")

        assert sorted(desk_.refunds) == ["A-200", "A-201", "A-202"]
        assert [(shadow.progress.pairs, list(shadow.progress.losses)) for shadow in shadows] == [(6, []), (6, [])]
        assert sound.json["verdict"]["outcome"] in (PASS, INCONCLUSIVE), sound.json["verdict"]["reason"]
        assert (broken.code, broken.json["verdict"]["outcome"]) == (1, FAIL), broken.json["verdict"]["reason"]
        top = broken.json["verdict"]["findings"][0]
        assert top["finding"]["hard"] and "reason" in top["finding"]["field"]
        example = top["examples"][0]["runB"]
        assert example in {run.run_id for run in await desk_.shadows("candidate") if run.runtime == "defective"}
        assert pairs.code == 1 and len(pairs.json["comparisons"]) == 6
        assert len(history.json["verdicts"]) == 2
        assert len(await desk_.shadows("baseline")) == 12


@pytest.mark.drill
async def test_a_service_that_is_killed_under_way_compares_and_counts_every_live_run_once(tmp_path: Path) -> None:
    texts = [f"Refund order A-2{number:02}, it is broken" for number in range(12)]
    async with desk(tmp_path) as desk_:
        plan = ("-c", "candidate", "--sample", "100%", "--start", "concurrent")
        begun = await desk_.pal("shadow", "start", "support-desk", *plan)
        assert begun.code == 0, begun.err

        live = asyncio.create_task(desk_.runs(texts))
        for pairs in (1, 3, 5):
            shadow = await desk_.compared("support-desk", "candidate", pairs)
            old = desk_.pal.pid("migration")
            os.kill(old, signal.SIGKILL)
            await desk_.pal.restarted("migration", old)
        await live
        shadow = await desk_.compared("support-desk", "candidate", 12)
        listed = await desk_.pal("diff", "--shadow", "support-desk", "--json")

        assert sorted(desk_.refunds) == sorted(text.split()[2].rstrip(",") for text in texts)
        progress = shadow.progress
        assert (progress.seen, progress.pairs, list(progress.losses), progress.runs_of_day) == (12, 12, [], 24)
        assert len({run.run_id for run in await desk_.shadows("candidate")}) == 12
        assert len(await desk_.shadows("baseline")) == 12
        assert len({pair["a"]["runId"] for pair in listed.json["comparisons"]}) == len(listed.json["comparisons"]) == 12


@pytest.mark.slow
async def test_two_hundred_live_runs_decide(tmp_path: Path) -> None:
    refunds = [f"Refund order A-2{number:03}, it is broken" for number in range(40)]
    lookups = [f"Where is order A-1{number:03}?" for number in range(60)]
    documents = [REQUIREMENTS.format(number, number % 7 + 2) for number in range(100)]
    async with desk(tmp_path) as desk_:
        pal = desk_.pal
        for agent in ("support-desk", "testcase-writer"):
            for candidate in ("candidate", "defective"):
                begun = await pal(
                    *("shadow", "start", agent, "-c", candidate, "--sample", "100%", "--any-tier"),
                    *("--cap-runs", "1000"),
                )
                assert begun.code == 0, begun.err

        await desk_.runs([*refunds, *lookups])
        await desk_.runs(documents, "testcase-writer")
        for agent in ("support-desk", "testcase-writer"):
            for candidate in ("candidate", "defective"):
                await desk_.compared(agent, candidate, 100)
        verdicts = {
            (agent, candidate): (await pal("verdict", agent, "-c", candidate, "-o", "json")).json["verdict"]
            for agent in ("support-desk", "testcase-writer")
            for candidate in ("candidate", "defective")
        }

        assert len(desk_.refunds) == len(set(desk_.refunds)) == len(refunds)
        outcomes = {key: verdict["outcome"] for key, verdict in verdicts.items()}
        assert outcomes.pop(("support-desk", "defective")) == FAIL
        assert set(outcomes.values()) <= {PASS, INCONCLUSIVE}, verdicts


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["shadow", "start", "support-desk", "-c", "agn", "--sample", "20%"], 3, "did you mean agno?"),
        (["shadow", "start", "support-desk", "-c", "agno", "--sample", "lots"], 2, "--sample lots"),
        (["shadow", "start", "support-desk", "-c", "agno", "--sample", "0"], 2, "plan.sample_ppm"),
        (["shadow", "start", "support-desk", "-c", "agno", "--sample", "5%", "--cap-money", "5"], 2, "--cap-money"),
        (["shadow", "start", "nobody", "-c", "agno", "--sample", "5%"], 3, "AGENT_NOT_FOUND"),
        (["shadow", "start", "testcase-writer", "-c", "agno", "--sample", "5%"], 4, "--any-tier"),
        (["shadow", "stop", "support-desk"], 3, "pal shadow start"),
        (["verdict", "support-desk", "-c", "agno"], 3, "SHADOW_NOT_FOUND"),
        (["diff", "--shadow", "support-desk", "one"], 2, "name no runs"),
    ],
)
async def test_wrong_input_is_named(pal: Cli, arguments: list[str], code: int, words: str) -> None:
    finished = await pal(*arguments)

    assert finished.code == code, finished.err
    assert words in finished.err
