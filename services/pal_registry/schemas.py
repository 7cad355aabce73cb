"""JSON Schemas in documents: valid, self-contained, of the asked type."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs

from pal.v1 import common_pb2 as common

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# RFC 6901.
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")


def problem_with(schema: common.JsonSchema, *, top_level: str = "") -> str:
    """Return what is wrong with *schema*, or nothing; *top_level* is the type it has to ask for."""
    if schema.dialect and schema.dialect.rstrip("#") != DIALECT:
        return f"the dialect {schema.dialect[:80]} is not supported; leave it empty or write {DIALECT}"
    try:
        parsed = json.loads(schema.text)
    except (ValueError, RecursionError):
        return "text is not JSON"
    if not isinstance(parsed, dict | bool):
        return "a JSON Schema is a mapping"
    if top_level and (not isinstance(parsed, dict) or parsed.get("type") != top_level):
        return f"the top level has to say type: {top_level}"
    return _invalid(parsed)


def is_pointer(text: str) -> bool:
    """Tell whether *text* is a JSON Pointer to something inside a document."""
    return text != "" and _POINTER.fullmatch(text) is not None


def _invalid(schema: Any) -> str:
    try:
        jsonschema_rs.validator_for(schema, retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        where = "".join(f"/{step}" for step in error.instance_path)
        return f"not a JSON Schema{' at ' + where if where else ''}: {error.message[:200]}"
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        return f"not a JSON Schema: {str(error)[:200]}"
    return ""


def _refuse(uri: str) -> Any:
    raise ValueError("a schema can only refer to parts of itself; write the definition under $defs")
