"""The JSON Schema of a message as ProtoJSON writes it."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

_KNOWN: dict[str, dict[str, Any]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d+)?s$"},
}
_WHOLE = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32}
_TEXT = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}


def json_schema(message: type[Message]) -> dict[str, Any]:
    """Return the schema of *message*. What is at its default is left out, so nothing is required."""
    descriptor: Any = message.DESCRIPTOR
    defined: dict[str, Any] = {}
    _define(descriptor, defined)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": descriptor.full_name,
        "$ref": f"#/$defs/{descriptor.full_name}",
        "$defs": dict(sorted(defined.items())),
    }


def _define(descriptor: Descriptor, defined: dict[str, Any]) -> None:
    if descriptor.full_name in defined or descriptor.full_name in _KNOWN:
        return
    members: dict[str, Any] = {}
    defined[descriptor.full_name] = {"type": "object", "properties": members, "additionalProperties": False}
    for field in descriptor.fields:
        members[field.json_name] = _member(field, defined)


def _member(field: FieldDescriptor, defined: dict[str, Any]) -> dict[str, Any]:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return {"type": "object", "additionalProperties": _single(message.fields_by_name["value"], defined)}
    single = _single(field, defined)
    return {"type": "array", "items": single} if field.is_repeated else single


def _single(field: FieldDescriptor, defined: dict[str, Any]) -> dict[str, Any]:
    if field.message_type is not None:
        _define(field.message_type, defined)
        name = field.message_type.full_name
        return _KNOWN.get(name) or {"$ref": f"#/$defs/{name}"}
    if field.enum_type is not None:
        # A reader of today is told the number of a value of tomorrow.
        return {"anyOf": [{"enum": [value.name for value in field.enum_type.values]}, {"type": "integer"}]}
    if field.cpp_type in _TEXT:
        return {"type": "string", "pattern": r"^-?\d+$"}
    if field.cpp_type in _WHOLE:
        return {"type": "integer"}
    return {"type": "boolean" if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else "string"}
