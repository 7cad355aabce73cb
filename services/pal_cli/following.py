"""A run as it happens: text, tool calls and artifacts as they come, and one line at its end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Sequence
from pathlib import Path

from rich.markup import escape

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_cli.artifacts import fetch
from pal_cli.failures import OK, RUN_FAILED, RUN_WAITS
from pal_cli.settings import Mesh
from pal_cli.show import as_json, money, out, outcome_word, print_json, say, seconds_between, shorten, size, tokens
from pal_log.payload import content_text

SCRIPTED = "scripted"
Responses = AsyncIterable[pb.RunResponse] | AsyncIterable[pb.WatchResponse] | AsyncIterable[pb.ReplayResponse]


class RunView:
    """Shows one run.

    Live text appears as it comes; a message whose text was not seen live is shown when it is recorded.
    """

    def __init__(self, mesh: Mesh, *, save: Path | None = None, machine: bool = False) -> None:
        """Save artifacts below *save*; print JSON lines for a *machine*."""
        self._mesh = mesh
        self._save = save
        self._machine = machine
        self._shown: dict[str, int] = {}
        self._open_line = False
        self._staged = False
        self._tools: dict[str, str] = {}
        self._runtime = ""
        self._scripted = False
        self._accepted: events.RunEvent | None = None
        self.run_id = ""
        self.last_seq = 0
        self.finished: events.RunFinished | None = None
        self.suspended = False

    @property
    def exit_code(self) -> int:
        """The exit code that the run deserves."""
        succeeded = self.finished is not None and self.finished.outcome == events.RUN_OUTCOME_SUCCEEDED
        if self.finished is None and self.suspended:
            return RUN_WAITS
        return OK if succeeded else RUN_FAILED

    async def follow(self, responses: Responses, *, through_waits: bool = True) -> None:
        """Show every frame until the stream ends, or until the run waits for people, unless *through_waits*."""
        async for response in responses:
            await self._take(response.frames)
            if self.suspended and not through_waits:
                return

    async def _take(self, frames: Sequence[pb.RunStreamFrame]) -> None:
        for frame in frames:
            if frame.HasField("event"):
                self.run_id, self.last_seq = frame.event.run_id, frame.event.seq
            if frame.event.HasField("run_finished"):
                self.finished = frame.event.run_finished
            if frame.event.HasField("run_suspended"):
                self.suspended = True
            elif frame.event.HasField("run_resumed"):
                self.suspended = False
            if self._machine:
                print_json(as_json(frame), indent=None)
                if frame.event.HasField("artifact_added"):
                    await self._keep(frame.event.artifact_added.content)
            elif frame.HasField("event"):
                await self._event(frame.event)
            elif frame.HasField("live_output"):
                self._live(frame.live_output.message_id, frame.live_output.offset, frame.live_output.text)

    def _live(self, message_id: str, offset: int, text: str) -> None:
        if self._staged:
            # Stages speak at the same time.
            return
        shown = self._shown.get(message_id, 0)
        fresh = text.encode()[max(shown - offset, 0) :].decode(errors="ignore") if offset <= shown else text
        self._shown[message_id] = offset + len(text.encode())
        self._write(fresh)

    def _write(self, text: str) -> None:
        if text:
            out.file.write(text)
            out.file.flush()
            self._open_line = not text.endswith("\n")

    def _line(self, markup: str) -> None:
        if self._open_line:
            out.file.write("\n")
            self._open_line = False
        say(markup)

    async def _event(self, event: events.RunEvent) -> None:
        match event.WhichOneof("body"):
            case "run_accepted":
                self._accepted = event
            case "run_routed":
                routed = event.run_routed
                self._runtime = f"{routed.runtime} {routed.runtime_version}"
                self._line(f"[dim]run {event.run_id} on {self._runtime} ({escape(routed.reason)})[/]")
            case "model_call_started" if event.model_call_started.provider == SCRIPTED:
                self._scripted = True
            case "stage_started":
                self._staged = True
                self._line(f"[bold]▸ {event.stage_id}[/]")
            case "stage_finished":
                self._stage(event.stage_id, event.stage_finished)
            case "message_added" if event.message_added.role == events.MESSAGE_ROLE_AGENT:
                self._message(event.message_added, event.stage_id)
            case "tool_call_requested":
                requested = event.tool_call_requested
                self._tools[requested.call_id] = requested.tool.name
                arguments = escape(shorten(content_text(requested.arguments), 80))
                self._line(f"{_of(event)}[cyan]→ {requested.tool.name}[/] [dim]{arguments}[/]")
            case "tool_call_finished":
                self._tool(event.tool_call_finished, _of(event))
            case "artifact_added":
                await self._artifact(event.artifact_added.content)
            case "input_requested":
                self._asked(event)
            case "run_resumed":
                self._line("[dim]everybody has answered; the run goes on[/]")
            case "replay_diverged":
                self._line(f"[yellow]diverged:[/] {escape(event.replay_diverged.message)}")
            case "run_finished":
                self._end(event)
            case _:
                pass

    def _asked(self, event: events.RunEvent) -> None:
        asked = event.input_requested
        self._line(f"[bold yellow]? {escape(content_text(asked.prompt))}[/]")
        answer = "approve" if asked.kind == events.INPUT_KIND_APPROVAL else "answer"
        self._line(f"  [dim]`pal inputs {answer} {event.run_id} {asked.input_id}` or `pal inputs decline …`[/]")

    def _stage(self, stage_id: str, finished: events.StageFinished) -> None:
        if finished.outcome == events.RUN_OUTCOME_SUCCEEDED:
            self._line(f"[bold]✓ {stage_id}[/]")
        else:
            self._line(f"[yellow]✗ {stage_id}: {escape(finished.failure.reason)}[/] {escape(finished.failure.message)}")

    def _message(self, message: events.MessageAdded, stage_id: str) -> None:
        if stage_id:
            # What stages say to each other is for them; what the last one says is the output of the run.
            text = "".join(content_text(part) for part in message.parts)
            self._line(f"[dim]{stage_id} {escape(shorten(text, 80))}[/]")
            return
        if message.message_id not in self._shown:
            self._write("".join(content_text(part) for part in message.parts))
        if self._open_line:
            self._write("\n")

    def _tool(self, finished: events.ToolCallFinished, of: str) -> None:
        name = self._tools.get(finished.call_id, finished.call_id)
        if finished.outcome == events.TOOL_CALL_OUTCOME_SUCCEEDED:
            self._line(f"{of}[green]← {name}[/] [dim]{escape(shorten(content_text(finished.result), 80))}[/]")
        else:
            self._line(f"{of}[yellow]← {name}: {escape(finished.failure.reason)}[/] {escape(finished.failure.message)}")

    async def _artifact(self, content: common.Payload) -> None:
        path = await self._keep(content)
        where = f"saved as {path}" if path else f"`pal runs artifacts {self.run_id} --save DIR` saves it"
        self._line(f"[magenta]◆ {escape(content.filename)}[/] {size(content.size_bytes)}, {escape(where)}")

    async def _keep(self, content: common.Payload) -> Path | None:
        return await fetch(self._mesh, content, self._save) if self._save else None

    def _end(self, event: events.RunEvent) -> None:
        finished = event.run_finished
        if self._staged and finished.output.media_type.startswith("text/"):
            self._write(content_text(finished.output))
        good = finished.outcome == events.RUN_OUTCOME_SUCCEEDED
        mark = "[bold green]✓" if good else "[bold red]✗"
        facts = [f"{event.seq} events", f"{tokens(finished.usage)} tokens", f"cost {money(finished.cost)}"]
        if self._scripted:
            facts.append("model: a scripted stand-in")
        if self._accepted is not None:
            facts.insert(0, f"{seconds_between(self._accepted.recorded_at, event.recorded_at):.2f} s")
        self._line(f"{mark} {outcome_word(finished.outcome)}[/] [dim]{self._runtime}, {', '.join(facts)}[/]")
        if finished.HasField("failure"):
            failure = finished.failure
            say(f"  {escape(failure.reason)}: {escape(failure.message)}")


def _of(event: events.RunEvent) -> str:
    return f"[dim]{event.stage_id}[/] " if event.stage_id else ""


def request_input(text: str, *, as_json_text: bool, media_type: str, filename: str) -> common.Payload:
    """Return what an agent is given."""
    if as_json_text:
        return common.Payload(json=text, media_type="application/json", filename=filename)
    return common.Payload(text=text, media_type=media_type, filename=filename)


def is_json(text: str) -> bool:
    """Tell whether *text* is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
