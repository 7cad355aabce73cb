"""Arguments and results against their schemas, and as they are recorded: masked."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

import jsonschema_rs

from pal.v1 import common_pb2 as common
from pal.v1 import tool_spec_pb2 as tools
from pal_log.masking import masked
from pal_log.payload import json_payload
from pal_tool_executor import failing

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
    """Return JSON *text* as it is recorded: the values at JSON Pointers are masked."""
    if not pointers:
        return json_payload(text)
    kept, hidden = masked(text, pointers)
    payload = json_payload(kept)
    payload.masked_paths.extend(hidden)
    return payload


def told(text: str, pointers: Sequence[str]) -> common.Payload:
    """Return JSON *text* as a model is told, with a note of what must not be recorded."""
    payload = json_payload(text)
    if pointers:
        payload.masked_paths.extend(masked(text, pointers)[1])
    return payload


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
