"""Whether a document can be understood to the last field: what is not understood is never skipped."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet


def not_understood(message: Message, path: str = "") -> str:
    """Return the path of the first field of *message* that this version does not know; empty when there is none."""
    unknown: Any = UnknownFieldSet(message)
    if len(unknown):
        return f"{path or message.DESCRIPTOR.name}: field number {unknown[0].field_number}"
    for field, value in message.ListFields():
        where = f"{path}.{field.name}".lstrip(".")
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            continue
        values = list(value) if field.is_repeated else [value]
        if field.message_type is not None:
            found = next((problem for item in values if (problem := not_understood(item, where))), "")
        else:
            found = _unknown_number(field, values, where)
        if found:
            return found
    return ""


def _unknown_number(field: FieldDescriptor, values: list[Any], where: str) -> str:
    if field.enum_type is None:
        return ""
    known = field.enum_type.values_by_number
    return next((f"{where}: value {value}" for value in values if value not in known), "")
