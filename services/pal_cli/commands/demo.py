"""`pal demo`: one agent on every runtime that is installed, from nothing to a comparison."""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from pal.service.v1 import registry_service_pb2 as registry
from pal.service.v1 import router_service_pb2 as pb
from pal.service.v1 import shared_pb2 as shared
from pal.v1 import common_pb2 as common
from pal_cli.bundled import ROOT, installed_runtimes
from pal_cli.commands.documents import documents_text
from pal_cli.commands.mesh import EXAMPLE_TOOLS, running
from pal_cli.failures import OK, RUN_FAILED, CommandError
from pal_cli.following import RunView
from pal_cli.home import Home
from pal_cli.programs import plan
from pal_cli.settings import Mesh, command, connected
from pal_cli.show import money, outcome_word, say, seconds_between, table
from pal_log.grammar import violations
from pal_rpc.recorder_client import RecorderClient

EXAMPLES = ROOT / "examples"
AGENT = "testcase-writer"
SAMPLE = EXAMPLES / AGENT / "requirements.md"
_CALL_SECONDS = 10.0


@command
async def demo(
    out: Annotated[Path, typer.Option(help="directory for the artifacts")] = Path("demo-output"),
) -> int:
    """Run one agent, unchanged, on every runtime that is installed, and show the runs side by side."""
    runtimes = installed_runtimes()
    if len(runtimes) < 2:
        raise CommandError(f"the demo needs two runtimes; installed: {', '.join(runtimes) or 'none'}; run `make setup`")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pal-demo-") as directory:
        home = Home(Path(directory))
        with home.held():
            say("[bold]1. a mesh on loopback[/]: router, registry, recorder, model provider, tool executor, runtimes")
            planned = plan(
                home, port=0, runtimes=runtimes, profiles=None, tools=EXAMPLE_TOOLS, default_runtime=runtimes[0]
            )
            async with running(home, planned) as state, connected(home) as mesh:
                say(f"   ready after {time.time() - state.started_at:.1f} s\n")
                views = await _tour(mesh, runtimes, out)
    say(f"\neverything that was started is stopped again; {time.monotonic() - began:.0f} s in all")
    _how_to_go_on()
    return OK if all(view.exit_code == OK for view in views) else RUN_FAILED


async def _tour(mesh: Mesh, runtimes: list[str], out: Path) -> list[RunView]:
    say("[bold]2. the example documents[/]")
    text, source = documents_text([EXAMPLES])
    response = await mesh.registry.Apply(registry.ApplyRequest(text=text, source=source), timeout=_CALL_SECONDS)
    names = ", ".join(f"{applied.document.ref.name}" for applied in response.applied)
    say(f"   published: {names}\n   models are the scripted stand-in: rules, not a language model\n")
    views = []
    for number, runtime in enumerate(runtimes, start=3):
        say(f"[bold]{number}. {AGENT} on {runtime}[/]")
        view = RunView(mesh, save=out / runtime)
        await view.follow(mesh.router.Run(_request(runtime)))
        views.append(view)
        say()
    await _compare(mesh, views, runtimes, out)
    return views


def _request(runtime: str) -> pb.RunRequest:
    content = common.Payload(text=SAMPLE.read_text(), media_type="text/markdown", filename=SAMPLE.name)
    return pb.RunRequest(
        request_id=str(uuid.uuid4()),
        agent=common.SpecSelector(name=AGENT),
        input=content,
        pinned_runtime=runtime,
        stop_on_disconnect=True,
    )


async def _compare(mesh: Mesh, views: list[RunView], runtimes: list[str], out: Path) -> None:
    client = RecorderClient(mesh.recorder, mesh.addresses["recorder"])
    columns: dict[str, list[str]] = {}
    for view in views:
        run = await client.run(view.run_id)
        log = [event async for event in client.log(view.run_id)]
        for name, value in _facts(run, violations(log)).items():
            columns.setdefault(name, []).append(value)
    say("[bold]side by side[/]")
    table(["", *runtimes], [[name, *values] for name, values in columns.items()], empty="")
    artifacts = [_artifact(out / runtime) for runtime in runtimes]
    same = artifacts[0] is not None and all(artifact == artifacts[0] for artifact in artifacts)
    count = len(artifacts[0]["testcases"]) if artifacts[0] else 0
    alike = f"[green]the same artifact on all {len(runtimes)}[/]: {count} test cases"
    say(f"\n{alike if same else '[red]the artifacts differ[/]'}, in {escape(str(out))}/")


def _facts(run: shared.Run, problems: list[str]) -> dict[str, str]:
    return {
        "outcome": outcome_word(run.outcome),
        "runtime version": run.runtime_version,
        "events recorded": str(run.head_seq),
        "model calls": str(run.model_calls),
        "tool calls": str(run.tool_calls),
        "tokens in / out": f"{run.usage.input_tokens} / {run.usage.output_tokens}",
        "cost": money(run.cost if run.HasField("cost") else None),
        "time": f"{seconds_between(run.accepted_at, run.finished_at):.2f} s",
        "event grammar": "; ".join(problems) or "holds",
    }


def _artifact(directory: Path) -> Any:
    path = directory / "testcases.json"
    return json.loads(path.read_text()) if path.exists() else None


def _how_to_go_on() -> None:
    say(
        "\n[bold]how to go on[/]\n"
        "  .venv/bin/pal up --detach          a mesh that stays\n"
        "  .venv/bin/pal apply -f examples    publish the examples\n"
        '  .venv/bin/pal run testcase-writer --runtime pydantic-ai --input "The door shall close within 3 seconds."\n'
        '  .venv/bin/pal run support-desk --input "Where is order A-1001?"\n'
        "  .venv/bin/pal runs list            and: runs show, events, watch, cancel, export\n"
        "  .venv/bin/pal down"
    )
