"""Two runs out of a mesh, with the documents they pin and what their logs keep elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf.message import Message

from pal.service.v1 import registry_service_pb2 as registry
from pal.v1 import common_pb2 as common
from pal.v1 import comparison_pb2 as pb
from pal.v1 import run_event_pb2 as events
from pal_cli.failures import REFUSED, CommandError
from pal_cli.settings import Mesh
from pal_diff.compare import compare
from pal_diff.prices import PINNED, BrokenPriceTable, PriceTable
from pal_diff.terms import Log, Terms
from pal_log.payload import artifact_digest
from pal_rpc.artifacts import ArtifactClient
from pal_rpc.recorder_client import RecorderClient

_CALL_SECONDS = 10.0
_MOST_CONTENT_BYTES = 128 * 1024 * 1024
_READ = ("run_finished", "tool_call_requested", "tool_call_finished", "artifact_added", "message_added")


@dataclass(frozen=True)
class Compared:
    """Two logs and how they differ."""

    a: Log
    b: Log
    comparison: pb.Comparison


def prices(path: Path | None) -> PriceTable:
    """Return the table in *path*, or the one that comes with PAL.

    Raises:
        CommandError: there is none in *path*.
    """
    if path is None:
        return PINNED
    try:
        return PriceTable.read(path.read_text())
    except OSError as error:
        raise CommandError(f"--prices {path}: {error.strerror}") from None
    except (BrokenPriceTable, UnicodeDecodeError) as error:
        raise CommandError(f"--prices {path}: {error}") from None


async def compared(mesh: Mesh, run_a: str, run_b: str, table: PriceTable) -> Compared:
    """Return two runs compared by the documents that the first pins.

    Raises:
        CommandError: the runs are one, or one is still going.
        MeshError: RUN_NOT_FOUND, or the recorder cannot be reached.
    """
    if run_a == run_b:
        raise CommandError(f"{run_a} is one run; name two, `pal runs list` shows them")
    a, b = [await _log(mesh, run_id) for run_id in (run_a, run_b)]
    terms, gone = await _terms(mesh, a, b, table)
    comparison = await asyncio.to_thread(compare, a, b, terms)
    comparison.remarks.extend(gone)
    return Compared(a, b, comparison)


async def _log(mesh: Mesh, run_id: str) -> list[events.RunEvent]:
    client = RecorderClient(mesh.recorder, mesh.addresses["recorder"])
    log = [event async for event in client.log(run_id)]
    if not log or log[-1].type != "run.finished":
        raise CommandError(
            f"run {run_id} is still going; `pal runs watch {run_id}` shows its end, compare it then", REFUSED
        )
    return log


async def _terms(mesh: Mesh, a: Log, b: Log, table: PriceTable) -> tuple[Terms, list[str]]:
    """Return what the runs are compared by, and what of it is not there any more."""
    accepted = a[0].run_accepted
    agent = await _document(mesh, registry.DOCUMENT_KIND_AGENT, accepted.agent)
    refs = {ref.name: ref for log in (b, a) for ref in log[0].run_accepted.tools}
    tools = {name: await _document(mesh, registry.DOCUMENT_KIND_TOOL, ref) for name, ref in sorted(refs.items())}
    gone = [f"tool {name} {refs[name].version}" for name, document in tools.items() if document is None]
    if agent is None:
        gone.append(f"agent {accepted.agent.name} {accepted.agent.version}")
    terms = Terms(
        agent=agent.agent if agent else None,
        tools={name: document.tool for name, document in tools.items() if document},
        prices=table,
        contents=await _contents(mesh, [*a, *b]),
    )
    return terms, [f"{what} is not in the registry any more; what it declares was left aside" for what in gone]


async def _document(mesh: Mesh, kind: registry.DocumentKind, ref: common.SpecRef) -> registry.Document | None:
    """Return the document that *ref* pins; None where the registry does not have it any more."""
    selector = common.SpecSelector(name=ref.name, namespace=ref.namespace, version_range=ref.version)
    request = registry.GetDocumentRequest(kind=kind, selector=selector)
    try:
        return (await mesh.registry.GetDocument(request, timeout=_CALL_SECONDS)).document
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return None
        raise


async def _contents(mesh: Mesh, log: Log) -> dict[str, bytes]:
    """Return what *log* keeps elsewhere, smallest first, as far as there is room."""
    wanted = dict(sorted(set(_elsewhere(log)), key=lambda entry: entry[1]))
    client, found, room = ArtifactClient(mesh.recorder, ""), {}, _MOST_CONTENT_BYTES
    for digest, size_bytes in wanted.items():
        room -= size_bytes
        if room < 0:
            break
        if (content := await client.found(digest)) is not None:
            found[digest] = content
    return found


def _elsewhere(log: Log) -> Iterator[tuple[str, int]]:
    for event in log:
        body = event.WhichOneof("body")
        if body in _READ:
            for payload in _payloads(getattr(event, body)):
                if digest := artifact_digest(payload):
                    yield digest, payload.size_bytes


def _payloads(message: Message) -> Iterator[common.Payload]:
    for _, value in message.ListFields():
        for each in value if isinstance(value, Iterable) and not isinstance(value, str | bytes) else [value]:
            if isinstance(each, common.Payload):
                yield each
