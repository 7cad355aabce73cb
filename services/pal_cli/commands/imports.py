"""`pal import ...`: runs from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.progress import Progress, TaskID, TextColumn
from typer.core import TyperGroup

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import shared_pb2 as shared
from pal_cli.failures import NOT_FOUND, CommandError
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import err, print_json, say, size
from pal_log.events import IMPORTER, now
from pal_router.conversation import conversation
from pal_rpc.appender import Appender
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.identity import issue_token
from pal_rpc.keys import MESH, private_key
from pal_rpc.recorder_client import RecorderClient
from pal_transfer import otlp
from pal_transfer.export_file import BrokenExport, opened
from pal_transfer.importing import Importer, Report
from pal_transfer.restoring import Restorer
from pal_transfer.trajectories import BrokenLine, Trajectory, read

T = TypeVar("T")
_MESH = "mesh"


class _FileFirst(TyperGroup):
    """Takes what is none of its words for the file of an export: `pal import FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = (*self.commands, "--help")
        return super().parse_args(ctx, args if not args or args[0] in known else [_MESH, *args])


app = typer.Typer(
    cls=_FileFirst, no_args_is_help=True, help="Bring in an export of another mesh (`pal import FILE`), or other runs."
)


@app.command(_MESH, hidden=True)
@command
async def mesh_(
    file: Annotated[Path, typer.Argument(help="what `pal export` has written", show_default=False)],
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Bring in an export of another mesh. All of it is checked before anything is written; a repeat goes on."""
    where = home_of(home)
    token = issue_token(private_key(where.keys, MESH), IMPORTER)
    try:
        source = opened(file)
        try:
            async with connected(where) as mesh:
                with Progress(TextColumn("{task.description} {task.fields[done]}"), console=err) as bar:
                    restorer = Restorer(mesh.recorder, mesh.registry, token, source, _shown(bar))
                    restored = await restorer.restore()
        finally:
            source.close()
    except BrokenExport as broken:
        raise CommandError(f"{file}: {broken}; nothing was imported") from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", NOT_FOUND) from None
    if output is OutputFormat.json:
        print_json(vars(restored))
        return
    say(
        f"{restored.runs} runs, {restored.documents} documents and {restored.artifacts} artifacts imported; "
        f"{restored.unchanged} runs were there already"
    )


def _shown(bar: Progress) -> Callable[[str, int], None]:
    tasks: dict[str, TaskID] = {}

    def told(step: str, size_bytes: int) -> None:
        if step not in tasks:
            tasks[step] = bar.add_task(step, total=None, done="")
        bar.advance(tasks[step], size_bytes)
        bar.update(tasks[step], done=size(int(bar.tasks[tasks[step]].completed)))

    return told


AgentOption = Annotated[str, typer.Option("--agent", help="name of the agent that the runs are given to")]
ReadOption = Annotated[
    list[str] | None, typer.Option("--read", help="glob of tools that only read; all others are taken to write")
]


@app.command("openai-messages")
@command
async def openai_messages(
    file: Annotated[Path, typer.Argument(help="JSON lines, a conversation each", show_default=False)],
    agent: AgentOption,
    home: HomeOption = None,
    reads: ReadOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Bring in chat trajectories in the message format of OpenAI. A broken line is named, and nothing is imported."""
    trajectories = _read(file, lambda text: read(text.splitlines()))
    if not trajectories:
        raise CommandError(f"{file}: there is no trajectory in it")
    _say(await _bring(trajectories, file, agent, home, reads or []), agent, output)


@app.command("otlp")
@command
async def otlp_(
    file: Annotated[Path, typer.Argument(help="OTLP/JSON of GenAI spans, a request a line", show_default=False)],
    agent: AgentOption,
    home: HomeOption = None,
    reads: ReadOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Bring in what spans of OpenTelemetry tell of conversations. A broken line is named, and nothing is imported."""
    spans = _read(file, otlp.read)
    if not spans.trajectories:
        raise CommandError(
            f"{file}: no span carries content ({spans.silent} model calls without); have the "
            "application record it (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT)"
        )
    report = await _bring(spans.trajectories, file, agent, home, reads or [])
    _say(report, agent, output)


async def _bring(
    trajectories: Sequence[Trajectory], file: Path, agent: str, home: Path | None, reads: Sequence[str]
) -> Report:
    where = home_of(home)
    async with connected(where) as mesh:
        token = issue_token(private_key(where.keys, MESH), IMPORTER)
        async with Appender(mesh.recorder, token) as appender:
            artifacts = ArtifactClient(mesh.recorder, token)
            importer = Importer(mesh.registry, appender, artifacts, _told(mesh, artifacts))
            with Progress(TextColumn("{task.completed} of {task.total} conversations"), console=err) as bar:
                task = bar.add_task("", total=len(trajectories))
                return await importer.bring(
                    trajectories, agent=agent, reads=reads, source=file.name, progress=lambda: bar.advance(task)
                )


def _say(report: Report, agent: str, output: OutputFormat) -> None:
    if output is OutputFormat.json:
        print_json(vars(report))
        return
    say(
        f"{report.conversations} conversations: {report.runs} runs, {report.model_calls} model calls, "
        f"{report.tool_calls} tool calls; {report.unanswered} words of users without an answer left out"
    )
    say(f"[dim]`pal runs list --agent {agent}`, `pal replay RUN --runtime R`[/]")


def _read(file: Path, parse: Callable[[str], T]) -> T:
    try:
        return parse(file.read_text())
    except UnicodeDecodeError:
        raise CommandError(f"{file}: not UTF-8 text") from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", NOT_FOUND) from None
    except BrokenLine as broken:
        raise CommandError(f"{file}: {broken}; nothing was imported") from None


def _told(mesh: Mesh, artifacts: ArtifactClient):  # type: ignore[no-untyped-def]  # a closure over one mesh
    record = RecorderClient(mesh.recorder, mesh.addresses["recorder"])

    async def told(run_id: str, conversation_id: str) -> list[llm.ModelMessage]:
        run = shared.Run(run_id=run_id, conversation_id=conversation_id, accepted_at=now())
        return (await conversation(run, record, artifacts)).messages

    return told
