"""`pal gameday tour`: shadow, verdict, and a rollout that meets a regression, from nothing to a certificate."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pal.service.v1 import migration_service_pb2 as migration
from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as router
from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as comparisons
from pal.v1 import gameday_pb2 as pb
from pal_cli.bundled import ROOT, installed_runtimes
from pal_cli.commands.documents import documents_text
from pal_cli.commands.mesh import EXAMPLE_TOOLS, running
from pal_cli.drilling import drilled, plan_in
from pal_cli.failures import OK, RUN_FAILED, CommandError
from pal_cli.home import Home
from pal_cli.programs import plan
from pal_cli.settings import Mesh, OutputFormat, command, connected
from pal_cli.show import say
from pal_cli.verdicts import show

EXAMPLES = ROOT / "examples"
PLAN = EXAMPLES / "gamedays" / "rollout-regression.yaml"
AGENT, PRODUCTION, CANDIDATE = "support-desk", "agno", "pydantic-ai"
# Enough for each tier but latency to have something to say; a person waits for them.
LIVE_RUNS, AT_A_TIME = 120, 4
_WHOLE_PPM = 1_000_000
_CALL_SECONDS, _SHADOW_SECONDS, _JUDGE_SECONDS = 10.0, 90.0, 60.0


@command
async def tour(
    out: Annotated[Path, typer.Option(help="directory for the certificate and its page")] = Path("gameday-output"),
) -> int:
    """Shadow a candidate, judge it, and rehearse a rollout that stops by itself. Needs no mesh; under two minutes."""
    missing = {PRODUCTION, CANDIDATE} - set(installed_runtimes())
    if missing:
        raise CommandError(f"the tour needs {PRODUCTION} and {CANDIDATE}; run `make setup`")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pal-gameday-") as directory:
        home = Home(Path(directory))
        with home.held():
            say("[bold]1. a mesh on loopback that allows drills[/]: production on agno, and pydantic-ai")
            planned = plan(
                home,
                port=0,
                runtimes=[PRODUCTION, CANDIDATE],
                profiles=None,
                tools=EXAMPLE_TOOLS,
                default_runtime=PRODUCTION,
                drills=True,
                # Nobody else uses this mesh: shadows need not go slowly.
                shadow_runs_per_second=100,
            )
            async with running(home, planned):
                verdict, certificate = await _taken(home, out)
    say(f"\neverything that was started is stopped again; {time.monotonic() - began:.0f} s in all")
    good = verdict.outcome != comparisons.VERDICT_OUTCOME_FAIL and certificate.verdict == pb.DRILL_VERDICT_PASS
    return OK if good else RUN_FAILED


async def _taken(home: Home, out: Path) -> tuple[comparisons.Verdict, pb.Certificate]:
    async with connected(home) as mesh:
        text, source = documents_text([EXAMPLES])
        await mesh.registry.Apply(registry.ApplyRequest(text=text, source=source), timeout=_CALL_SECONDS)
        say(f"\n[bold]2. a shadow[/]: {LIVE_RUNS} live runs of {AGENT}, each again on both runtimes, without effects")
        await _shadowed(mesh)
        say(f"\n[bold]3. the verdict[/]: is {CANDIDATE} as good? So few runs seldom prove it; a fault would show")
        selector = migration.ShadowSelector(agent=AGENT)
        found = await mesh.migration.GetVerdict(migration.GetVerdictRequest(shadow=selector), timeout=_JUDGE_SECONDS)
        show(found.verdict)
        await mesh.migration.StopShadow(migration.StopShadowRequest(shadow=selector), timeout=_CALL_SECONDS)
    say("\n[bold]4. a rollout, rehearsed[/]: one canary agent, then two of production, where a regression is injected")
    certificate, file = await drilled(home, PLAN, plan_in(PLAN), None, OutputFormat.table)
    out.mkdir(parents=True, exist_ok=True)
    for made in (file, file.with_suffix(".html")):
        shutil.copy(made, out / made.name)
    shutil.copy(home.keys / "gameday.pub", out / "gameday.pub")
    kept = escape(str(out / file.name))
    say(f"\nkept: {kept}, and a page beside it; `pal certificate verify {kept} --keys {escape(str(out))}` checks it")
    return found.verdict, certificate


async def _shadowed(mesh: Mesh) -> None:
    shadow = migration.ShadowPlan(
        agent=AGENT, candidate=CANDIDATE, sample_ppm=_WHOLE_PPM, baseline_ppm=_WHOLE_PPM, max_runs_per_day=1000
    )
    await mesh.migration.StartShadow(migration.StartShadowRequest(plan=shadow), timeout=_CALL_SECONDS)
    places = asyncio.Semaphore(AT_A_TIME)

    async def live(number: int) -> None:
        request = router.RunRequest(
            agent=common.SpecSelector(name=AGENT), input=common.Payload(text=f"Where is order A-{1000 + number}?")
        )
        async with places:
            async for _ in mesh.router.Run(request):
                pass

    async with asyncio.TaskGroup() as tasks:
        for number in range(1, LIVE_RUNS + 1):
            tasks.create_task(live(number))
    progress = migration.ShadowProgress()
    try:
        async with asyncio.timeout(_SHADOW_SECONDS):
            watched = migration.WatchShadowRequest(shadow=migration.ShadowSelector(agent=AGENT))
            async for frame in mesh.migration.WatchShadow(watched):
                progress = frame.shadow.progress
                if progress.pairs + sum(lost.pairs for lost in progress.losses) >= LIVE_RUNS:
                    break
    except TimeoutError:
        say(f"   after {_SHADOW_SECONDS:.0f} s not all of them are compared; the verdict goes by those that are")
    say(f"   {progress.compared} of {progress.sampled} sampled runs were compared")
