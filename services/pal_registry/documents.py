"""From a text to documents that can be published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, timestamp_pb2
from google.protobuf.message import Message

from pal.service.v1 import registry_service_pb2 as pb
from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import error_reason_pb2 as reasons
from pal.v1 import policy_spec_pb2 as policies
from pal.v1 import quota_pb2 as quotas
from pal.v1 import runtime_capability_pb2 as capabilities
from pal.v1 import tool_spec_pb2 as tools
from pal_log.canonical import canonical_digest
from pal_registry.checks import API_VERSION, check_agent, check_policy, check_quota, check_runtime, check_tool
from pal_registry.conversion import to_message
from pal_registry.names import NAMESPACE
from pal_registry.nodes import Node, Unreadable, read
from pal_registry.problems import Problem, Problems, refuse
from pal_registry.words import found, hint
from pal_rpc.errors import MeshError, TooLarge
from pal_rpc.options import MIB

MAX_TEXT_BYTES = 1 * MIB
# More would not fit into one answer.
MAX_DOCUMENTS = 1000
PUBLISHER = "anonymous"

_KINDS: dict[str, tuple[type[Message], str, Callable[[Any, Problems], None]]] = {
    "AgentSpec": (agents.AgentSpec, "agent", check_agent),
    "ToolSpec": (tools.ToolSpec, "tool", check_tool),
    "PolicySpec": (policies.PolicySpec, "policy", check_policy),
    "Quota": (quotas.Quota, "quota", check_quota),
}


# Documents that are not published.
_ELSEWHERE = {"GameDay": "a GameDay is carried out and not published; `pal gameday run FILE` does that"}


@dataclass(frozen=True)
class Draft:
    """A document as it was read: complete but for the time of publication; *problems* knows its lines."""

    document: pb.Document
    problems: Problems


def drafts(text: str, source: str = "") -> list[Draft]:
    """Return the documents in *text*; messages call it *source*.

    Raises:
        TooLarge: *text* exceeds 1 MiB.
        MeshError: INVALID_DOCUMENT with the first few problems of all documents.
    """
    if (size_bytes := len(text.encode())) > MAX_TEXT_BYTES:
        raise TooLarge("text", size_bytes, MAX_TEXT_BYTES)
    found_drafts = [_draft(node) for node in _nodes(text, source)]
    refuse([problem for draft in found_drafts for problem in draft.problems.found], source)
    return found_drafts


def _nodes(text: str, source: str) -> list[Node]:
    try:
        nodes = read(text)
    except Unreadable as error:
        refuse([Problem(error.line, "text", error.problem, "")], source)
        raise
    if not nodes:
        refuse([Problem(1, "text", "empty; write at least one document", "")], source)
    if len(nodes) > MAX_DOCUMENTS:
        many = f"{len(nodes)} documents; apply at most {MAX_DOCUMENTS} at once"
        refuse([Problem(nodes[MAX_DOCUMENTS].line, "text", many, "")], source)
    return nodes


def stamped(document: pb.Document, published_at: timestamp_pb2.Timestamp) -> pb.Document:
    """Return *document* as published at *published_at*."""
    published = pb.Document()
    published.CopyFrom(document)
    published.published_at.CopyFrom(published_at)
    if document.WhichOneof("spec") != "runtime":
        metadata = getattr(published, document.WhichOneof("spec") or "agent").metadata
        metadata.published_at.CopyFrom(published_at)
        metadata.published_by = PUBLISHER
    return published


def check_digest(document: pb.Document) -> None:
    """Check that a *document* of elsewhere is what its digest says.

    Raises:
        MeshError: INVALID_DOCUMENT.
    """
    kind = document.WhichOneof("spec")
    content = pb.Document()
    content.CopyFrom(document)
    if kind is not None and kind != "runtime":
        metadata = getattr(content, kind).metadata
        for name in ("digest", "published_at", "published_by"):
            metadata.ClearField(name)
    if kind is None or _digest(getattr(content, kind)) != document.ref.digest:
        name = f"{kind or 'document'} {document.ref.name} {document.ref.version}"
        problem = f"{name} is not what its digest says; a newer version of PAL may have published it, or it was altered"
        raise MeshError(reasons.ERROR_REASON_INVALID_DOCUMENT, problem, path="ref.digest", document=document.ref.name)


def _draft(node: Node) -> Draft:
    if not isinstance(node.value, dict):
        problems = Problems("", node.line)
        problems.add("", f"expected a document, found {found(node)}; begin with apiVersion: {API_VERSION}")
        return Draft(pb.Document(), problems)
    entries = node.value
    if "runtime" in entries and not entries.keys() & {"kind", "apiVersion", "api_version"}:
        return _declaration(node, entries)
    return _spec(node, entries)


def _declaration(node: Node, entries: dict[str, Node]) -> Draft:
    problems = Problems(f"runtime {_word(entries.get('runtime'))}", node.line)
    declared = to_message(node, capabilities.RuntimeCapability, problems)
    check_runtime(declared, problems)
    digest = _digest(declared)
    ref = common.SpecRef(name=declared.runtime, namespace=NAMESPACE, version=digest, digest=digest)
    return Draft(pb.Document(runtime=declared, ref=ref), problems)


def _spec(node: Node, entries: dict[str, Node]) -> Draft:
    kind = _word(entries.get("kind"))
    metadata = entries.get("metadata")
    name = _word(metadata.value.get("name")) if metadata and isinstance(metadata.value, dict) else ""
    problems = Problems("/".join(filter(None, (kind, name))), node.line)
    _check_head(kind, entries, problems)
    if kind not in _KINDS:
        return Draft(pb.Document(), problems)
    message_type, field, check = _KINDS[kind]
    message: Any = to_message(node, message_type, problems)
    check(message, problems)
    meta = message.metadata
    meta.namespace = NAMESPACE
    meta.digest = _digest(message)
    ref = common.SpecRef(name=meta.name, namespace=NAMESPACE, version=meta.version, digest=meta.digest)
    return Draft(pb.Document(ref=ref, **{field: message}), problems)


def _check_head(kind: str, entries: dict[str, Node], problems: Problems) -> None:
    if kind not in _KINDS:
        line = entries["kind"].line if "kind" in entries else None
        problem = (f"{kind} is not a kind; " if kind else "missing; ") + hint(kind, list(_KINDS))
        problem = _ELSEWHERE.get(kind, problem)
        problems.add("kind", problem, line=line)
    version = entries.get("apiVersion") or entries.get("api_version")
    if version is None:
        problems.add("apiVersion", f"missing; write apiVersion: {API_VERSION}")
    elif version.value != API_VERSION:
        problems.add("apiVersion", f"expected {API_VERSION}, found {found(version)}", line=version.line)


def _word(node: Node | None) -> str:
    return node.value[:80] if node and isinstance(node.value, str) else ""


def _digest(message: Message) -> str:
    return canonical_digest(json_format.MessageToJson(message))
