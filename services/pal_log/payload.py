"""Payloads: content with its digest and size, inline or by reference."""

from __future__ import annotations

import hashlib
import re

from pal.v1 import common_pb2 as common

INLINE_LIMIT_BYTES = 64 * 1024
ARTIFACT_SCHEME = "artifact:"
_SHA256 = ARTIFACT_SCHEME.encode() + b"sha256:"
_REFERENCE = re.compile(ARTIFACT_SCHEME.encode() + rb"(sha256:[0-9a-f]{64})")


def digest(content: bytes) -> str:
    """Return the digest of *content* as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def text_payload(text: str, *, media_type: str = "text/plain", filename: str = "") -> common.Payload:
    """Return *text* as an inline payload."""
    raw = text.encode()
    return common.Payload(text=text, media_type=media_type, digest=digest(raw), size_bytes=len(raw), filename=filename)


def json_payload(json_text: str, *, filename: str = "") -> common.Payload:
    """Return *json_text*, kept character for character, as an inline payload."""
    raw = json_text.encode()
    return common.Payload(
        json=json_text, media_type="application/json", digest=digest(raw), size_bytes=len(raw), filename=filename
    )


def content_bytes(payload: common.Payload) -> bytes | None:
    """Return the inline content of *payload*; None when it is kept elsewhere or withheld."""
    match payload.WhichOneof("content"):
        case "text":
            return payload.text.encode()
        case "json":
            return payload.json.encode()
        case "blob":
            return payload.blob
        case _:
            return None


def content_text(payload: common.Payload) -> str:
    """Return the inline content of *payload* as text; empty when there is none inline."""
    raw = content_bytes(payload)
    return "" if raw is None else raw.decode(errors="replace")


def by_reference(payload: common.Payload) -> common.Payload:
    """Return *payload* pointing into the artifact store instead of carrying its content."""
    moved = common.Payload()
    moved.CopyFrom(payload)
    moved.ref.uri = ARTIFACT_SCHEME + payload.digest
    return moved


def artifact_digest(payload: common.Payload) -> str:
    """Return the digest that *payload* refers to in the artifact store; empty when it refers to none."""
    uri = payload.ref.uri if payload.WhichOneof("content") == "ref" else ""
    return uri.removeprefix(ARTIFACT_SCHEME) if uri.startswith(ARTIFACT_SCHEME) else ""


def artifact_digests(encoded: bytes) -> set[str]:
    """Return the digests of what an *encoded* message refers to in the artifact store."""
    # Few messages refer to any, and this is the faster way to see it.
    return {found.decode() for found in _REFERENCE.findall(encoded)} if _SHA256 in encoded else set()
