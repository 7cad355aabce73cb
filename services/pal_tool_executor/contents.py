"""Arguments and results against their schemas, and as they are recorded: masked."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

import jsonschema_rs

from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools
from pal_log.payload import json_payload
from pal_tool_executor import failing

MASK = "[masked]"
DEFAULT_OUTPUT_BYTES = 256 * 1024


def arguments_of(tool: str, definition: tools.ToolDefinition, text: str) -> dict[str, Any]:
    """Return the arguments in *text*, which fit the ToolSpec.

    Raises:
        CallFailed: they do not.
    """
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError):
        raise failing.bad_arguments(tool, "", "not JSON") from None
    if not isinstance(arguments, dict):
        raise failing.bad_arguments(tool, "", f"an object belongs here, not {type(arguments).__name__}")
    if problem := _problem(definition.input.text, arguments):
        raise failing.bad_arguments(tool, *problem)
    return arguments


def check_result(tool: str, definition: tools.ToolDefinition, text: str) -> None:
    """Check that the result in *text* fits the ToolSpec.

    Raises:
        CallFailed: it does not.
    """
    size_bytes, limit_bytes = len(text.encode()), definition.data.max_output_bytes or DEFAULT_OUTPUT_BYTES
    if size_bytes > limit_bytes:
        raise failing.too_large(tool, size_bytes, limit_bytes)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise failing.bad_result(tool, "", "not JSON") from None
    if problem := _problem(definition.output.text, value):
        raise failing.bad_result(tool, *problem)


def recorded(text: str, pointers: Sequence[str]) -> common.Payload:
    """Return JSON *text* as it is recorded: the values at JSON Pointers (RFC 6901) are masked."""
    if not pointers:
        return json_payload(text)
    try:
        value = json.loads(text)
    except ValueError:
        return json_payload(json.dumps(MASK))
    hidden = []
    for pointer in pointers:
        value, found = _masked(value, pointer)
        if found:
            hidden.append(pointer)
    payload = json_payload(json.dumps(value, ensure_ascii=False))
    payload.masked_paths.extend(hidden)
    return payload


def _masked(value: Any, pointer: str) -> tuple[Any, bool]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    if not steps:
        return MASK, True
    parent = value
    for step in steps[:-1]:
        parent = _child(parent, step)
    last = steps[-1]
    if isinstance(parent, dict) and last in parent:
        parent[last] = MASK
        return value, True
    if isinstance(parent, list) and last.isdigit() and int(last) < len(parent):
        parent[int(last)] = MASK
        return value, True
    return value, False


def _child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _problem(schema: str, value: Any) -> tuple[str, str] | None:
    if not schema:
        return None
    error = next(iter(_validator(schema).iter_errors(value)), None)
    if error is None:
        return None
    return "".join(f"/{step}" for step in error.instance_path), error.message[:300]


@functools.lru_cache(1024)
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(json.loads(schema))
