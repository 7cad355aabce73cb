"""`pal run`: one run, shown as it happens."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import grpc
import typer
from google.protobuf import duration_pb2

from pal.service.v1 import router_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_cli.failures import CommandError, explained
from pal_cli.following import RunView, is_json, request_input
from pal_cli.settings import HomeOption, Output, OutputFormat, command, connected, home_of
from pal_cli.show import complain
from pal_rpc.identity import bearer

_MEDIA_TYPES = {".md": "text/markdown", ".txt": "text/plain", ".json": "application/json"}


@command
async def run(
    agent: Annotated[str, typer.Argument(help="name, or name@range such as desk@>=1.2")],
    input: Annotated[str, typer.Option("--input", "-i", help="text, @FILE, or - for stdin")],
    home: HomeOption = None,
    runtime: Annotated[str, typer.Option("--runtime", "-r", help="runtime to run on; default: as routed")] = "",
    conversation: Annotated[str, typer.Option("--conversation", "-c", help="conversation to continue")] = "",
    label: Annotated[list[str] | None, typer.Option("--label", "-l", help="KEY=VALUE, repeatable")] = None,
    request_id: Annotated[str, typer.Option(help="a repeat with the same id follows the first run")] = "",
    max_seconds: Annotated[int, typer.Option(help="most seconds the run may take; 0 leaves the agent's limit")] = 0,
    save: Annotated[Path | None, typer.Option(help="directory to save artifacts in")] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="let the run go on when this command ends")] = False,
    token_file: Annotated[
        Path | None, typer.Option(envvar="PAL_TOKEN_FILE", help="token of your tenant (`pal tenant token`)")
    ] = None,
    output: Output = OutputFormat.table,
) -> int:
    """Run an agent and show text, tool calls and artifacts as they come. Exit code 1 when the run fails."""
    name, _, version_range = agent.partition("@")
    limits = common.RunLimits(max_duration=duration_pb2.Duration(seconds=max_seconds)) if max_seconds else None
    request = pb.RunRequest(
        request_id=request_id,
        agent=common.SpecSelector(name=name, version_range=version_range),
        input=_input(input),
        conversation_id=conversation,
        limits=limits,
        pinned_runtime=runtime,
        labels=_labels(label or []),
        stop_on_disconnect=not detach,
    )
    async with connected(home_of(home)) as mesh:
        view = RunView(mesh, save=save, machine=output is OutputFormat.json)
        try:
            call = mesh.router.Run(request, metadata=_credentials(token_file))
            await view.follow(call, through_waits=False)
            # What waits for a person stays when this command ends.
            call.cancel()
        except grpc.aio.AioRpcError as error:
            if not view.run_id:
                raise
            message, code = explained(error)
            complain(f"{message}; `pal runs watch {view.run_id} --after {view.last_seq}` goes on")
            return code
        return view.exit_code


def _credentials(token_file: Path | None) -> tuple[tuple[str, str], ...]:
    if token_file is None:
        return ()
    try:
        token = token_file.read_text().strip()
    except UnicodeDecodeError:
        token = ""
    except OSError as error:
        raise CommandError(f"--token-file {token_file}: {error.strerror}", 3) from None
    if not (token.isascii() and token.isprintable() and len(token.split()) == 1):
        raise CommandError(f"--token-file {token_file}: holds no token; `pal tenant token TENANT` prints one")
    return bearer(token)


def _input(text: str) -> common.Payload:
    path = Path(text[1:]) if text.startswith("@") else None
    try:
        content = path.read_text() if path else sys.stdin.read() if text == "-" else text
    except UnicodeDecodeError:
        raise CommandError(f"--input {text}: not UTF-8 text") from None
    except OSError as error:
        raise CommandError(f"--input {text}: {error.strerror}", 3) from None
    suffix = path.suffix if path else ""
    if suffix == ".json" and not is_json(content):
        raise CommandError(f"--input {text}: not JSON")
    return request_input(
        content,
        as_json_text=suffix == ".json" or (content.lstrip().startswith("{") and is_json(content)),
        media_type=_MEDIA_TYPES.get(suffix, "text/plain"),
        filename=path.name if path else "",
    )


def _labels(pairs: list[str]) -> dict[str, str]:
    labels = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise CommandError(f"--label {pair}: write KEY=VALUE")
        labels[key] = value
    return labels
