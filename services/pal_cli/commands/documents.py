"""`pal apply`, `get`, `describe`, `delete`: documents."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import grpc
import typer
import yaml

from pal.service.v1 import llm_provider_service_pb2 as llm
from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import common_pb2 as common
from pal_cli.failures import NOT_FOUND, USAGE, CommandError, explained
from pal_cli.published import published
from pal_cli.settings import HomeOption, Mesh, Output, OutputFormat, command, connected, home_of
from pal_cli.show import as_json, moment, print_json, say, shorten, table, word

KINDS = {
    "agents": pb.DOCUMENT_KIND_AGENT,
    "tools": pb.DOCUMENT_KIND_TOOL,
    "policies": pb.DOCUMENT_KIND_POLICY,
    "runtimes": pb.DOCUMENT_KIND_RUNTIME,
    "quotas": pb.DOCUMENT_KIND_QUOTA,
}
_SINGULAR = {"agent": "agents", "tool": "tools", "policy": "policies", "runtime": "runtimes", "quota": "quotas"}
_SUFFIXES = {".yaml", ".yml", ".json"}
_CALL_SECONDS = 10.0
_SEVERAL = "documents"
_FILE_MARK = "# file "

Kind = Annotated[str, typer.Argument(help="agents, tools, policies, runtimes, quotas or profiles")]
Name = Annotated[str, typer.Argument(help="name, or name@range such as desk@>=1.2")]


@command
async def apply(
    file: Annotated[list[Path], typer.Option("--file", "-f", help="file or directory, repeatable; - reads stdin")],
    home: HomeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check only")] = False,
    output: Output = OutputFormat.table,
) -> None:
    """Check documents and publish them: all of one call or none."""
    text, source = documents_text(file)
    request = pb.ApplyRequest(text=text, validate_only=dry_run, source=source)
    async with connected(home_of(home)) as mesh:
        try:
            response = await mesh.registry.Apply(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            message, code = explained(error)
            raise CommandError(_in_files(message, text, source), code) from None
    if output is OutputFormat.json:
        print_json(as_json(response))
        return
    for applied in response.applied:
        document = applied.document
        outcome = word(pb.ApplyOutcome, applied.outcome, "APPLY_OUTCOME_")
        kind = document.WhichOneof("spec") or "document"
        note = " (dry run)" if dry_run else ""
        say(f"{kind} {document.ref.name} {shorten(document.ref.version, 19)} {outcome}{note}")


@command
async def get(kind: Kind, home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """List what is published; `pal get profiles` lists the model profiles."""
    async with connected(home_of(home)) as mesh:
        if kind in ("profiles", "profile"):
            return await _profiles(mesh, output)
        documents = await published(mesh, _kind(kind))
    if output is OutputFormat.json:
        print_json({"documents": [as_json(document) for document in documents]})
        return None
    rows = [
        [document.ref.name, shorten(document.ref.version, 19), _purpose(document), moment(document.published_at)]
        for document in documents
    ]
    table(["NAME", "VERSION", "WHAT FOR", "PUBLISHED"], rows, empty=f"no {kind}; `pal apply -f FILE` publishes some")
    return None


@command
async def describe(kind: Kind, name: Name, home: HomeOption = None, output: Output = OutputFormat.table) -> None:
    """Show one document whole."""
    selected, _, version_range = name.partition("@")
    selector = common.SpecSelector(name=selected, version_range=version_range)
    async with connected(home_of(home)) as mesh:
        request = pb.GetDocumentRequest(kind=_kind(kind), selector=selector)
        document = (await mesh.registry.GetDocument(request, timeout=_CALL_SECONDS)).document
    if output is OutputFormat.json:
        print_json(as_json(document))
    else:
        sys.stdout.write(yaml.safe_dump(as_json(document), sort_keys=False, allow_unicode=True))


@command
async def delete(
    kind: Kind,
    name: Annotated[str, typer.Argument(help="name@version, the exact version")],
    home: HomeOption = None,
) -> None:
    """Withdraw a version: new runs no longer get it, runs that have it go on, and it stays readable."""
    selected, _, version = name.partition("@")
    if not version:
        raise CommandError(f"{name}: name the exact version, for example {selected}@1.0.0")
    request = pb.DeleteDocumentRequest(kind=_kind(kind), name=selected, version=version)
    async with connected(home_of(home)) as mesh:
        await mesh.registry.DeleteDocument(request, timeout=_CALL_SECONDS)
    say(f"{_kind_word(kind)} {selected} {version} withdrawn")


async def _profiles(mesh: Mesh, output: OutputFormat) -> None:
    response = await mesh.llm_provider.ListProfiles(llm.ListProfilesRequest(), timeout=_CALL_SECONDS)
    if output is OutputFormat.json:
        print_json(as_json(response))
        return
    rows = [[profile.name, profile.provider, profile.model, profile.notice] for profile in response.profiles]
    table(["NAME", "PROVIDER", "MODEL", "NOTICE"], rows, empty="no profiles")


def documents_text(files: list[Path]) -> tuple[str, str]:
    """Return the documents in *files* and directories as one text, and the name of the source for messages.

    Several files become one text, so that all of them are published or none; a comment names the file where it begins.

    Raises:
        CommandError: a file cannot be read.
    """
    paths = [found for path in files for found in _documents_in(path)]
    texts = [_text(path) for path in paths]
    if len(texts) == 1:
        return texts[0], str(paths[0])
    # JSON is YAML, so files of both kinds go into one text.
    return "".join(f"---\n{_FILE_MARK}{path}\n{text}\n" for path, text in zip(paths, texts, strict=True)), _SEVERAL


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text()
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        code = NOT_FOUND if isinstance(error, FileNotFoundError) else USAGE
        raise CommandError(f"{path}: {error.strerror}", code) from None


def _in_files(message: str, text: str, source: str) -> str:
    """Return *message* with places in the joined text turned into places in the files."""
    if source != _SEVERAL:
        return message
    lines = text.splitlines()

    def place(match: re.Match[str]) -> str:
        number = int(match[1])
        begin = next((n for n in range(min(number, len(lines)), 0, -1) if lines[n - 1].startswith(_FILE_MARK)), 0)
        return f"{lines[begin - 1].removeprefix(_FILE_MARK)}:{number - begin}" if begin else match[0]

    return re.sub(rf"{_SEVERAL}:(\d+)", place, message)


def _documents_in(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and _is_document(file))
    if not found:
        raise CommandError(f"{path}: no documents in it (files with apiVersion, or runtime declarations)", 3)
    return found


def _is_document(path: Path) -> bool:
    # Other settings may lie beside documents: tool bindings, model profiles, plans of drills and rollouts.
    head = path.read_text(errors="replace")
    if re.search(r"^kind: *(GameDay|Rollout)\b", head, re.MULTILINE):
        return False
    return "apiVersion" in head or ("runtime:" in head and "capabilities:" in head)


def _kind(kind: str) -> pb.DocumentKind:
    plural = _SINGULAR.get(kind, kind)
    if plural not in KINDS:
        raise CommandError(f"{kind} is no kind of document; choose one of: {', '.join(KINDS)}")
    return KINDS[plural]


def _kind_word(kind: str) -> str:
    return next((one for one, many in _SINGULAR.items() if kind in (one, many)), kind)


def _purpose(document: pb.Document) -> str:
    match document.WhichOneof("spec"):
        case "agent":
            return shorten(document.agent.spec.objective, 70)
        case "tool":
            return shorten(document.tool.spec.purpose, 70)
        case "policy":
            return shorten(document.policy.metadata.description or document.policy.metadata.display_name, 70)
        case "quota":
            return shorten(document.quota.metadata.description or document.quota.metadata.display_name, 70)
        case _:
            return f"runtime versions {document.runtime.version or 'any'}"
