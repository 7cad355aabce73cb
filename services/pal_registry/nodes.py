"""Text as nodes: YAML and JSON with the line of everything, read strictly.

Words become values by the core schema of YAML 1.2: ``yes``, ``on`` and ``2024-01-01`` stay text. Tags, duplicate
keys, deep nesting and aliases that multiply are refused.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MAX_DEPTH = 64
# What aliases may make of a text, in nodes and bytes.
MAX_EXPANDED = 2 * 1024 * 1024

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,400}")
_BASED_INT = re.compile(r"0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)")
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})

Scalar = None | bool | int | float | str


class Unreadable(Exception):
    """A text is neither YAML nor JSON as we take it."""

    def __init__(self, line: int, problem: str) -> None:
        """Name the *line*, from 1, and the *problem*."""
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line its key or its first character stands on, from 1."""

    value: Scalar | list[Node] | dict[str, Node]
    line: int
    spelling: str = ""


def read(text: str) -> list[Node]:
    """Return the documents in *text*, empty ones left out.

    Raises:
        Unreadable: *text* is not YAML, or uses what is refused.
    """
    try:
        json.loads(text)
        text = _from_json(text)
    except (ValueError, RecursionError):
        pass
    try:
        return list(_Reader(text).documents())
    except yaml.MarkedYAMLError as error:
        raise _malformed(error, text) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        raise Unreadable(line, "not YAML: it holds a control character that YAML does not allow") from None


def to_json(node: Node) -> str:
    """Return *node* as compact JSON text that keeps the order of keys and the spelling of numbers.

    Raises:
        Unreadable: it holds a number that JSON does not have.
    """
    match node.value:
        case dict(entries):
            return "{" + ",".join(f"{_quoted(key)}:{to_json(entry)}" for key, entry in entries.items()) + "}"
        case list(items):
            return "[" + ",".join(map(to_json, items)) + "]"
        case bool() | None | str():
            return _quoted(node.value)
        case number if _JSON_NUMBER.fullmatch(node.spelling):
            return node.spelling
        case float(number) if not math.isfinite(number):
            raise Unreadable(node.line, f"{node.spelling} is not a number that JSON has")
        case number:
            return _quoted(number)


class _Reader:
    """Builds nodes from the events of a YAML parser, which never recurses."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._size = 0

    def documents(self) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                node = self._node(next(self._events), 0)
                if node.value is not None:
                    yield node

    def _node(self, event: Any, depth: int) -> Node:
        line = event.start_mark.line + 1
        if depth > MAX_DEPTH:
            raise Unreadable(line, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, line)
        before = self._size
        node = self._value(event, line, depth)
        self._grow(1 + len(node.spelling.encode()), line)
        if event.anchor:
            self._anchors[event.anchor] = (node, self._size - before)
        return node

    def _value(self, event: Any, line: int, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event, line)
        if event.tag and not event.implicit:
            raise Unreadable(line, f"the tag {event.tag} is not supported; leave it out")
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(list(self._items(depth)), line)
        return Node(self._entries(depth), line)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable(line, "a key has to be plain text")
            key: str = event.value
            if key in entries:
                raise Unreadable(line, f"{key} is given twice, first in line {entries[key].line}; keep one")
            self._grow(1 + len(key.encode()), line)
            entries[key] = dataclasses.replace(self._node(next(self._events), depth + 1), line=line)
        return entries

    def _alias(self, event: Any, line: int) -> Node:
        if event.anchor not in self._anchors:
            raise Unreadable(line, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        node, size = self._anchors[event.anchor]
        self._grow(size, line)
        return node

    def _grow(self, size: int, line: int) -> None:
        self._size += size
        if self._size > MAX_EXPANDED:
            raise Unreadable(line, f"aliases make the text larger than {MAX_EXPANDED} bytes")


def _scalar(event: Any, line: int) -> Node:
    text: str = event.value
    plain, quoted = event.implicit
    if event.tag and not plain and not quoted and event.tag not in _TEXT_TAGS:
        raise Unreadable(line, f"the tag {event.tag} is not supported; leave it out")
    return Node(_core(text) if plain and not event.style else text, line, text)


def _core(text: str) -> Scalar:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASED_INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return {".inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}.get(text.lower(), text)


def _malformed(error: yaml.MarkedYAMLError, text: str) -> Unreadable:
    mark = error.problem_mark or error.context_mark
    # The end of the text counts as a line of its own.
    line = min(mark.line, text.rstrip().count("\n")) + 1 if mark else 1
    begun = error.context_mark.line + 1 if error.context_mark else line
    context = f" {error.context} that begins in line {begun}" if begun != line else ""
    return Unreadable(line, f"not YAML: {error.problem or error.context}{context}")


def _from_json(text: str) -> str:
    """Return JSON text as YAML that means the same.

    YAML knows no tabs for white space, and no character in two escapes.
    """
    return _ESCAPE.sub(_one_escape, text.replace("\t", " "))


def _one_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    character = bytes.fromhex(match[1] + match[2]).decode("utf-16-be")
    return f"\\U{ord(character):08X}"


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
