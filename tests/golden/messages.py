"""Builds the golden corpus: one message of every stored kind with every field set."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from pal.v1 import agent_spec_pb2, policy_spec_pb2, run_event_pb2, runtime_capability_pb2, tool_spec_pb2, trace_span_pb2

_MAX_DEPTH = 8


def corpus() -> list[dict[str, str]]:
    """Return the entries: name, message type, encoded bytes as hex, and their JSON reading."""
    entries = [
        _entry(kind.DESCRIPTOR.full_name, _filled(kind()))
        for kind in (
            agent_spec_pb2.AgentSpec,
            policy_spec_pb2.PolicySpec,
            runtime_capability_pb2.RuntimeCapability,
            tool_spec_pb2.ToolSpec,
            trace_span_pb2.TraceSpan,
        )
    ]
    for field in run_event_pb2.RunEvent.DESCRIPTOR.oneofs_by_name["body"].fields:
        event = run_event_pb2.RunEvent(run_id="r1", seq=1, event_id="e1", type=field.name.replace("_", "."))
        _filled(getattr(event, field.name))
        getattr(event, field.name).SetInParent()
        entries.append(_entry(f"event {field.name}", event))
    return entries


def _entry(name: str, message: Message) -> dict[str, str]:
    return {
        "name": name,
        "type": message.DESCRIPTOR.full_name,
        "bytes": message.SerializeToString(deterministic=True).hex(),
        "json": json.dumps(json_format.MessageToDict(message), sort_keys=True),
    }


def _filled(message: Message, depth: int = 0) -> Message:
    taken: set[str] = set()
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof is not None and len(oneof.fields) > 1:
            if oneof.name in taken:
                continue
            taken.add(oneof.name)
        _fill(message, field, depth)
    return message


def _fill(message: Message, field: FieldDescriptor, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        getattr(message, field.name)["key"] = "value"
    elif field.message_type is not None:
        if depth < _MAX_DEPTH:
            target = getattr(message, field.name)
            _filled(target.add() if field.is_repeated else target, depth + 1)
    elif field.is_repeated:
        getattr(message, field.name).append(_scalar(field))
    else:
        setattr(message, field.name, _scalar(field))


def _scalar(field: FieldDescriptor) -> Any:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return b"\x00\xff" if field.type == FieldDescriptor.TYPE_BYTES else f"{field.name} ä"
        case FieldDescriptor.CPPTYPE_BOOL:
            return True
        case FieldDescriptor.CPPTYPE_ENUM:
            return field.enum_type.values[-1].number
        case FieldDescriptor.CPPTYPE_INT64:
            return 2**37 + 1
        case _:
            return field.number
