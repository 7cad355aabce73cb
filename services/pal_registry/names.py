"""Names, versions and version ranges."""

from __future__ import annotations

import re

import semantic_version

from pal.service.v1 import registry_service_pb2 as pb

NAMESPACE = "default"
KINDS = {
    pb.DOCUMENT_KIND_AGENT: "AgentSpec",
    pb.DOCUMENT_KIND_TOOL: "ToolSpec",
    pb.DOCUMENT_KIND_POLICY: "PolicySpec",
    pb.DOCUMENT_KIND_RUNTIME: "RuntimeCapability",
    pb.DOCUMENT_KIND_QUOTA: "Quota",
}
KIND_WORDS = "AGENT, TOOL, POLICY, RUNTIME, QUOTA"
MAX_NAME_CHARACTERS = 63
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_TOOL_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
_MAX_VERSION_CHARACTERS = 128
_FIELD_KINDS = {
    "agent": pb.DOCUMENT_KIND_AGENT,
    "tool": pb.DOCUMENT_KIND_TOOL,
    "policy": pb.DOCUMENT_KIND_POLICY,
    "runtime": pb.DOCUMENT_KIND_RUNTIME,
    "quota": pb.DOCUMENT_KIND_QUOTA,
}


def kind_of(document: pb.Document) -> pb.DocumentKind:
    """Return the kind of *document*."""
    return _FIELD_KINDS[document.WhichOneof("spec") or "agent"]


def problem_with_name(name: str, *, of_tool: bool = False) -> str:
    """Return what is wrong with *name*, or nothing."""
    if not name:
        return "missing; give it a name"
    if len(name) > MAX_NAME_CHARACTERS:
        return f"longer than {MAX_NAME_CHARACTERS} characters"
    if (_TOOL_NAME if of_tool else _NAME).fullmatch(name):
        return ""
    allowed = "digits, dashes and underscores" if of_tool else "digits, dots and dashes"
    return f'"{name}" is not a name; use lower-case letters, {allowed}, with a letter or digit at both ends'


def problem_with_version(version: str) -> str:
    """Return what is wrong with *version* as a SemVer, or nothing."""
    if not version:
        return "missing; write a version such as 1.0.0"
    try:
        if len(version) <= _MAX_VERSION_CHARACTERS:
            semantic_version.Version(version)
            return ""
    except ValueError:
        pass
    return f'"{version[:40]}" is not a version; write MAJOR.MINOR.PATCH, for example 1.0.0'


def problem_with_range(version_range: str) -> str:
    """Return what is wrong with *version_range*, or nothing; empty is fine."""
    try:
        if len(version_range) <= _MAX_VERSION_CHARACTERS:
            semantic_version.NpmSpec(version_range)
            return ""
    except ValueError:
        pass
    return f'"{version_range[:40]}" is not a range of versions; write for example >=1.2 <2'


def lies_in(version: str, version_range: str) -> bool:
    """Tell whether *version* lies in *version_range*; an empty range holds every version, an exact one itself."""
    if not version_range or version == version_range:
        return True
    try:
        return semantic_version.Version.coerce(version) in semantic_version.NpmSpec(version_range)
    except ValueError:
        return False


def newest_key(document: pb.Document) -> tuple[object, int]:
    """Return a key that grows with the version of *document*, and with its age where it has no SemVer."""
    try:
        version: object = semantic_version.Version(document.ref.version)
    except ValueError:
        version = semantic_version.Version("0.0.0")
    return version, document.published_at.ToNanoseconds()
