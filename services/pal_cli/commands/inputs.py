"""`pal inputs ...`: what runs wait for, and the answers of people."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated

import typer

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal.v1 import run_event_pb2 as events
from pal_cli.failures import REFUSED, CommandError
from pal_cli.following import is_json
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, complain, moment, print_json, say, table, word
from pal_log.payload import content_text

app = typer.Typer(no_args_is_help=True, help="See what runs wait for, and answer.")

RunId = Annotated[str, typer.Argument(help="the run", show_default=False)]
InputId = Annotated[
    str, typer.Argument(help="the input; may be left out where the run waits for one", show_default=False)
]
Comment = Annotated[str, typer.Option("--comment", "-m", help="what the agent is told with it")]
_CALL_SECONDS = 10.0


@app.command("list")
@command
async def list_(
    run_id: Annotated[str, typer.Argument(help="only inputs of this run")] = "",
    home: HomeOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """List what runs wait for."""
    async with connected(home_of(home)) as mesh:
        waiting: list[pb.PendingInput] = []
        request = pb.ListInputsRequest(run_id=run_id, page_size=200)
        while True:
            page = await mesh.router.ListInputs(request, timeout=_CALL_SECONDS)
            waiting.extend(page.inputs)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
    if output is OutputFormat.json:
        print_json({"inputs": [as_json(entry) for entry in waiting]})
        return
    rows = [
        [
            entry.run_id,
            entry.input.input_id,
            word(events.InputKind, entry.input.kind, "INPUT_KIND_"),
            entry.agent.name,
            content_text(entry.input.prompt),
            ", ".join(entry.input.choices),
            moment(entry.input.expires_at),
        ]
        for entry in waiting
    ]
    table(["RUN", "INPUT", "KIND", "AGENT", "WHAT", "CHOICES", "UNTIL"], rows, empty="no run waits for a person")


@app.command()
@command
async def approve(
    run_id: RunId,
    input_id: InputId = "",
    home: HomeOption = None,
    amend: Annotated[str, typer.Option(help="other arguments, as JSON text or @FILE")] = "",
    comment: Comment = "",
) -> int:
    """Agree to a call; with --amend to other arguments than the agent asked for."""
    if amend:
        return await _answer(home, run_id, input_id, events.INPUT_DECISION_AMENDED, _payload(amend, "--amend"))
    return await _answer(home, run_id, input_id, events.INPUT_DECISION_ACCEPTED, common.Payload(text=comment))


@app.command()
@command
async def decline(run_id: RunId, input_id: InputId = "", home: HomeOption = None, comment: Comment = "") -> int:
    """Say no."""
    return await _answer(home, run_id, input_id, events.INPUT_DECISION_DECLINED, common.Payload(text=comment))


@app.command()
@command
async def answer(
    run_id: RunId,
    text: Annotated[str, typer.Argument(help="the answer or the choice, as text, JSON or @FILE", show_default=False)],
    input_id: Annotated[str, typer.Option("--input", "-i", help="the input, where the run waits for several")] = "",
    home: HomeOption = None,
) -> int:
    """Answer a question, or choose."""
    return await _answer(home, run_id, input_id, events.INPUT_DECISION_ACCEPTED, _payload(text, "TEXT"))


async def _answer(
    home: Path | None, run_id: str, input_id: str, decision: events.InputDecision, given: common.Payload
) -> int:
    async with connected(home_of(home)) as mesh:
        if not input_id:
            page = await mesh.router.ListInputs(pb.ListInputsRequest(run_id=run_id), timeout=_CALL_SECONDS)
            input_id = _only(run_id, [entry.input.input_id for entry in page.inputs])
        request = pb.AnswerRequest(
            run_id=run_id, input_id=input_id, decision=decision, answer=given, request_id=str(uuid.uuid4())
        )
        response = await mesh.router.Answer(request, timeout=_CALL_SECONDS)
    if response.superseded:
        complain(f"{input_id} was settled before (seq {response.seq}); `pal runs events {run_id}` shows by whom")
        return REFUSED
    say(f"{input_id} is answered; `pal runs watch {run_id}` shows how the run goes on")
    return 0


def _only(run_id: str, waiting: list[str]) -> str:
    match waiting:
        case [only]:
            return only
        case []:
            raise CommandError(f"run {run_id} waits for nobody; `pal inputs list` shows what runs wait for", 3)
        case _:
            raise CommandError(f"run {run_id} waits for several inputs; name one of: {', '.join(waiting)}")


def _payload(text: str, where: str) -> common.Payload:
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{where} {text}: {error}") from None
    return common.Payload(json=text) if is_json(text) else common.Payload(text=text)
