"""The documents that imported runs pin: an agent for the system message, and a tool for each that was called."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pal_log.payload import digest
from pal_transfer.trajectories import Trajectory

SCHEMAS = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def version_of(content: Any) -> str:
    """Return a version that equal *content* shares and other content does not: nothing published is changed."""
    return f"0.0.{int(digest(json.dumps(content, sort_keys=True).encode())[-8:], 16)}"


def tools(trajectories: Sequence[Trajectory], reads: Sequence[str]) -> list[dict[str, Any]]:
    """Return a ToolSpec for every tool that was called; those whose name fits one of the globs *reads* only READ.

    What is not said to be a READ is a WRITE: the most cautious reading. The schema takes what was seen and forbids
    nothing, since nobody knows what else the tool takes.
    """
    seen: dict[str, dict[str, set[str]]] = {}
    for arguments in _arguments(trajectories):
        for name, values in arguments:
            properties = seen.setdefault(name, {})
            for key, value in values.items():
                properties.setdefault(key, set()).add(SCHEMAS.get(type(value), "null"))
    return [_tool(name, properties, reads) for name, properties in sorted(seen.items())]


def agent(name: str, system: str, tool_documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the AgentSpec *name* whose instructions are the *system* message, word for word."""
    spec = {
        "objective": system or "Answer.",
        "tools": [f"{tool['metadata']['name']}@{tool['metadata']['version']}" for tool in tool_documents],
    }
    return _document("AgentSpec", name, spec)


def _arguments(trajectories: Sequence[Trajectory]) -> list[list[tuple[str, dict[str, Any]]]]:
    return [
        [(call.name, json.loads(call.arguments)) for call in answer.calls]
        for trajectory in trajectories
        for turn in trajectory.turns
        for answer in turn.answers
    ]


def _tool(name: str, properties: Mapping[str, set[str]], reads: Sequence[str]) -> dict[str, Any]:
    reading = any(fnmatch.fnmatchcase(name, pattern) for pattern in reads)
    spec = {
        "purpose": f"{name}, as it was called in imported runs.",
        "input": {
            "type": "object",
            "properties": {key: {"type": sorted(types)} for key, types in sorted(properties.items())},
        },
        "effect": {"effectClass": "READ" if reading else "WRITE"},
        "timing": {"timeout": "30s"},
    }
    return _document("ToolSpec", name, spec)


def _document(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "version": version_of(spec)}
    return {"apiVersion": "pal/v1", "kind": kind, "metadata": metadata, "spec": spec}
