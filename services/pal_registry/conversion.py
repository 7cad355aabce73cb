"""From nodes to messages, by the descriptors of the contract; nothing is guessed and nothing is skipped."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

from google.protobuf import descriptor_pb2, duration_pb2, message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from pal.v1 import agent_spec_pb2 as agents
from pal.v1 import common_pb2 as common
from pal.v1 import policy_spec_pb2 as policies
from pal_registry import spellings
from pal_registry.nodes import Node, Unreadable, to_json
from pal_registry.problems import Problems
from pal_registry.words import enum_words, folded, found, hint, nearest

# The registry sets them; a document that was printed may be applied again.
_SET_BY_REGISTRY = frozenset({"digest", "published_at", "published_by"})
M = TypeVar("M", bound=Message)
_INT_BITS = {
    FieldDescriptor.CPPTYPE_INT32: 32,
    FieldDescriptor.CPPTYPE_INT64: 64,
}
_MOST_NUMBER = 1e15
_SCHEMA_WORDS = frozenset({"type", "properties", "required", "items", "$schema", "enum", "anyOf", "oneOf", "allOf"})
_UNSPECIFIED_MEANS_SOMETHING = "pal.v1.PolicyMatch.effect_classes"


def to_message(node: Node, kind: type[M], problems: Problems) -> M:
    """Return *node* as a message of *kind*; what is wrong goes to *problems* and is left out."""
    return cast("M", _message(node, cast("Descriptor", kind.DESCRIPTOR), problems, ""))


def _message(node: Node, descriptor: Descriptor, problems: Problems, path: str) -> Message:
    problems.lines[path] = node.line
    special = _SPECIAL.get(descriptor.full_name)
    if special and not isinstance(node.value, dict):
        return special(node, problems, path)
    if descriptor is common.JsonSchema.DESCRIPTOR:
        return _schema(node, problems, path)
    message = message_factory.GetMessageClass(descriptor)()
    if not isinstance(node.value, dict):
        problems.add(path, f"expected a mapping, found {found(node)}")
        return message
    given: dict[str, str] = {}
    for key, entry in node.value.items():
        if problems.full:
            break
        field = _field(descriptor, key)
        if field is None:
            problems.add(_join(path, key), _unknown(descriptor, key), line=entry.line)
        elif field.name in given:
            problems.add(_join(path, key), f"given twice, also as {given[field.name]}; keep one", line=entry.line)
        else:
            given[field.name] = key
            _take(message, field, entry, problems, _join(path, field.json_name))
    return message


def _take(message: Message, field: FieldDescriptor, node: Node, problems: Problems, path: str) -> None:
    problems.lines[path] = node.line
    managed = field.containing_type is common.SpecMeta.DESCRIPTOR and field.name in _SET_BY_REGISTRY
    if node.value is None or managed:
        return
    kind = field.message_type
    if kind and kind.GetOptions().map_entry:
        _map(getattr(message, field.name), node, problems, path)
    elif field.is_repeated:
        _list(getattr(message, field.name), field, node, problems, path)
    elif kind:
        getattr(message, field.name).CopyFrom(_message(node, kind, problems, path))
        # An empty mapping is present as well.
        getattr(message, field.name).SetInParent()
    elif (value := _scalar(field, node, problems, path)) is not None:
        setattr(message, field.name, value)


def _list(target: Any, field: FieldDescriptor, node: Node, problems: Problems, path: str) -> None:
    if not isinstance(node.value, list):
        problems.add(path, f"expected a list, found {found(node)}; begin each entry with a dash")
        return
    for position, item in enumerate(node.value):
        where = f"{path}[{position}]"
        problems.lines[where] = item.line
        if field.message_type:
            target.append(_message(item, field.message_type, problems, where))
        elif (value := _scalar(field, item, problems, where)) is not None:
            target.append(value)


def _map(target: Any, node: Node, problems: Problems, path: str) -> None:
    if not isinstance(node.value, dict):
        problems.add(path, f"expected a mapping of text to text, found {found(node)}")
        return
    for key, entry in node.value.items():
        problems.lines[_join(path, key)] = entry.line
        if (value := _text(entry, problems, _join(path, key))) is not None:
            target[key] = value


def _scalar(field: FieldDescriptor, node: Node, problems: Problems, path: str) -> bool | int | float | str | None:
    if field.enum_type:
        with_zero = field.full_name == _UNSPECIFIED_MEANS_SOMETHING
        return _enum(field.enum_type, node, problems, path, with_zero=with_zero)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        if isinstance(node.value, bool):
            return node.value
        problems.add(path, f"expected true or false, found {found(node)}")
        return None
    if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE:
        return _number(node, problems, path)
    if bits := _INT_BITS.get(field.cpp_type):
        return _int(bits, node, problems, path)
    return _text(node, problems, path)


def _text(node: Node, problems: Problems, path: str) -> str | None:
    if isinstance(node.value, str):
        return node.value
    quoted = f'; quote it: "{node.spelling}"' if isinstance(node.value, bool | int | float) else ""
    problems.add(path, f"expected text, found {found(node)}{quoted}")
    return None


def _int(bits: int, node: Node, problems: Problems, path: str) -> int | None:
    value = node.value
    # ProtoJSON writes 64-bit integers as text.
    if bits == 64 and isinstance(value, str) and len(value) < 20 and value.lstrip("-").isdecimal() and value.isascii():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        problems.add(path, f"expected a whole number, found {found(node)}")
        return None
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        problems.add(path, f"{node.spelling[:40]} is out of range; the largest is {2 ** (bits - 1) - 1}")
        return None
    return value


def _number(node: Node, problems: Problems, path: str) -> float | None:
    if isinstance(node.value, int | float) and not isinstance(node.value, bool) and abs(node.value) <= _MOST_NUMBER:
        return float(node.value)
    problems.add(path, f"expected a number, found {found(node)}")
    return None


def _enum(enum: EnumDescriptor, node: Node, problems: Problems, path: str, *, with_zero: bool) -> int | None:
    words = {word: number for word, number in enum_words(enum).items() if number or with_zero}
    known = {folded(word): number for word, number in words.items()}
    known.update((folded(value.name), value.number) for value in enum.values if value.number or with_zero)
    if isinstance(node.value, str) and folded(node.value) in known:
        return known[folded(node.value)]
    meant = nearest(node.value, words) if isinstance(node.value, str) else ""
    advice = f"; did you mean {meant}?" if meant else ""
    problems.add(path, f"expected one of {', '.join(words)}, found {found(node)}{advice}")
    return None


def _field(descriptor: Descriptor, key: str) -> FieldDescriptor | None:
    return descriptor.fields_by_name.get(key) or descriptor.fields_by_camelcase_name.get(key)


def _unknown(descriptor: Descriptor, key: str) -> str:
    names = [field.json_name for field in descriptor.fields if field.name not in _SET_BY_REGISTRY]
    declared = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(declared)
    if folded(key) in map(folded, declared.reserved_name):
        kind = {"AgentDefinition": "an AgentSpec", "ToolDefinition": "a ToolSpec"}.get(descriptor.name, "a document")
        return f"belongs to a runtime's inside and can never be part of {kind}; leave it out"
    if key in _SCHEMA_WORDS and "schema" in names:
        return "unknown field; a JSON Schema goes under schema"
    return f"unknown field; {hint(key, names)}"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _schema(node: Node, problems: Problems, path: str) -> common.JsonSchema:
    assert isinstance(node.value, dict)
    entries = node.value
    if "text" in entries and entries.keys() <= {"text", "dialect"} and isinstance(entries["text"].value, str):
        dialect = entries["dialect"].value if "dialect" in entries else ""
        return common.JsonSchema(text=entries["text"].value, dialect=dialect if isinstance(dialect, str) else "")
    try:
        return common.JsonSchema(text=to_json(node))
    except Unreadable as error:
        problems.add(path, error.problem, line=error.line)
        return common.JsonSchema()


def _schema_text(node: Node, problems: Problems, path: str) -> common.JsonSchema:
    if isinstance(node.value, str):
        try:
            json.loads(node.value)
            return common.JsonSchema(text=node.value)
        except (ValueError, RecursionError):
            pass
    problems.add(path, f"expected a JSON Schema, found {found(node)}; write a mapping such as {{type: object}}")
    return common.JsonSchema()


def _duration(node: Node, problems: Problems, path: str) -> duration_pb2.Duration:
    value = spellings.duration(node.value) if isinstance(node.value, str) else None
    if value is None:
        problems.add(path, f"expected a duration such as 10s, 1m30s or 500ms, found {found(node)}")
    return value or duration_pb2.Duration()


def _money(node: Node, problems: Problems, path: str) -> common.Money:
    value = spellings.money(node.value) if isinstance(node.value, str) else None
    if value is None:
        problems.add(path, f"expected an amount such as 0.50 USD, found {found(node)}")
    return value or common.Money()


def _selector(node: Node, problems: Problems, path: str) -> common.SpecSelector:
    if isinstance(node.value, str):
        return spellings.selector(node.value)
    problems.add(path, f"expected a name such as lookup or lookup@>=1 <2, found {found(node)}")
    return common.SpecSelector()


def _grant(node: Node, problems: Problems, path: str) -> agents.ToolGrant:
    problems.lines[f"{path}.tool"] = node.line
    return agents.ToolGrant(tool=_selector(node, problems, path))


def _condition(node: Node, problems: Problems, path: str) -> policies.Condition:
    return policies.Condition(language="cel", expression=_text(node, problems, path) or "")


_SPECIAL: dict[str, Callable[[Node, Problems, str], Message]] = {
    common.JsonSchema.DESCRIPTOR.full_name: _schema_text,
    duration_pb2.Duration.DESCRIPTOR.full_name: _duration,
    common.Money.DESCRIPTOR.full_name: _money,
    common.SpecSelector.DESCRIPTOR.full_name: _selector,
    agents.ToolGrant.DESCRIPTOR.full_name: _grant,
    policies.Condition.DESCRIPTOR.full_name: _condition,
}
