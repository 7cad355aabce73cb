"""`pal import ...`: runs from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TextColumn

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import shared_pb2 as shared
from pal_cli.failures import NOT_FOUND, CommandError
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import err, print_json, say
from pal_log.events import IMPORTER, now
from pal_router.conversation import conversation
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.recorder_client import RecorderClient
from pal_transfer.importing import Importer
from pal_transfer.trajectories import BrokenLine, Trajectory, read

app = typer.Typer(no_args_is_help=True, help="Bring in runs that were recorded elsewhere.")


@app.command("openai-messages")
@command
async def openai_messages(
    file: Annotated[Path, typer.Argument(help="JSON lines, a conversation each", show_default=False)],
    agent: Annotated[str, typer.Option("--agent", help="name of the agent that the runs are given to")],
    home: HomeOption = None,
    reads: Annotated[
        list[str] | None, typer.Option("--read", help="glob of tools that only read; all others are taken to write")
    ] = None,
    output: Output = OutputFormat.table,
) -> None:
    """Bring in chat trajectories in the message format of OpenAI. A broken line is named, and nothing is imported."""
    trajectories = _read(file)
    where = home_of(home)
    async with connected(where) as mesh:
        token = issue_token(private_key(where.keys, MESH), IMPORTER)
        async with Appender(mesh.recorder, token) as appender:
            artifacts = ArtifactClient(mesh.recorder, token)
            importer = Importer(mesh.registry, appender, artifacts, _told(mesh, artifacts))
            with Progress(TextColumn("{task.completed} of {task.total} conversations"), console=err) as bar:
                task = bar.add_task("", total=len(trajectories))
                report = await importer.bring(
                    trajectories,
                    agent=agent,
                    reads=reads or [],
                    source=file.name,
                    progress=lambda: bar.advance(task),
                )
    if output is OutputFormat.json:
        print_json(vars(report))
        return
    say(
        f"{report.conversations} conversations: {report.runs} runs, {report.model_calls} model calls, "
        f"{report.tool_calls} tool calls; {report.unanswered} words of users without an answer left out"
    )
    say(f"[dim]`pal runs list --agent {agent}`, `pal replay RUN --runtime R`[/]")


def _read(file: Path) -> list[Trajectory]:
    try:
        trajectories = read(file.read_text().splitlines())
    except UnicodeDecodeError:
        raise CommandError(f"{file}: not UTF-8 text") from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", NOT_FOUND) from None
    except BrokenLine as broken:
        raise CommandError(f"{file}: {broken}; nothing was imported") from None
    if not trajectories:
        raise CommandError(f"{file}: there is no trajectory in it")
    return trajectories


def _told(mesh: Mesh, artifacts: ArtifactClient):  # type: ignore[no-untyped-def]  # a closure over one mesh
    record = RecorderClient(mesh.recorder, mesh.addresses["recorder"])

    async def told(run_id: str, conversation_id: str) -> list[llm.ModelMessage]:
        run = shared.Run(run_id=run_id, conversation_id=conversation_id, accepted_at=now())
        return (await conversation(run, record, artifacts)).messages

    return told
